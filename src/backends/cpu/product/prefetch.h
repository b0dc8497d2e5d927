/* prefetch.h - memory that will be needed soon, asked for in passing, a little at a time: rows that are far apart, of
 * which the processor does not see what follows. */
#ifndef VITRO_BACKENDS_CPU_PRODUCT_PREFETCH_H
#define VITRO_BACKENDS_CPU_PRODUCT_PREFETCH_H

#include "backends/cpu/vector/integers.h"
#include <stdbool.h>
#include <stddef.h>

enum { MAX_PREFETCH_BLOCKS = 8, LINE_BYTES = 64, FETCH_ROOM = 256 };

/* Lines of the cache that will be needed soon. A tile fetches one at each of its steps along k, since asking for all at
 * once would wait for the memory. */
typedef struct fetch_list {
    int64_t count;
    const char *line[FETCH_ROOM];
} fetch_list;

/* Rows from which such lists are made, one after the other. */
typedef struct prefetch {
    struct {
        const char *first;
        int64_t rows, stride, bytes; /* stride in bytes */
    } block[MAX_PREFETCH_BLOCKS];
    int blocks, at;
    int64_t row;            /* of block `at`: the next */
    const char *next, *end; /* of the row before it */
    int64_t lines;          /* of all blocks */
    int64_t pace;           /* lines at a time */
} prefetch;

/* What there is no room for is not asked for. */
static inline void prefetch_add(prefetch *a, const void *first, int64_t rows, int64_t stride, int64_t bytes)
{
    if (a->blocks == MAX_PREFETCH_BLOCKS || rows <= 0) return;
    a->block[a->blocks].first = first;
    a->block[a->blocks].rows = rows;
    a->block[a->blocks].stride = stride;
    a->block[a->blocks++].bytes = bytes;
    a->lines += rows * divide_up(bytes, LINE_BYTES);
}

static inline bool prefetch_begin_row(prefetch *a)
{
    if (a->at < a->blocks && a->row == a->block[a->at].rows) a->row = 0, a->at++;
    if (a->at == a->blocks) return false;
    a->next = a->block[a->at].first + a->row++ * a->block[a->at].stride;
    a->end = a->next + a->block[a->at].bytes;
    return true;
}

/* Lists what is to be asked for now, at most `limit` lines; `a` may be NULL. */
static inline void prefetch_next(prefetch *a, int64_t limit, fetch_list *list)
{
    list->count = 0;
    limit = a ? least(least(limit, FETCH_ROOM), a->pace) : 0;
    for (; list->count < limit; a->next += LINE_BYTES) {
        if (a->next >= a->end && !prefetch_begin_row(a)) break;
        list->line[list->count++] = a->next;
    }
}

#endif
