/* convolution.c - reference kernels of convolutions: every product of an element of x, of weight and of y, once. */
#include "backends/reference/reference.h"
#include "ops/convolution.h"

/* Calls visit(x, weight, y), with the numbers of the three elements, for every product in the convolution. */
typedef void visit(const reference_call *c, int64_t x, int64_t weight, int64_t y);

static int64_t number(vt_shape s, int64_t i, int64_t j, int64_t k, int64_t l)
{
    return ((i * s.dim[1] + j) * s.dim[2] + k) * s.dim[3] + l;
}

static void visit_window(const reference_call *c, vt_shape x, vt_shape w, vt_shape y, const int64_t at[4], visit *f)
{
    const conv2d_attributes *a = c->attributes;
    int64_t n = at[0], o = at[1], group = o / (w.dim[0] / a->groups);
    for (int64_t i = 0; i < w.dim[1]; i++) {
        for (int64_t ky = 0; ky < w.dim[2]; ky++) {
            for (int64_t kx = 0; kx < w.dim[3]; kx++) {
                int64_t row = at[2] * a->stride[0] - a->padding[0] + ky * a->dilation[0];
                int64_t column = at[3] * a->stride[1] - a->padding[1] + kx * a->dilation[1];
                if (row < 0 || row >= x.dim[2] || column < 0 || column >= x.dim[3]) continue;
                f(c, number(x, n, group * w.dim[1] + i, row, column), number(w, o, i, ky, kx),
                  number(y, n, o, at[2], at[3]));
            }
        }
    }
}

static void visit_all(const reference_call *c, vt_shape x, vt_shape w, vt_shape y, visit *f)
{
    for (int64_t n = 0; n < y.dim[0]; n++)
        for (int64_t o = 0; o < y.dim[1]; o++)
            for (int64_t row = 0; row < y.dim[2]; row++)
                for (int64_t column = 0; column < y.dim[3]; column++)
                    visit_window(c, x, w, y, (int64_t[4]){ n, o, row, column }, f);
}

static void add_to_y(const reference_call *c, int64_t x, int64_t weight, int64_t y)
{
    c->out[0][y] += c->in[CONV2D_X][x] * c->in[CONV2D_WEIGHT][weight];
}

static void add_to_x(const reference_call *c, int64_t x, int64_t weight, int64_t y)
{
    c->out[0][x] += c->in[INPUT_GRADIENT_G][y] * c->in[INPUT_GRADIENT_WEIGHT][weight];
}

static void add_to_weight(const reference_call *c, int64_t x, int64_t weight, int64_t y)
{
    c->out[0][weight] += c->in[WEIGHT_GRADIENT_G][y] * c->in[WEIGHT_GRADIENT_X][x];
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
