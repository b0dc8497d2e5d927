/* integers.h - what counting blocks takes. */
#ifndef VITRO_BACKENDS_CPU_VECTOR_INTEGERS_H
#define VITRO_BACKENDS_CPU_VECTOR_INTEGERS_H

#include <stdint.h>

static inline int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How many blocks of a size hold x elements. */
static inline int64_t divide_up(int64_t x, int64_t size)
{
    return (x + size - 1) / size;
}

#endif
