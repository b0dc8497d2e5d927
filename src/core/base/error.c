/* error.c - the sticky error: it needs no context, so that there is always a place for it. */
#include "core/base/error.h"
#include <stdarg.h>
#include <stdio.h>

static _Thread_local struct {
    vt_status status;
    char message[1024];
} error;

#define NO_MESSAGE "an error without a message"

bool raise_error_list(vt_status status, vt_site at, const char *prefix, const char *format, va_list list)
{
    if (error.status != VT_OK) return false;
    char text[768];
    vsnprintf(text, sizeof text, format, list);
    if (!*text) snprintf(text, sizeof text, NO_MESSAGE);
    error.status = status;
    if (at.file)
        snprintf(error.message, sizeof error.message, "%s%s  at %s:%d in %s()", prefix, text, at.file, at.line,
                 at.function ? at.function : "?");
    else
        snprintf(error.message, sizeof error.message, "%s%s", prefix, text);
    return false;
}

bool raise_error(vt_status status, vt_site at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    raise_error_list(status, at, "", format, list);
    va_end(list);
    return false;
}

void vt_error_raise(vt_status status, vt_site at, const char *format, ...)
{
    va_list list;
    if (status == VT_OK) return;
    va_start(list, format);
    raise_error_list(status, at, "", format ? format : NO_MESSAGE, list);
    va_end(list);
}

bool vt_failed(void)
{
    return error.status != VT_OK;
}

vt_status vt_error_status(void)
{
    return error.status;
}

const char *vt_error_message(void)
{
    return error.message;
}

int vt_error_print(FILE *stream)
{
    if (stream) fprintf(stream, "vitro: %s\n", vt_error_message());
    return 1;
}

void vt_error_clear(void)
{
    error.status = VT_OK;
    error.message[0] = 0;
}
