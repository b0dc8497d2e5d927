/* lowering.h - a program on its way to steps: where its terms lie so far. Shared by lower.c, liveness.c, place.c and
 * emit.c. */
#ifndef VITRO_CORE_PLAN_LOWERING_H
#define VITRO_CORE_PLAN_LOWERING_H

#include "core/plan/capture.h"
#include "core/plan/plan.h"

/* Where a term lies. The array's address is NOWHERE plus the offset in the storage. */
typedef struct location {
    array array;
    int storage; /* NO_STORAGE: nowhere yet */
} location;

/* What a kernel asks of an argument. */
typedef struct wish {
    vt_dtype dtype;
    enum { ANY_LAYOUT, CONTIGUOUS, CHANNELS_LAST } layout;
} wish;

/* A copy of a term made for a kernel, and there for the next that wants the same. */
typedef struct copy {
    wish wish;
    location at;
    struct copy *next;
} copy;

typedef struct lowering {
    context *context;
    plan *plan;
    program *program;
    location *at;               /* of each term */
    copy **copies;              /* of each term */
    int *last_use;              /* of each term, views of it included: an instruction */
    bool *escapes;              /* of each term: it, or a view of it, is a result */
    bool *bf16;                 /* of each term: it is stored as bf16 */
    bool in_place, write_parts; /* what lowering may do beyond what it must */
    int now;                    /* the instruction being lowered */
} lowering;

static inline bool mask_has(uint32_t mask, int bit)
{
    return bit < 32 && mask >> bit & 1;
}

#endif
