/* passes.h - every pass. */
#ifndef VITRO_PASSES_PASSES_H
#define VITRO_PASSES_PASSES_H

#include "core/plan/program.h"

/* In the order in which they run, ended by a name of NULL. */
extern const pass passes[];

#endif
