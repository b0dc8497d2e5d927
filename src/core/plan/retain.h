/* retain.h - values that a later run reads again, and that a plan therefore keeps from its second use on. */
#ifndef VITRO_CORE_PLAN_RETAIN_H
#define VITRO_CORE_PLAN_RETAIN_H

#include "core/plan/plan.h"

/* Looks at what the context's run lists: where it reads what an earlier run computed and let go, the plan of that run
 * is told. */
void retain_learn(context *c);
/* Marks the values of the context's run that a later run read when this plan ran before. Whether that changed what the
 * run leaves, so that another plan is wanted. */
bool retain_mark(const plan *p, context *c);

#endif
