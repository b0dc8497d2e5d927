/* dataset.c - the memory of datasets. */
#include "data/dataset.h"

#include <vitro/error.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool allocate(dataset *d)
{
    const size_t count = (size_t)d->seen.count, classes = (size_t)d->seen.classes;
    size_t image_bytes;
    if (__builtin_mul_overflow(count, image_size(&d->seen), &image_bytes)) return false;
    d->images = malloc(image_bytes);
    d->labels = calloc(count, sizeof *d->labels);
    d->names = calloc(classes, sizeof *d->names);
    d->name_list = calloc(classes, sizeof *d->name_list);
    return d->images && d->labels && d->names && d->name_list;
}

dataset *dataset_new(vt_site at, const char *what, int64_t count, int channels, int height, int width, int classes,
                     const char *const *names)
{
    dataset *d = calloc(1, sizeof *d);
    if (d) {
        d->seen =
            (vt_dataset){ .count = count, .channels = channels, .height = height, .width = width, .classes = classes };
    }
    if (!d || !allocate(d)) {
        vt_error_raise(VT_ERROR_MEMORY, at, "%s: no memory for %" PRId64 " pictures [%d, %d, %d]", what, count,
                       channels, height, width);
        if (d) vt_dataset_close(&d->seen);
        return NULL;
    }
    for (int i = 0; i < classes; i++) {
        snprintf(d->names[i], CLASS_NAME_SIZE, "%s", names[i]);
        d->name_list[i] = d->names[i];
    }
    d->seen.images = d->images;
    d->seen.labels = d->labels;
    d->seen.class_names = d->name_list;
    return d;
}

void vt_dataset_close(vt_dataset *seen)
{
    dataset *d = (dataset *)seen;
    if (!d) return;
    free(d->images);
    free(d->labels);
    free(d->names);
    free(d->name_list);
    free(d);
}
