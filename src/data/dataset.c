/* dataset.c - the memory of datasets. */
#include "data/dataset.h"
#include "core/base/error.h"

#include <vitro/error.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool allocate_images(dataset *d)
{
    const size_t count = (size_t)d->seen.count;
    size_t image_bytes;
    if (__builtin_mul_overflow(count, image_size(&d->seen), &image_bytes)) return false;
    d->images = malloc(image_bytes);
    d->labels = calloc(count, sizeof *d->labels);
    return d->images && d->labels;
}

static bool copy_names(dataset *d, const char *const *names)
{
    const size_t classes = (size_t)d->seen.classes;
    d->names = calloc(classes, sizeof *d->names);
    d->name_list = calloc(classes, sizeof *d->name_list);
    for (size_t i = 0; d->names && d->name_list && i < classes; i++) {
        snprintf(d->names[i], CLASS_NAME_SIZE, "%s", names[i]);
        d->name_list[i] = d->names[i];
    }
    d->seen.class_names = d->name_list;
    return d->names && d->name_list;
}

dataset *dataset_new(vt_site at, const char *what, int64_t count, int channels, int height, int width, int classes,
                     const char *const *names)
{
    dataset *d = calloc(1, sizeof *d);
    if (d) {
        d->seen =
            (vt_dataset){ .count = count, .channels = channels, .height = height, .width = width, .classes = classes };
    }
    if (!d || !allocate_images(d) || !copy_names(d, names)) {
        vt_error_raise(VT_ERROR_MEMORY, at, "%s: no memory for %" PRId64 " pictures [%d, %d, %d]", what, count,
                       channels, height, width);
        if (d) vt_dataset_close(&d->seen);
        return NULL;
    }
    d->seen.images = d->images;
    d->seen.labels = d->labels;
    return d;
}

bool dataset_is_whole(vt_site at, const char *call, const vt_dataset *d)
{
    int64_t total;
    if (d->count < 1 || d->channels < 1 || d->height < 1 || d->width < 1 ||
        __builtin_mul_overflow((int64_t)d->height * d->width, d->channels, &total) ||
        __builtin_mul_overflow(total, d->count, &total))
        return raise_error(VT_ERROR_ARGUMENT, at,
                           "%s: a dataset of %" PRId64 " pictures [%d, %d, %d] is empty or beyond any memory", call,
                           d->count, d->channels, d->height, d->width);
    if ((!d->images && !d->read) || !d->labels)
        return raise_error(VT_ERROR_ARGUMENT, at, "%s: the dataset has no %s", call, d->labels ? "images" : "labels");
    return d->images || d->channels == 3 ||
           raise_error(VT_ERROR_ARGUMENT, at, "%s: pictures that are read have 3 channels, not %d", call, d->channels);
}

static bool read_file(void *user, int64_t i, vt_picture *picture)
{
    const dataset *d = user;
    return vt_picture_read_at((vt_site){ 0 }, d->paths[i], picture);
}

static void free_paths(char **paths, int64_t count)
{
    for (int64_t i = 0; paths && i < count; i++) free(paths[i]);
    free(paths);
}

dataset *dataset_new_of_files(vt_site at, char **paths, int64_t *labels, int64_t count, int height, int width,
                              int classes, char *const *names)
{
    dataset *d = calloc(1, sizeof *d);
    if (!d) {
        free_paths(paths, count);
        free(labels);
    } else {
        d->paths = paths;
        d->labels = labels;
        d->seen = (vt_dataset){ .count = count,
                                .channels = 3,
                                .height = height,
                                .width = width,
                                .labels = labels,
                                .classes = classes,
                                .read = read_file,
                                .user = d };
        if (copy_names(d, (const char *const *)names)) return d;
        vt_dataset_close(&d->seen);
    }
    vt_error_raise(VT_ERROR_MEMORY, at, "no memory for the names of %" PRId64 " pictures", count);
    return NULL;
}

void vt_dataset_close(vt_dataset *seen)
{
    dataset *d = (dataset *)seen;
    if (!d) return;
    free_paths(d->paths, d->seen.count);
    free(d->images);
    free(d->labels);
    free(d->names);
    free(d->name_list);
    free(d);
}
