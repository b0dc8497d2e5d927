/* sample.c - one picture as a loader gives it: read, cut to size and augmented. */
#include "data/sample.h"
#include "core/base/error.h"
#include "data/dataset.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool sample_memory_new(sample_memory *memory, size_t bytes)
{
    memory->pixels = malloc(bytes);
    memory->spare = malloc(bytes);
    return memory->pixels && memory->spare;
}

void sample_memory_free(sample_memory *memory)
{
    free(memory->pixels);
    free(memory->spare);
}

/* ---- to size ---- */

/* a b / c, rounded, and 1 at least. */
static int64_t in_proportion(int64_t a, int64_t b, int64_t c)
{
    const int64_t x = (2 * a * b + c) / (2 * c);
    return x < 1 ? 1 : x;
}

/* The largest window of the shape [height, width] in the middle of a picture. */
static window middle_of(const vt_picture *p, int64_t height, int64_t width)
{
    const bool wide = p->width * height > p->height * width;
    window w = { 0, 0, p->height, p->width };
    if (wide)
        w.width = in_proportion(p->height, width, height);
    else
        w.height = in_proportion(p->width, height, width);
    w.top = (p->height - w.height) / 2;
    w.left = (p->width - w.width) / 2;
    return w;
}

static void to_planes(const vt_picture *picture, int channels, uint8_t *planes)
{
    const int64_t pixels = picture->height * picture->width;
    for (int c = 0; c < channels; c++)
        for (int64_t i = 0; i < pixels; i++) *planes++ = picture->pixels[3 * i + c];
}

/* A window of a picture, resized to what the dataset says. */
static bool cut(const vt_picture *from, const window *w, const vt_dataset *d, uint8_t *planes)
{
    const vt_site nowhere = { 0 };
    vt_picture part, resized;
    if (!vt_picture_crop_at(nowhere, from, w->top, w->left, w->height, w->width, &part)) return false;
    const bool done = vt_picture_resize_at(nowhere, &part, d->height, d->width, VT_FILTER_BICUBIC, &resized);
    if (done) to_planes(&resized, d->channels, planes);
    vt_picture_free(&resized);
    vt_picture_free(&part);
    return done;
}

/* ---- whole pictures ---- */

/* A reader of the program's own may forget to say why. */
static bool read_whole(const vt_dataset *d, int64_t i, vt_picture *picture)
{
    if (d->read(d->user, i, picture) && !vt_failed() && picture->pixels) return true;
    return raise_error(VT_ERROR_FILE, (vt_site){ 0 }, "loader: picture %" PRId64 " of the dataset was not read", i);
}

/* One of those in memory; grey ones have three equal channels. */
static bool copy_whole(const vt_dataset *d, int64_t i, vt_picture *picture)
{
    const int64_t plane = (int64_t)d->height * d->width;
    const uint8_t *planes = d->images + i * d->channels * plane;
    *picture = (vt_picture){ d->height, d->width, malloc((size_t)(3 * plane)) };
    if (!picture->pixels) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "loader: no memory for a picture");
    for (int64_t k = 0; k < plane; k++)
        for (int c = 0; c < 3; c++) picture->pixels[3 * k + c] = planes[c % d->channels * plane + k];
    return true;
}

static draws draws_of(const sample_recipe *how, sample which)
{
    const int64_t place = which.number * how->repeats + which.repetition;
    return (draws){ .seed = how->seed, .epoch = which.epoch, .picture = place };
}

/* A window of the whole picture, to size: that which augmentation draws, or else the middle. */
static bool make_from_whole(const sample_recipe *how, sample which, draws *d, uint8_t *planes)
{
    const vt_dataset *set = how->dataset;
    vt_picture picture = { 0 };
    window w;
    bool done = set->images ? copy_whole(set, which.number, &picture) : read_whole(set, which.number, &picture);
    if (done) {
        if (!augmentation_window(&how->augmentation, picture.height, picture.width, d, &w))
            w = middle_of(&picture, set->height, set->width);
        done = cut(&picture, &w, set, planes);
    }
    vt_picture_free(&picture);
    return done;
}

/* ---- samples ---- */

const uint8_t *sample_make(const sample_recipe *how, sample which, sample_memory *memory)
{
    const vt_dataset *set = how->dataset;
    const uint8_t *here = set->images ? set->images + (size_t)which.number * image_size(set) : NULL;
    if (here && how->augmentation.count == 0) return here;
    draws d = draws_of(how, which);
    if (here && !augmentation_has_window(&how->augmentation))
        memcpy(memory->pixels, here, image_size(set));
    else if (!make_from_whole(how, which, &d, memory->pixels))
        return NULL;
    image x = { set->channels, set->height, set->width, memory->pixels, memory->spare };
    augmentation_apply(&how->augmentation, &x, &d);
    return x.pixels;
}

moved sample_moved(const sample_recipe *how, sample which)
{
    const draws d = draws_of(how, which);
    return augmentation_moved(&how->augmentation, &d);
}

bool vt_dataset_image_at(vt_site at, const vt_dataset *d, int64_t i, uint8_t *out)
{
    if (vt_failed()) return false;
    if (!d || !out) return raise_error(VT_ERROR_ARGUMENT, at, "dataset_image: %s is NULL", d ? "image" : "dataset");
    if (!dataset_is_whole(at, "dataset_image", d)) return false;
    if (i < 0 || i >= d->count)
        return raise_error(VT_ERROR_ARGUMENT, at,
                           "dataset_image: there is no picture %" PRId64 "; the dataset has 0 to %" PRId64, i,
                           d->count - 1);
    if (d->images) {
        memcpy(out, d->images + (size_t)i * image_size(d), image_size(d));
        return true;
    }
    const sample_recipe plain = { .dataset = d, .repeats = 1 };
    return make_from_whole(&plain, (sample){ 0, i, 0 }, NULL, out);
}
