/* kept.h - what steps that run once have made, from one run of a plan to the next. A context has room for one plan's:
 * programs that go from batch size to batch size would fill the memory otherwise. */
#ifndef VITRO_CORE_RUN_KEPT_H
#define VITRO_CORE_RUN_KEPT_H

#include "core/plan/plan.h"

/* Before a run: gives the plan room; false, with an error, where memory is short. What another plan has kept goes. */
bool kept_begin(plan *p, context *c);
/* Whether what is kept is of the parameters as they are. */
bool kept_is_current(const plan *p, context *c);
/* Behind a run of all steps. */
void kept_settle(plan *p, const context *c);
/* What no plan will use again goes, since its parameters have ended; or, of a plan that ends, whatever it is. */
void kept_drop_ended(context *c);
void kept_drop(plan *p, context *c);

#endif
