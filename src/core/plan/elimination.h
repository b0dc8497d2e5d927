/* elimination.h - passes that take out what need not be computed. */
#ifndef VITRO_CORE_PLAN_ELIMINATION_H
#define VITRO_CORE_PLAN_ELIMINATION_H

#include "core/plan/program.h"

void pass_dead_code(program *p);
void pass_common_subexpressions(program *p);

#endif
