/* profile.h - time by op, where the environment asks for it: VT_PROFILE=1 prints a table when the program ends,
 * VT_PROFILE=<file>.json writes a trace for chrome://tracing or Perfetto. */
#ifndef VITRO_CORE_RUN_PROFILE_H
#define VITRO_CORE_RUN_PROFILE_H

#include "core/plan/plan.h"

/* Whether VT_PROFILE asks for times. */
bool profile_is_on(void);
/* The time; 0 where nothing is profiled. */
double profile_begin(void);
void profile_end(double start, step *s, const backend *device);

#endif
