/* replay.h - running a plan. */
#ifndef VITRO_CORE_RUN_REPLAY_H
#define VITRO_CORE_RUN_REPLAY_H

#include "core/plan/plan.h"

/* Runs the plan on the leaves and nodes of the context's run. */
bool replay(plan *p, context *c);
/* Queues every step at the plan's addresses; how many went well. */
int run_steps(plan *p, context *c);

#endif
