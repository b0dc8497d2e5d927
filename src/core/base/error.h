/* error.h - raising the error that sticks. */
#ifndef VITRO_CORE_BASE_ERROR_H
#define VITRO_CORE_BASE_ERROR_H

#include <vitro/error.h>
#include <stdarg.h>

/* Keeps the first error of a thread. Returns false. */
bool raise_error(vt_status status, vt_site at, const char *format, ...) VT_PRINTF(3, 4);
/* The same with a list of arguments, and what the message begins with. */
bool raise_error_list(vt_status status, vt_site at, const char *prefix, const char *format, va_list list)
    VT_PRINTF(4, 0);

#endif
