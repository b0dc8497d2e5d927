/* sort.h - numbers sorted on the device by a radix sort that keeps the order of equal keys. */
#ifndef VITRO_BACKENDS_CUDA_REDUCTION_SORT_H
#define VITRO_BACKENDS_CUDA_REDUCTION_SORT_H

#include "backends/cuda/machine/device.h"

/* Keys, none above `greatest`, with a number each, side by side. */
typedef struct sorting {
    int64_t count;
    uint32_t greatest;
    uint32_t *key[2], *number[2]; /* of these the first are sorted, and the second are as large */
    uint32_t *counts;
} sorting;

/* Bytes of working memory for so many keys, at most 2^31. */
size_t sort_scratch(int64_t count);

/* A sorting in working memory, whose keys and numbers are still to be written. */
sorting sort_in(void *scratch, int64_t count, uint32_t greatest);

/* Queues the sort: then key[0] and number[0] are in order. */
void sort_by_key(sorting *s);

#endif
