/* resident.c - batches of pictures that lie on the device, in the library's own ops. */
#include "core/tensor/persist.h"
#include "data/resident.h"
#include "core/context.h"
#include <vitro/create.h>
#include <vitro/elementwise.h>
#include <vitro/index.h>
#include <vitro/shape.h>
#include <vitro/tensor.h>

bool resident_open(vt_site at, resident *r, const vt_dataset *d, const float *mean, const float *std)
{
    *r = (resident){ d->channels, d->height, d->width, .images = { 0 } };
    r->images = data_persist(d->images, VT_SHAPE(d->count, d->channels, (int64_t)d->height * d->width), VT_U8);
    r->labels = data_persist(d->labels, VT_SHAPE(d->count), VT_I64);
    return normalization_open(at, &r->normalization, d->channels, mean, std);
}

void resident_close(resident *r)
{
    vt_free(r->images);
    vt_free(r->labels);
    normalization_close(&r->normalization);
}

/* [count, 1, 1]: a number for each picture. */
static vt_tensor of_pictures(const int64_t *numbers, int64_t count)
{
    return vt_from_data(numbers, VT_SHAPE(count, 1, 1), VT_I64);
}

static vt_tensor integer(int64_t number)
{
    return vt_scalar((double)number, .dtype = VT_I64);
}

/* Whether 0 <= x < extent. */
static vt_tensor is_within(vt_tensor x, int64_t extent)
{
    return vt_logical_and(vt_greater_equal(x, integer(0)), vt_less(x, integer(extent)));
}

/* x [count, channels, height * width], of which pixel (i, j) becomes (i + top, j + left), with j counted from the right
 * where the picture is flipped, and black where that is none. */
static vt_tensor crop_and_flip(const resident *r, const picks *p, vt_tensor x)
{
    int64_t height = r->height, width = r->width;
    vt_tensor i = vt_reshape(vt_arange(0, (double)height, .dtype = VT_I64), VT_SHAPE(height, 1));
    vt_tensor j = vt_arange(0, (double)width, .dtype = VT_I64);
    vt_tensor to_mirror = vt_sub(integer(width - 1), vt_mul(integer(2), j));
    vt_tensor mirrored = vt_add(j, vt_mul(of_pictures(p->flipped, p->count), to_mirror));
    vt_tensor row = vt_add(i, of_pictures(p->top, p->count));
    vt_tensor column = vt_add(mirrored, of_pictures(p->left, p->count));
    vt_tensor inside = vt_logical_and(is_within(row, height), is_within(column, width));
    vt_tensor pixel = vt_where(inside, vt_add(vt_mul(row, integer(width)), column), integer(0));
    vt_shape plane = VT_SHAPE(p->count, 1, height * width), all = VT_SHAPE(p->count, r->channels, height * width);
    vt_tensor moved = vt_gather(x, 2, vt_expand(vt_reshape(pixel, plane), all));
    return vt_where(vt_reshape(inside, plane), moved, vt_scalar(0, .dtype = VT_U8));
}

void resident_batch(const resident *r, const picks *p, vt_tensor *images, vt_tensor *labels)
{
    vt_tensor sample = vt_from_data(p->sample, VT_SHAPE(p->count), VT_I64);
    vt_tensor x = vt_index_select(r->images, 0, sample);
    if (p->top) x = crop_and_flip(r, p, x);
    *images = vt_reshape(normalize(&r->normalization, x), VT_SHAPE(p->count, r->channels, r->height, r->width));
    *labels = vt_index_select(r->labels, 0, sample);
}
