/* context.h - the state of a thread: values, recorded nodes, scopes, modes. */
#ifndef VITRO_CORE_CONTEXT_H
#define VITRO_CORE_CONTEXT_H

#include "core/run/run_state.h"
#include "core/tensor/scope.h"
#include "core/base/site.h"
#include <vitro/context.h>

struct context {
    /* values */
    value **chunks;
    uint32_t chunk_count, next_id, *free_ids;
    uint32_t number; /* of the context, among those of all threads */
    size_t free_count, free_capacity;

    /* recording */
    arena nodes_memory;
    site_texts sites;
    node *first, *last;
    uint64_t sequence, epoch;
    uint64_t loose_ends_seen; /* up to this node: what nothing reads has been computed */
    frame outermost, *frame;  /* the innermost */
    frame *spare;             /* frames that have ended, for their memory */
    int depth;
    int pending_effects;
    const node *differentiated; /* the one whose vjp is being recorded */
    int internal;               /* > 0 while differentiation or a decomposition records */
    bool planning;              /* what is recorded takes the place of a node in a plan */

    const backend *device;
    uint64_t uploads; /* to devices with memory of their own */
    vt_dtype precision;
    bool training, eager, force_decompose;
    int threads;
    vt_random_state random;

    run_state run;
    struct plan_cache *plans;
    struct plan *keeper;  /* the one that keeps what it made of parameters; NULL: none does */
    uint64_t passes_off;  /* a bit for each pass that is off */
    int64_t memory_limit; /* bytes; VT_AUTO: as little as can be; 0: any */
    buffer *workspace;    /* what plans compute in, one at a time */

    buffer *pool[POOL_CLASSES];
    vt_statistics statistics;
};

/* This thread's context. */
context *context_get(void);

#endif
