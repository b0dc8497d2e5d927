/* sample.h - one picture as a loader gives it: read, cut to size and augmented. */
#ifndef VITRO_DATA_SAMPLE_H
#define VITRO_DATA_SAMPLE_H

#include <vitro/data.h>

/* How pictures are made: what becomes of picture i in an epoch is a function of this, i and the epoch alone. */
typedef struct sample_recipe {
    const vt_dataset *dataset;
    uint64_t seed;
    bool augment;
} sample_recipe;

/* A picture in the making. */
typedef struct sample_memory {
    uint8_t *planes;    /* [channels, height, width] */
    uint8_t *augmented; /* likewise */
} sample_memory;

/* Room for pictures of so many bytes. */
bool sample_memory_new(sample_memory *memory, size_t bytes);
void sample_memory_free(sample_memory *memory);

/* Picture i, u8 [channels, height, width], valid until the dataset's end or the next call with this memory. NULL with
 * an error where it cannot be read. */
const uint8_t *sample_make(const sample_recipe *how, int64_t epoch, int64_t i, sample_memory *memory);

/* The largest window of the shape [height, width] in the middle of a picture, resized to [height, width]. */
bool sample_fit(const vt_picture *from, int64_t height, int64_t width, vt_picture *to);

/* Where the window of picture i is in an epoch, and whether it is mirrored. */
typedef struct moved {
    int top, left;
    bool flipped;
} moved;
moved sample_moved(const sample_recipe *how, int64_t epoch, int64_t i);

#endif
