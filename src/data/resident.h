/* resident.h - a dataset whole on a device, and batches of it picked, cropped, flipped and normalised there. */
#ifndef VITRO_DATA_RESIDENT_H
#define VITRO_DATA_RESIDENT_H

#include "data/normalization.h"
#include <vitro/data.h>

typedef struct resident {
    int channels, height, width;
    vt_tensor images; /* u8 [count, channels, height * width] */
    vt_tensor labels; /* i64 [count] */
    normalization normalization;
} resident;

/* Which pictures a batch is of, and what becomes of each: arrays of `count`. */
typedef struct picks {
    int64_t count, *sample;
    int64_t *top, *left; /* of the window, in pixels of the picture; NULL: no augmentation */
    int64_t *flipped;    /* 0 or 1 */
} picks;

/* Copies a dataset to the context's device. False with an error where there is no room. */
bool resident_open(vt_site at, resident *r, const vt_dataset *dataset, const float *mean, const float *std);
void resident_close(resident *r);

/* images f32 [count, channels, height, width] and labels of the pictures picked: the same bits as in host memory. */
void resident_batch(const resident *r, const picks *p, vt_tensor *images, vt_tensor *labels);

#endif
