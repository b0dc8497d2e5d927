/* backends.c - the backends this library was built with. */
#include "backends/backends.h"
#include "backends/cpu/backend.h"
#ifdef VITRO_HAVE_CUDA
#include "backends/cuda/backend.h"
#endif
#include "backends/reference/backend.h"

const backend *const backends[] = {
    &cpu_backend,
#ifdef VITRO_HAVE_CUDA
    &cuda_backend,
#endif
    &reference_backend,
    NULL,
};
