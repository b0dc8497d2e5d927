/* work_stealing.h - work in pieces, of which each thread has a share. A thread whose share is empty takes pieces from
 * the ends of the other threads' shares, since a core may be slower than another, or be taken away for a moment.
 * Otherwise neighbouring pieces stay with one thread, which may keep what they have in common in its caches. */
#ifndef VITRO_BACKENDS_CPU_MACHINE_WORK_STEALING_H
#define VITRO_BACKENDS_CPU_MACHINE_WORK_STEALING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The pieces that nobody has taken: the first in the lower half, the end in the upper. A cache line each. */
typedef struct share {
    _Alignas(64) _Atomic uint64_t left;
} share;

/* Fewer than 2^31 pieces. */
static inline void shares_cut(share *shares, int64_t threads, int64_t pieces)
{
    for (int64_t t = 0; t < threads; t++) {
        uint64_t first = (uint64_t)(pieces * t / threads), end = (uint64_t)(pieces * (t + 1) / threads);
        atomic_init(&shares[t].left, first | end << 32);
    }
}

/* Takes the first piece of a share, or the last; false where none is left. */
static inline bool share_take(share *s, bool last, int64_t *piece)
{
    uint64_t left = atomic_load_explicit(&s->left, memory_order_relaxed), first, end, rest;
    do {
        first = left & UINT32_MAX, end = left >> 32;
        if (first == end) return false;
        rest = last ? first | (end - 1) << 32 : (first + 1) | end << 32;
    } while (!atomic_compare_exchange_weak_explicit(&s->left, &left, rest, memory_order_relaxed, memory_order_relaxed));
    *piece = (int64_t)(last ? end - 1 : first);
    return true;
}

/* The next piece for thread `own`: of its share, or else of the next that has some; false when all are taken. */
static inline bool shares_take(share *shares, int64_t threads, int64_t own, int64_t *piece)
{
    for (int64_t i = 0; i < threads; i++)
        if (share_take(&shares[(own + i) % threads], i > 0, piece)) return true;
    return false;
}

#endif
