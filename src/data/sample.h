/* sample.h - one picture as a loader gives it: read, cut to size and augmented. */
#ifndef VITRO_DATA_SAMPLE_H
#define VITRO_DATA_SAMPLE_H

#include "data/augmentation.h"
#include <vitro/data.h>

/* How pictures are made: what becomes of one is a function of this, the picture and the epoch alone. */
typedef struct sample_recipe {
    const vt_dataset *dataset;
    augmentation augmentation;
    uint64_t seed;
    int repeats; /* how often an epoch has each picture that it has */
} sample_recipe;

/* Which picture of an epoch. */
typedef struct sample {
    int64_t epoch, number; /* of the dataset's */
    int repetition;        /* 0 to repeats - 1 */
} sample;

/* A picture in the making. */
typedef struct sample_memory {
    uint8_t *pixels, *spare; /* [channels, height, width] */
} sample_memory;

/* Room for pictures of so many bytes. */
bool sample_memory_new(sample_memory *memory, size_t bytes);
void sample_memory_free(sample_memory *memory);

/* The picture, u8 [channels, height, width], valid until the dataset's end or the next call with this memory. NULL with
 * an error where it cannot be read. */
const uint8_t *sample_make(const sample_recipe *how, sample which, sample_memory *memory);

/* Where a picture is moved to by augmentation that does nothing else. */
moved sample_moved(const sample_recipe *how, sample which);

#endif
