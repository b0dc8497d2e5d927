/* refuse.c - errors in the name of an op or of a public function. */
#include "core/graph/refuse.h"
#include "core/base/entry.h"
#include "core/base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "huber_loss: sub: ": the call that was entered, and the op inside it. */
static void prefix_of(const char *name, char prefix[128])
{
    const char *call = entry_get().call;
    if (call && name && strcmp(call, name) != 0)
        snprintf(prefix, 128, "%s: %s: ", call, name);
    else
        snprintf(prefix, 128, "%s: ", call ? call : name);
}

bool refuse(const node *n, const char *format, ...)
{
    char prefix[128];
    prefix_of(n->op->name, prefix);
    va_list list;
    va_start(list, format);
    raise_error_list(VT_ERROR_ARGUMENT, n->at, prefix, format, list);
    va_end(list);
    return false;
}

vt_tensor refuse_call(const char *name, vt_site at, vt_status status, const char *format, ...)
{
    char prefix[128];
    prefix_of(name, prefix);
    va_list list;
    va_start(list, format);
    raise_error_list(status, entry_get().call ? entry_get().site : at, prefix, format, list);
    va_end(list);
    return VT_INERT;
}

bool number_fits(bool fits, const char *name, vt_site at, const char *what, double value, const char *wanted)
{
    if (!fits) refuse_call(name, at, VT_ERROR_ARGUMENT, "%s is %g; it must be %s", what, value, wanted);
    return fits;
}
