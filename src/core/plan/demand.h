/* demand.h - which of the recorded nodes are to run. */
#ifndef VITRO_CORE_PLAN_DEMAND_H
#define VITRO_CORE_PLAN_DEMAND_H

#include "core/context.h"

/* Lists the nodes that the targets, and the mode, ask for. */
bool demand(context *c, const vt_tensor *targets, int count, enum run_mode mode);
/* Whether a value that the run computes is there afterwards. */
bool is_result(const context *c, const value *v);

#endif
