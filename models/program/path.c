/* path.c - names of files in folders. */
#include "program/path.h"
#include <stdio.h>
#include <unistd.h>
#include <vitro/vitro.h>

const char *path_join(char path[PATH_SIZE], const char *folder, const char *name)
{
    if (snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE) return path;
    vt_error_raise(VT_ERROR_FILE, VT_HERE, "the path %.100s.../%s is too long; it has at most %d bytes", folder, name,
                   PATH_SIZE - 1);
    return NULL;
}

bool path_exists(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    return snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE && access(path, F_OK) == 0;
}
