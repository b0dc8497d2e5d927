/* capture.h - programs from what was recorded. */
#ifndef VITRO_CORE_PLAN_CAPTURE_H
#define VITRO_CORE_PLAN_CAPTURE_H

#include "core/plan/program.h"

/* Where arrays lie as long as a program is planned: no address, but one to count offsets from. */
#define NOWHERE ((void *)((uintptr_t)1 << 44))

/* The program of the nodes that the context's run lists, before any pass. */
void capture(program *p, context *c);
/* Gives each instruction a kernel of the device, or puts its decomposition in its place; error: there is neither. */
bool choose_kernels(program *p, context *c);

#endif
