/* sample.c - one picture as a loader gives it: read, cut to size and augmented. */
#include "data/sample.h"
#include "data/dataset.h"
#include "data/random.h"
#include "core/base/error.h"

#include <vitro/error.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CROP_PADDING = 4 };

bool sample_memory_new(sample_memory *memory, size_t bytes)
{
    memory->planes = malloc(bytes);
    memory->augmented = malloc(bytes);
    return memory->planes && memory->augmented;
}

void sample_memory_free(sample_memory *memory)
{
    free(memory->planes);
    free(memory->augmented);
}

/* ---- to size ---- */

/* a b / c, rounded, and 1 at least. */
static int64_t in_proportion(int64_t a, int64_t b, int64_t c)
{
    const int64_t x = (2 * a * b + c) / (2 * c);
    return x < 1 ? 1 : x;
}

bool sample_fit(const vt_picture *from, int64_t height, int64_t width, vt_picture *to)
{
    const bool wide = from->width * height > from->height * width;
    const int64_t window_height = wide ? from->height : in_proportion(from->width, height, width);
    const int64_t window_width = wide ? in_proportion(from->height, width, height) : from->width;
    vt_picture window;
    *to = (vt_picture){ 0 };
    if (!vt_picture_crop_at((vt_site){ 0 }, from, (from->height - window_height) / 2, (from->width - window_width) / 2,
                            window_height, window_width, &window))
        return false;
    const bool done = vt_picture_resize_at((vt_site){ 0 }, &window, height, width, VT_FILTER_BICUBIC, to);
    vt_picture_free(&window);
    return done;
}

static void to_planes(const vt_picture *picture, uint8_t *planes)
{
    const int64_t pixels = picture->height * picture->width;
    for (int c = 0; c < 3; c++)
        for (int64_t i = 0; i < pixels; i++) *planes++ = picture->pixels[3 * i + c];
}

/* A reader of the program's own may forget to say why. */
static bool read_whole(const vt_dataset *d, int64_t i, vt_picture *picture)
{
    *picture = (vt_picture){ 0 };
    if (d->read(d->user, i, picture) && !vt_failed() && picture->pixels) return true;
    vt_picture_free(picture);
    return raise_error(VT_ERROR_FILE, (vt_site){ 0 }, "loader: picture %" PRId64 " of the dataset was not read", i);
}

static const uint8_t *read_image(const vt_dataset *d, int64_t i, uint8_t *planes)
{
    vt_picture picture, fitted;
    if (!read_whole(d, i, &picture)) return NULL;
    const bool done = sample_fit(&picture, d->height, d->width, &fitted);
    if (done) to_planes(&fitted, planes);
    vt_picture_free(&fitted);
    vt_picture_free(&picture);
    return done ? planes : NULL;
}

/* ---- augmented ---- */

moved sample_moved(const sample_recipe *how, int64_t epoch, int64_t i)
{
    uint32_t word[4];
    philox_block(how->seed, random_stream(RANDOM_AUGMENT, epoch), (uint64_t)i, word);
    return (moved){ random_below(word[0], 2 * CROP_PADDING + 1) - CROP_PADDING,
                    random_below(word[1], 2 * CROP_PADDING + 1) - CROP_PADDING, random_below(word[2], 2) };
}

const uint8_t *sample_make(const sample_recipe *how, int64_t epoch, int64_t i, sample_memory *memory)
{
    const vt_dataset *d = how->dataset;
    const uint8_t *image = d->images ? d->images + (size_t)i * image_size(d) : read_image(d, i, memory->planes);
    if (!image || !how->augment) return image;
    const moved m = sample_moved(how, epoch, i);
    vt_image_crop(image, d->channels, d->height, d->width, m.top, m.left, memory->augmented, d->height, d->width);
    if (m.flipped) vt_image_flip(memory->augmented, d->channels, d->height, d->width);
    return memory->augmented;
}
