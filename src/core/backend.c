/* backend.c - backends by name. */
#include "core/library.h"
#include <stdio.h>
#include <string.h>

const backend *backend_number(int index)
{
    return library.backends[index];
}

const backend *backend_find(const char *name)
{
    for (int i = 0; backend_number(i); i++)
        if (name && strcmp(backend_number(i)->name, name) == 0) return backend_number(i);
    return NULL;
}

const char *backend_names(char text[BACKEND_NAMES])
{
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; backend_number(i) && used < BACKEND_NAMES; i++)
        used += (size_t)snprintf(text + used, BACKEND_NAMES - used, "%s%s", i ? ", " : "", backend_number(i)->name);
    return text;
}
