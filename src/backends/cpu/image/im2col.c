/* im2col.c - convolutions as matrix products. A row of the matrix of windows is what an output pixel sees, kernel
 * position by kernel position, with the channels inside as they lie in memory. */
#include "core/base/bf16.h"
#include "backends/cpu/image/convolution.h"
#include "backends/cpu/product/gemm.h"
#include "backends/cpu/vector/integers.h"
#include <string.h>

/* Extents per group, and how many images are gathered at a time. */
typedef struct windows {
    int64_t channels, outputs; /* of a group */
    int64_t taps, columns;     /* kernel positions; columns of the matrix of windows */
    int64_t run;               /* kernel positions that see pixels side by side in memory */
    int64_t area;              /* output pixels of an image: rows of the matrix */
    int64_t images;
    bool are_x;    /* a kernel of one element that goes over the whole image: x is its own matrix of windows */
    bool copies_y; /* the product reads or writes a copy of y that has the groups apart */
    bool are_bf16, weight_is_bf16; /* the product reads them in bf16 */
} windows;

static bool is_pointwise(const convolution *p)
{
    for (int i = 0; i < 2; i++)
        if (p->kernel[i] != 1 || p->stride[i] != 1 || p->output[i] != p->size[i] || p->padding[i] != 0) return false;
    return true;
}

static int64_t limit(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* Few enough images for their windows to stay in some megabytes, and in the caches if they can, yet enough for every
 * thread. To a gradient of weights each block adds, which costs as much as some of its windows. */
static int64_t images_at_once(const convolution *p, const windows *w, enum convolution_pass pass)
{
    int64_t one = p->groups * w->columns * w->area, weight = p->outputs * w->columns;
    int64_t room = pass == CONVOLUTION_WEIGHT_GRADIENT ? most(1 << 20, 4 * weight) : 1 << 20, many = room / one;
    if (w->are_x || many > p->batch) return p->batch;
    return many > 1 ? many : 1;
}

static windows windows_of(const convolution *p, enum convolution_pass pass)
{
    bool in_bf16 = p->x_bf16 && p->y_bf16 && p->groups == 1 && gemm_bf16_unit() != GEMM_VECTORS;
    windows w = { .channels = p->channels / p->groups,
                  .outputs = p->outputs / p->groups,
                  .taps = p->kernel[0] * p->kernel[1],
                  .run = p->groups == 1 && p->dilation[1] == 1 ? p->kernel[1] : 1,
                  .area = p->output[0] * p->output[1],
                  .are_x = is_pointwise(p) && p->groups == 1,
                  .copies_y = p->groups > 1,
                  .are_bf16 = in_bf16 && pass != CONVOLUTION_INPUT_GRADIENT,
                  .weight_is_bf16 = in_bf16 && pass != CONVOLUTION_WEIGHT_GRADIENT };
    if (w.are_x) w.are_bf16 = p->x_bf16;
    w.columns = w.taps * w.channels;
    w.images = images_at_once(p, &w, pass);
    return w;
}

/* The products of one pass over so many rows, a group at a time: the matrix of windows is [groups, rows, columns],
 * weight [groups, outputs, columns], y [rows, outputs], a copy of it [groups, rows, outputs]. The gradient of weights
 * may be added to that of images before. */
static gemm_problem product_of(const convolution *p, const windows *w, enum convolution_pass pass, int64_t rows,
                               bool add)
{
    int64_t columns = w->columns, outputs = w->outputs;
    int64_t window_batch = rows * columns, weight_batch = outputs * columns, y_batch = rows * outputs;
    gemm_problem product = { .batch_rank = 1, .batch = { p->groups } };
    if (pass == CONVOLUTION_WEIGHT_GRADIENT && add) product.epilogue = GEMM_ADD;
    int64_t matrix_dtype = w->are_bf16 ? VT_BF16 : VT_DTYPE_DEFAULT;
    int64_t weight_dtype = w->weight_is_bf16 ? VT_BF16 : VT_DTYPE_DEFAULT;
    int64_t y_dtype = !w->copies_y && p->y_bf16 ? VT_BF16 : VT_DTYPE_DEFAULT;
    product.a_dtype = pass == CONVOLUTION_FORWARD ? matrix_dtype : y_dtype;
    product.b_dtype = pass == CONVOLUTION_WEIGHT_GRADIENT ? matrix_dtype : weight_dtype;
    product.y_dtype = pass == CONVOLUTION_FORWARD          ? y_dtype
                      : pass == CONVOLUTION_INPUT_GRADIENT ? matrix_dtype
                                                           : VT_DTYPE_DEFAULT;
    product.m = pass == CONVOLUTION_WEIGHT_GRADIENT ? outputs : rows;
    product.n = pass == CONVOLUTION_FORWARD ? outputs : columns;
    product.k = pass == CONVOLUTION_FORWARD ? columns : pass == CONVOLUTION_INPUT_GRADIENT ? outputs : rows;
    product.a_row = pass == CONVOLUTION_FORWARD ? columns : pass == CONVOLUTION_INPUT_GRADIENT ? outputs : 1;
    product.a_column = pass == CONVOLUTION_WEIGHT_GRADIENT ? outputs : 1;
    product.b_row = pass == CONVOLUTION_FORWARD ? 1 : columns;
    product.b_column = pass == CONVOLUTION_FORWARD ? columns : 1;
    product.a_batch[0] = pass == CONVOLUTION_FORWARD ? window_batch : y_batch;
    product.b_batch[0] = pass == CONVOLUTION_WEIGHT_GRADIENT ? window_batch : weight_batch;
    return product;
}

/* The parts of the working memory, in elements. */
typedef struct sizes {
    int64_t windows, weight, x, y;
} sizes;

static int64_t room_for(int64_t x, bool bf16)
{
    enum { LINE = 16 }; /* so that each part begins at a line of the caches */
    return divide_up(bf16 ? divide_up(x, 2) : x, LINE) * LINE;
}

static sizes sizes_of(const convolution *p, const windows *w, enum convolution_pass pass)
{
    bool copies_x = pass == CONVOLUTION_INPUT_GRADIENT && p->x_bf16 && !w->are_x;
    return (sizes){ .windows = w->are_x ? 0 : room_for(p->groups * w->images * w->area * w->columns, w->are_bf16),
                    .weight = room_for(p->outputs * w->columns, w->weight_is_bf16),
                    .x = copies_x ? room_for(w->images * p->size[0] * p->size[1] * p->channels, false) : 0,
                    .y = w->copies_y ? room_for(w->images * w->area * p->outputs, false) : 0 };
}

#define TEMPLATE "backends/cpu/image/im2col_template.h"
#include "backends/cpu/vector/each_float.h"
