/* glob.h - patterns of names. */
#ifndef VITRO_NN_GLOB_H
#define VITRO_NN_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the pattern describes the whole name: see include/vitro/model.h. */
bool glob_matches(const char *glob, const char *name);

enum { GLOB_MOST_CAPTURES = 8 };

/* What each *, ? and {} of a pattern stands for in a name, in their order; a * takes as little as it may. */
typedef struct glob_captures {
    int count; /* beyond GLOB_MOST_CAPTURES they are only counted */
    const char *begin[GLOB_MOST_CAPTURES];
    size_t length[GLOB_MOST_CAPTURES];
} glob_captures;

/* As glob_matches; where it does, the captures. */
bool glob_capture(const char *glob, const char *name, glob_captures *captures);

#endif
