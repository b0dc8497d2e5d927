/* results.c - where the results go. */
#include "explain/results.h"

const char *results_path(const results *r, const char *name, char path[PATH_SIZE])
{
    if (snprintf(path, PATH_SIZE, "%s/%s", r->folder, name) >= PATH_SIZE)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "the name of the output folder is too long");
    return path;
}
