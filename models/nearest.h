/* nearest.h - names that somebody may have meant. */
#ifndef MODELS_NEAREST_H
#define MODELS_NEAREST_H

#include <stddef.h>

/* The three of all names that are nearest to one, nearest first: "a, b, c", of less than `size` bytes. `name_at` gives
 * them by number from 0, and NULL past the last. */
void list_nearest(const char *name, const char *(*name_at)(int number), char *text, size_t size);

#endif
