/* emit.h - what lowering adds to a plan. */
#ifndef VITRO_CORE_PLAN_EMIT_H
#define VITRO_CORE_PLAN_EMIT_H

#include "core/plan/lowering.h"

/* NO_STORAGE where memory is short, as everywhere here. */
int add_storage(plan *p, enum storage_kind kind, size_t bytes);
/* A storage of its own for the array, of a result where it escapes. */
location new_location(lowering *l, array a, bool escapes);
/* A step that copies; false where memory is short. */
bool add_copy(lowering *l, const instruction *i, const location *from, const location *to);
/* Where the term lies as the wish has it: as it is, or as a copy, for which a step is added. */
bool fetch(lowering *l, const instruction *i, int term, wish w, location *out);
/* The same, adding nothing: a copy that is not there yet has no storage. */
location foresee(const lowering *l, int term, wish w);
/* The step of a kernel: where inputs lie, and how it sees each argument. Outputs lie where their terms do. */
bool add_kernel_step(lowering *l, const instruction *i, const location *in, const array *seen);
size_t array_bytes(const array *a);

#endif
