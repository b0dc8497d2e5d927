/* apply.h - what constructors of ops end with: the op is recorded, and in eager mode computed. */
#ifndef VITRO_CORE_RUN_APPLY_H
#define VITRO_CORE_RUN_APPLY_H

#include "core/base/entry.h"
#include "core/tensor/handle.h"
#include "core/graph/record.h"
#include "core/graph/refuse.h"

/* Fills out with handles of the outputs, all inert where it failed. */
bool record_into(const recording *r, vt_tensor *out);

/* The common case, one output:
 *     record(&op_gelu, at, INPUTS(x), ATTRIBUTE(gelu_attributes, .tanh = 1)) */
#define record(op_, at_, ...) record_one(&(recording){ .op = op_, .at = at_, __VA_ARGS__ })
vt_tensor record_one(const recording *r);

#endif
