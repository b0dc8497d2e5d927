/* backends.c - the backends this library was built with. */
#include "backends/cpu/backend.h"
#ifdef VITRO_HAVE_CUDA
#include "backends/cuda/backend.h"
#endif
#include "backends/reference/backend.h"
#include <string.h>

static const backend *const backends[] = {
    &cpu_backend,
#ifdef VITRO_HAVE_CUDA
    &cuda_backend,
#endif
    &reference_backend,
};

const backend *backend_number(int index)
{
    return (size_t)index < sizeof backends / sizeof *backends ? backends[index] : NULL;
}

const backend *backend_find(const char *name)
{
    for (int i = 0; backend_number(i); i++)
        if (name && strcmp(backend_number(i)->name, name) == 0) return backend_number(i);
    return NULL;
}

const char *backend_names(void)
{
#ifdef VITRO_HAVE_CUDA
    return "cpu, cuda, reference";
#else
    return "cpu, reference";
#endif
}
