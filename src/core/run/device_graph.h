/* device_graph.h - the steps of a plan as one launch of a device. */
#ifndef VITRO_CORE_RUN_DEVICE_GRAPH_H
#define VITRO_CORE_RUN_DEVICE_GRAPH_H

#include "core/plan/plan.h"

/* Runs the steps as one launch, once they have run in the same way twice. Not run, and no error: the caller runs them
 * one by one. */
enum launch { NOT_LAUNCHED, LAUNCHED, LAUNCH_FAILED };
enum launch device_graph_run(plan *p, context *c);
/* Whether it reads this leaf in a copy of its own. The leaf's memory is marked behind that copy. */
bool device_graph_has_copied(const plan *p, int leaf_storage);
void device_graph_free(context *c, plan *p);

#endif
