/* lower.h - from instructions to steps. */
#ifndef VITRO_CORE_PLAN_LOWER_H
#define VITRO_CORE_PLAN_LOWER_H

#include "core/plan/plan.h"

/* Steps for the instructions of the plan's program, each with a kernel or a view. */
bool lower(plan *p, context *c);

#endif
