/* results.c - what results are called. */
#include "explain/results.h"
#include <stdio.h>

const char *results_class(const results *r, int64_t class, char text[64])
{
    if (r->labels.names) return r->labels.names[class];
    snprintf(text, 64, "class %lld", (long long)class);
    return text;
}

const char *results_path(const results *r, const char *name, char path[PATH_SIZE])
{
    if (snprintf(path, PATH_SIZE, "%s/%s", r->folder, name) >= PATH_SIZE)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "the name of the output folder is too long");
    return path;
}
