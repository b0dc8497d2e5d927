/* arrivals.h - memory that will be needed soon, asked for in passing, a little at a time: rows that are far apart, of
 * which the processor does not see what follows. */
#ifndef VITRO_BACKENDS_CPU_ARRIVALS_H
#define VITRO_BACKENDS_CPU_ARRIVALS_H

#include <stdint.h>

enum { MAX_ARRIVALS = 8, ARRIVALS_AT_ONCE = 12 };

typedef struct arrivals {
    struct {
        const char *first;
        int64_t rows, stride, bytes; /* stride in bytes */
    } block[MAX_ARRIVALS];
    int blocks, at;
    int64_t row; /* of block `at`: the next */
} arrivals;

static inline void arrivals_add(arrivals *a, const void *first, int64_t rows, int64_t stride, int64_t bytes)
{
    if (a->blocks == MAX_ARRIVALS || rows <= 0) return;
    a->block[a->blocks].first = first;
    a->block[a->blocks].rows = rows;
    a->block[a->blocks].stride = stride;
    a->block[a->blocks++].bytes = bytes;
}

/* Asks for the next few rows, if any; `a` may be NULL. */
static inline void arrivals_fetch(arrivals *a)
{
    for (int i = 0; a && i < ARRIVALS_AT_ONCE && a->at < a->blocks; i++) {
        const char *row = a->block[a->at].first + a->row * a->block[a->at].stride;
        for (int64_t byte = 0; byte < a->block[a->at].bytes; byte += 64) __builtin_prefetch(row + byte, 0, 2);
        if (++a->row == a->block[a->at].rows) a->row = 0, a->at++;
    }
}

#endif
