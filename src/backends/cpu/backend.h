/* backend.h - the CPU backend. */
#ifndef VITRO_BACKENDS_CPU_BACKEND_H
#define VITRO_BACKENDS_CPU_BACKEND_H

#include "core/backend.h"

extern const backend cpu_backend;

#endif
