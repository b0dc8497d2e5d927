/* recompute.h - what of a program is computed once more where it is read late, so that it need not stay in memory in
 * between (activation checkpointing; Chen et al., "Training deep nets with sublinear memory cost", 2016). */
#ifndef VITRO_CORE_PLAN_RECOMPUTE_H
#define VITRO_CORE_PLAN_RECOMPUTE_H

#include "core/plan/program.h"

/* The part of a program up to where it takes most memory, a training step's forward pass, is cut into segments. Of the
 * first `again` of these only what a later segment reads is kept; what comes behind and reads more of a segment has it
 * computed again, just before. */
typedef struct recomputation {
    int segments, again;
} recomputation;

/* Changes a program whose kernels are chosen, and says how many instructions it has more. Values keep their bits, but
 * for what bf16 rounds. */
int recompute(program *p, recomputation how);

/* Chooses among many the recomputation with the least to compute again that needs at most `bytes`, by an estimate, or
 * if there is none the one that needs least; `need` is what that would be. No segments where nothing helps. */
recomputation recomputation_choose(const program *p, size_t bytes, size_t *need);

/* Bytes that a program needs as it is, by the same estimate. SIZE_MAX, and an error, where memory is short. */
size_t program_need(const program *p);

#endif
