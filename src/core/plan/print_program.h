/* print_program.h - a program as text. */
#ifndef VITRO_CORE_PLAN_PRINT_PROGRAM_H
#define VITRO_CORE_PLAN_PRINT_PROGRAM_H

#include "core/plan/program.h"

/* Prints the instructions where VT_LOG=program asks for it. */
void program_log(const program *p);

#endif
