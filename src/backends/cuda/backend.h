/* backend.h - the CUDA backend. */
#ifndef VITRO_BACKENDS_CUDA_BACKEND_H
#define VITRO_BACKENDS_CUDA_BACKEND_H

#include "core/backend.h"

extern const backend cuda_backend;

#endif
