/* heat_map.h - numbers over a picture: a grid of them, row by row. */
#ifndef MODELS_EXPLAIN_HEAT_MAP_H
#define MODELS_EXPLAIN_HEAT_MAP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct heat_map {
    int64_t rows, columns;
    double *values; /* [rows, columns] */
} heat_map;

/* All zero. False with an error where memory is short. */
bool heat_map_new(heat_map *m, int64_t rows, int64_t columns);
void heat_map_free(heat_map *m);

/* Marks the fewest values, the largest ones, that together are at least `keep` of the sum, a share from 0 to 1 (Caron
 * et al. 2021, DINO). Of equal values those in front come first. Values are 0 or more; mask is [rows, columns]. */
bool heat_map_mask(const heat_map *m, double keep, bool *mask);

/* The map at height by width places, smoothly (bicubic), as shares of its largest value: each from 0 to 1. */
bool heat_map_enlarge(const heat_map *m, int64_t height, int64_t width, float *shares);

#endif
