/* images.h - images with the channels last, [N, H, W, C] in memory, a row of the result a block: its threads go through
 * the pixels of the row, each with one channel or with the vectors of several. */
#ifndef VITRO_BACKENDS_CUDA_IMAGE_IMAGES_H
#define VITRO_BACKENDS_CUDA_IMAGE_IMAGES_H

#include "backends/cuda/element/vector.h"

/* x [images, from[0], from[1], channels] -> y [images, to[0], to[1], channels]; a thread has `width` channels. An
 * argument of kernels. */
struct image_rows {
    int from[2], to[2], channels, width;
    int64_t images;
};

/* Channels that a thread handles at once where memory lies for it. */
enum { CHANNELS_AT_ONCE = 4 };

/* `index` goes along with y, or with x, where there is one. */
static image_rows image_rows_of(const array &x, const array &y, const array *index = NULL)
{
    image_rows r = {};
    for (int i = 0; i < 2; i++) {
        r.from[i] = (int)x.shape.dim[2 + i];
        r.to[i] = (int)y.shape.dim[2 + i];
    }
    r.images = y.shape.dim[0];
    r.channels = (int)y.shape.dim[1];
    bool fits = is_aligned(&x, CHANNELS_AT_ONCE) && is_aligned(&y, CHANNELS_AT_ONCE) &&
                (!index || is_aligned(index, CHANNELS_AT_ONCE));
    r.width = fits && r.channels % CHANNELS_AT_ONCE == 0 ? CHANNELS_AT_ONCE : 1;
    return r;
}

static unsigned row_blocks(const image_rows &r)
{
    return (unsigned)(r.images * r.to[0]);
}

static unsigned row_threads(const image_rows &r)
{
    int64_t items = (int64_t)r.to[1] * r.channels / r.width, warps = (items + WARP - 1) / WARP;
    return (unsigned)(warps < BLOCK / WARP ? warps : BLOCK / WARP) * WARP;
}

/* Where a thread is: a pixel of the result, and the first of its channels. */
struct image_place {
    int64_t image;
    int line, column, channel;
};

/* Item `number` of this block's row. */
template <int N> static __device__ inline image_place place_of(const image_rows &r, unsigned number)
{
    unsigned groups = (unsigned)r.channels / N, column = number / groups;
    unsigned image = blockIdx.x / (unsigned)r.to[0];
    return { image, (int)(blockIdx.x - image * (unsigned)r.to[0]), (int)column, (int)(number - column * groups) * N };
}

static __device__ inline unsigned row_items(const image_rows &r, int width)
{
    return (unsigned)(r.to[1] * (r.channels / width));
}

/* Where a channel of a pixel lies, of an image of the given size. */
static __device__ inline int64_t pixel_offset(const image_rows &r, const int (&size)[2], const image_place &p, int line,
                                              int column)
{
    return ((p.image * size[0] + line) * size[1] + column) * r.channels + p.channel;
}

#endif
