/* pooling.c - reference kernels of max pooling. */
#include "backends/reference/reference.h"
#include "ops/pooling.h"
#include <math.h>

/* The number, in a plane of x, of the largest element in the window of output (i, j); a NaN is the largest. */
static int64_t largest(const max_pool2d_attributes *a, const double *plane, int64_t height, int64_t width, int64_t i,
                       int64_t j)
{
    int64_t best = -1;
    for (int64_t ky = 0; ky < a->kernel[0]; ky++) {
        for (int64_t kx = 0; kx < a->kernel[1]; kx++) {
            int64_t row = i * a->stride[0] - a->padding[0] + ky * a->dilation[0];
            int64_t column = j * a->stride[1] - a->padding[1] + kx * a->dilation[1];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            double x = plane[row * width + column];
            if (best < 0 || x > plane[best] || isnan(x)) best = row * width + column;
        }
    }
    return best;
}

void reference_max_pool2d(const reference_call *c)
{
    vt_shape x = c->in_shape[0], y = c->out_shape[MAX_POOL2D_Y];
    int64_t planes = y.dim[0] * y.dim[1], area = y.dim[2] * y.dim[3], size = x.dim[2] * x.dim[3];
    for (int64_t k = 0; k < planes * area; k++) {
        const double *plane = c->in[0] + k / area * size;
        int64_t i = k % area / y.dim[3], j = k % y.dim[3];
        int64_t best = largest(c->attributes, plane, x.dim[2], x.dim[3], i, j);
        if (c->out[MAX_POOL2D_Y]) c->out[MAX_POOL2D_Y][k] = plane[best];
        if (c->whole_out[MAX_POOL2D_INDEX]) c->whole_out[MAX_POOL2D_INDEX][k] = best;
    }
}

void reference_max_pool2d_gradient(const reference_call *c)
{
    int64_t area = extent_product(c->in_shape[0], 2, 4), size = extent_product(c->out_shape[0], 2, 4);
    for (int64_t k = 0; k < vt_shape_count(c->in_shape[0]); k++)
        c->out[0][k / area * size + c->whole_in[1][k]] += c->in[0][k];
}

void reference_max_pool2d_choose(const reference_call *c)
{
    int64_t area = extent_product(c->out_shape[0], 2, 4), size = extent_product(c->in_shape[0], 2, 4);
    for (int64_t k = 0; k < vt_shape_count(c->out_shape[0]); k++)
        c->out[0][k] = c->in[0][k / area * size + c->whole_in[1][k]];
}
