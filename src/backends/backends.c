/* backends.c - the backends this library was built with. */
#include "backends/cpu/backend.h"
#include "backends/reference/backend.h"
#include <string.h>

static const backend *const backends[] = { &cpu_backend, &reference_backend };

const backend *backend_find(const char *name)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        if (name && strcmp(backends[i]->name, name) == 0) return backends[i];
    return NULL;
}

const char *backend_names(void)
{
    return "cpu, reference";
}
