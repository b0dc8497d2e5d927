/* convolution.c - reference kernels of convolutions: every product of an element of x, of weight and of y, once. */
#include "backends/reference/reference.h"
#include "ops/convolution.h"

/* Products of one weight with elements of a row of x, `stride` apart, each of which counts for one of a row of y. */
typedef struct products {
    int64_t x, weight, y; /* the numbers of the first elements */
    int64_t stride, count;
} products;

/* Called for every product in the convolution, once, for those of a row together. */
typedef void visit(const reference_call *c, products p);

static int64_t number(vt_shape s, int64_t i, int64_t j, int64_t k, int64_t l)
{
    return ((i * s.dim[1] + j) * s.dim[2] + k) * s.dim[3] + l;
}

/* The first column of y whose window's column `kx` is not left of column `least` of x. */
static int64_t first_column(const conv2d_attributes *a, int64_t kx, int64_t least)
{
    int64_t distance = least + a->padding[1] - kx * a->dilation[1];
    return distance > 0 ? (distance + a->stride[1] - 1) / a->stride[1] : 0;
}

/* Between a row of y, at its first column, and row ky of its windows, in the channel i of their group. */
static void visit_row(const reference_call *c, vt_shape x, vt_shape w, vt_shape y, const int64_t at[3], int64_t i,
                      int64_t ky, visit *f)
{
    const conv2d_attributes *a = c->attributes;
    int64_t n = at[0], o = at[1], group = o / (w.dim[0] / a->groups);
    int64_t row = at[2] * a->stride[0] - a->padding[0] + ky * a->dilation[0];
    if (row < 0 || row >= x.dim[2]) return;
    for (int64_t kx = 0; kx < w.dim[3]; kx++) {
        int64_t first = first_column(a, kx, 0), end = first_column(a, kx, x.dim[3]);
        int64_t column = first * a->stride[1] - a->padding[1] + kx * a->dilation[1];
        if (end > y.dim[3]) end = y.dim[3];
        if (first >= end) continue;
        f(c, (products){ .x = number(x, n, group * w.dim[1] + i, row, column),
                         .weight = number(w, o, i, ky, kx),
                         .y = number(y, n, o, at[2], first),
                         .stride = a->stride[1],
                         .count = end - first });
    }
}

static void visit_all(const reference_call *c, vt_shape x, vt_shape w, vt_shape y, visit *f)
{
    for (int64_t n = 0; n < y.dim[0]; n++)
        for (int64_t o = 0; o < y.dim[1]; o++)
            for (int64_t row = 0; row < y.dim[2]; row++)
                for (int64_t i = 0; i < w.dim[1]; i++)
                    for (int64_t ky = 0; ky < w.dim[2]; ky++)
                        visit_row(c, x, w, y, (int64_t[3]){ n, o, row }, i, ky, f);
}

static void add_to_y(const reference_call *c, products p)
{
    const double *x = c->in[CONV2D_X] + p.x, weight = c->in[CONV2D_WEIGHT][p.weight];
    for (int64_t i = 0; i < p.count; i++) c->out[0][p.y + i] += x[i * p.stride] * weight;
}

static void add_to_x(const reference_call *c, products p)
{
    const double *g = c->in[INPUT_GRADIENT_G] + p.y, weight = c->in[INPUT_GRADIENT_WEIGHT][p.weight];
    for (int64_t i = 0; i < p.count; i++) c->out[0][p.x + i * p.stride] += g[i] * weight;
}

static void add_to_weight(const reference_call *c, products p)
{
    const double *g = c->in[WEIGHT_GRADIENT_G] + p.y, *x = c->in[WEIGHT_GRADIENT_X] + p.x;
    for (int64_t i = 0; i < p.count; i++) c->out[0][p.weight] += g[i] * x[i * p.stride];
}

void reference_conv2d(const reference_call *c)
{
    vt_shape y = c->out_shape[0];
    int64_t area = y.dim[2] * y.dim[3], count = vt_shape_count(y);
    for (int64_t i = 0; c->inputs > CONV2D_BIAS && c->in[CONV2D_BIAS] && i < count; i++)
        c->out[0][i] = c->in[CONV2D_BIAS][i / area % y.dim[1]];
    visit_all(c, c->in_shape[CONV2D_X], c->in_shape[CONV2D_WEIGHT], y, add_to_y);
}

void reference_conv2d_input_gradient(const reference_call *c)
{
    visit_all(c, c->out_shape[0], c->in_shape[INPUT_GRADIENT_WEIGHT], c->in_shape[INPUT_GRADIENT_G], add_to_x);
}

void reference_conv2d_weight_gradient(const reference_call *c)
{
    visit_all(c, c->in_shape[WEIGHT_GRADIENT_X], c->out_shape[0], c->in_shape[WEIGHT_GRADIENT_G], add_to_weight);
}
