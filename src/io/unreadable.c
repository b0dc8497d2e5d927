/* unreadable.c - the error of a file that cannot be read. */
#include "unreadable.h"
#include "core/base/error.h"
#include <stdarg.h>
#include <stdio.h>

bool unreadable(vt_site at, const char *path, const char *reason, ...)
{
    char prefix[1024];
    va_list arguments;
    snprintf(prefix, sizeof prefix, "%s cannot be read: ", path);
    va_start(arguments, reason);
    raise_error_list(VT_ERROR_FILE, at, prefix, reason, arguments);
    va_end(arguments);
    return false;
}
