/* dataset.h - a dataset that owns its memory. */
#ifndef VITRO_DATA_DATASET_H
#define VITRO_DATA_DATASET_H

#include <vitro/data.h>

enum { CLASS_NAME_SIZE = 256 };

/* A vt_dataset and the same memory to write to; vt_dataset_close(&d->seen) frees all of it. */
typedef struct dataset {
    vt_dataset seen; /* first, so that a pointer to it is one to the whole */
    uint8_t *images;
    int64_t *labels;
    char (*names)[CLASS_NAME_SIZE];
    const char **name_list;
    char **paths; /* [count]: the files of pictures that are read one by one; NULL: they are in memory */
} dataset;

/* Room for count pictures and the named classes. NULL with an error where count does not fit memory. */
dataset *dataset_new(vt_site at, const char *what, int64_t count, int channels, int height, int width, int classes,
                     const char *const *names);
/* Of pictures [3, height, width] in files: takes over paths and labels, of `count`, also where it returns NULL. */
dataset *dataset_new_of_files(vt_site at, char **paths, int64_t *labels, int64_t count, int height, int width,
                              int classes, char *const *names);

/* False with an error where a dataset, which a program may have filled in, has no pictures or labels, or more than any
 * memory. */
bool dataset_is_whole(vt_site at, const char *call, const vt_dataset *d);

/* Bytes of one picture. */
static inline size_t image_size(const vt_dataset *d)
{
    return (size_t)d->channels * (size_t)d->height * (size_t)d->width;
}

#endif
