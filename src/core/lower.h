/* lower.h - from instructions to steps. */
#ifndef VITRO_CORE_LOWER_H
#define VITRO_CORE_LOWER_H

#include "core/plan.h"

/* Steps for the instructions of the plan's program, each with a kernel or a view. */
bool lower(plan *p, context *c);

#endif
