/* run.h - computing what was recorded. */
#ifndef VITRO_CORE_RUN_RUN_H
#define VITRO_CORE_RUN_RUN_H

#include "core/context.h"

/* Computes the targets and what else the mode asks for. */
bool run(context *c, const vt_tensor *targets, int count, enum run_mode mode);
/* Computes x as a contiguous host value; NULL with an error where it cannot be. */
value *compute(vt_site at, const char *call, vt_tensor x);

#endif
