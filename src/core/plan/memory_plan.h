/* memory_plan.h - where in the workspace storages lie. */
#ifndef VITRO_CORE_PLAN_MEMORY_PLAN_H
#define VITRO_CORE_PLAN_MEMORY_PLAN_H

#include "core/plan/plan.h"

/* Offsets in the workspace, such that what is in use at the same time does not overlap. An error where a step reads
 * what none before it has written. */
bool plan_memory(plan *p, const context *c);

#endif
