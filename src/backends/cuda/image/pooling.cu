/* pooling.cu - max pooling, its gradient, and the choice of elements by their numbers in the plane. */
#include "backends/cuda/image/images.h"
#include "backends/cuda/kernels.h"

extern "C" {
#include "ops/pooling.h"
}

/* Along each axis. An argument of kernels. */
struct windows {
    int kernel[2], stride[2], padding[2], dilation[2]; /* `kernel` from the first to the last element */
};

template <class Attributes> static windows windows_of(const Attributes *a)
{
    windows w = {};
    for (int i = 0; i < 2; i++) {
        w.kernel[i] = (int)a->kernel[i];
        w.stride[i] = (int)a->stride[i];
        w.padding[i] = (int)a->padding[i];
        w.dilation[i] = 1;
    }
    return w;
}

static windows dilated_windows(const max_pool2d_attributes *a)
{
    windows w = windows_of(a);
    for (int i = 0; i < 2; i++) {
        w.dilation[i] = (int)a->dilation[i];
        w.kernel[i] = (int)((a->kernel[i] - 1) * a->dilation[i] + 1);
    }
    return w;
}

/* -- Maximum: the first of equal elements; NaN before any number --------------------------------------------------- */

/* The first element of a window from `begin` on that lies inside the image. */
static __device__ inline int first_inside(int begin, int dilation)
{
    return begin < 0 ? begin + (-begin + dilation - 1) / dilation * dilation : begin;
}

/* x [images, from, channels] -> y and index [images, to, channels] */
template <int N> static __global__ void pool(image_rows r, windows w, const float *x, float *y, int64_t *index)
{
    for (unsigned i = threadIdx.x; i < row_items(r, N); i += blockDim.x) {
        image_place p = place_of<N>(r, i);
        int top = p.line * w.stride[0] - w.padding[0], left = p.column * w.stride[1] - w.padding[1];
        int first_line = first_inside(top, w.dilation[0]), last_line = min(top + w.kernel[0], r.from[0]);
        int first_column = first_inside(left, w.dilation[1]), last_column = min(left + w.kernel[1], r.from[1]);
        vector<float, N> best;
        vector<int64_t, N> where;
#pragma unroll
        for (int c = 0; c < N; c++) {
            best.at[c] = -INFINITY;
            where.at[c] = (int64_t)first_line * r.from[1] + first_column;
        }
        for (int line = first_line; line < last_line; line += w.dilation[0])
            for (int column = first_column; column < last_column; column += w.dilation[1]) {
                vector<float, N> v = load<N>(x + pixel_offset(r, r.from, p, line, column));
#pragma unroll
                for (int c = 0; c < N; c++) {
                    if (!(v.at[c] > best.at[c] || v.at[c] != v.at[c])) continue;
                    best.at[c] = v.at[c];
                    where.at[c] = (int64_t)line * r.from[1] + column;
                }
            }
        int64_t to = pixel_offset(r, r.to, p, p.line, p.column);
        store(y + to, best);
        store(index + to, where);
    }
}

/* -- Gradient: each element of x adds up what the windows that it lies in have from it ----------------------------- */

struct span {
    int first, last;
};

/* The windows, of `count`, that an element may lie in: all of them where it is not known how they lie. */
static __device__ inline span windows_over(const windows &w, int axis, int place, int count)
{
    if (w.kernel[axis] == 0) return { 0, count };
    int shifted = place + w.padding[axis], before = shifted - w.kernel[axis];
    return { before < 0 ? 0 : before / w.stride[axis] + 1, min(shifted / w.stride[axis] + 1, count) };
}

/* g and index [images, from, channels] -> dx [images, to, channels] */
template <int N>
static __global__ void put_back(image_rows r, windows w, const float *g, const int64_t *index, float *dx)
{
    for (unsigned i = threadIdx.x; i < row_items(r, N); i += blockDim.x) {
        image_place p = place_of<N>(r, i);
        int64_t number = (int64_t)p.line * r.to[1] + p.column;
        span lines = windows_over(w, 0, p.line, r.from[0]), columns = windows_over(w, 1, p.column, r.from[1]);
        vector<float, N> sum = {};
        for (int line = lines.first; line < lines.last; line++)
            for (int column = columns.first; column < columns.last; column++) {
                int64_t at = pixel_offset(r, r.from, p, line, column);
                vector<int64_t, N> where = load<N>(index + at);
                vector<float, N> v = load<N>(g + at);
#pragma unroll
                for (int c = 0; c < N; c++) sum.at[c] += where.at[c] == number ? v.at[c] : 0;
            }
        store(dx + pixel_offset(r, r.to, p, p.line, p.column), sum);
    }
}

/* -- Choice -------------------------------------------------------------------------------------------------------- */

/* x [images, from, channels], index [images, to, channels] -> y as index */
static __global__ void choose(image_rows r, const float *x, const int64_t *index, float *y)
{
    for (unsigned i = threadIdx.x; i < row_items(r, 1); i += blockDim.x) {
        image_place p = place_of<1>(r, i);
        int64_t to = pixel_offset(r, r.to, p, p.line, p.column);
        y[to] = x[(p.image * r.from[0] * r.from[1] + index[to]) * r.channels + p.channel];
    }
}

/* -- The kernels --------------------------------------------------------------------------------------------------- */

static bool takes(const kernel_call *call)
{
    return call->in[0].dtype == VT_F32;
}

static bool is_empty(const array &y)
{
    return vt_shape_count(y.shape) == 0;
}

static bool run_max_pool2d(const kernel_call *call)
{
    const max_pool2d_attributes *a = (const max_pool2d_attributes *)call->attributes;
    const array &x = call->in[0], &y = call->out[MAX_POOL2D_Y], &index = call->out[MAX_POOL2D_INDEX];
    if (is_empty(y)) return true;
    image_rows r = image_rows_of(x, y, &index);
    windows w = dilated_windows(a);
    auto function = r.width == 1 ? pool<1> : pool<CHANNELS_AT_ONCE>;
    LAUNCH(function, row_blocks(r), row_threads(r), 0, compute_stream(), r, w, (const float *)x.data, (float *)y.data,
           (int64_t *)index.data);
    return launched(call);
}

static bool run_max_pool2d_gradient(const kernel_call *call)
{
    const max_pool2d_gradient_attributes *a = (const max_pool2d_gradient_attributes *)call->attributes;
    const array &g = call->in[0], &index = call->in[1], &dx = call->out[0];
    if (is_empty(dx)) return true;
    image_rows r = image_rows_of(g, dx, &index);
    windows w = windows_of(a);
    auto function = r.width == 1 ? put_back<1> : put_back<CHANNELS_AT_ONCE>;
    LAUNCH(function, row_blocks(r), row_threads(r), 0, compute_stream(), r, w, (const float *)g.data,
           (const int64_t *)index.data, (float *)dx.data);
    return launched(call);
}

static bool run_max_pool2d_choose(const kernel_call *call)
{
    const array &x = call->in[0], &index = call->in[1], &y = call->out[0];
    if (is_empty(y)) return true;
    image_rows r = image_rows_of(x, y);
    r.width = 1;
    LAUNCH(choose, row_blocks(r), row_threads(r), 0, compute_stream(), r, (const float *)x.data,
           (const int64_t *)index.data, (float *)y.data);
    return launched(call);
}

#define POOLING(name, in, out)                                                                                         \
    {                                                                                                                  \
        &op_##name,                                                                                                    \
        {                                                                                                              \
            .run = run_##name, .supports = takes, .channels_last_in = in, .channels_last_out = out                     \
        }                                                                                                              \
    }
extern "C" const kernel_row cuda_pooling_kernels[] = {
    POOLING(max_pool2d, 1, 3),
    POOLING(max_pool2d_gradient, 3, 1),
    POOLING(max_pool2d_choose, 3, 1),
    {},
};
