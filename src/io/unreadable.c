#include "unreadable.h"

#include <vitro/error.h>

#include <stdarg.h>
#include <stdio.h>

bool unreadable(vt_site at, const char *path, const char *reason, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, reason);
    vsnprintf(text, sizeof text, reason, arguments);
    va_end(arguments);
    vt_error_raise(VT_ERROR_FILE, at, "%s cannot be read: %s", path, text);
    return false;
}
