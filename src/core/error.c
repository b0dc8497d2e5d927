/* error.c - the sticky error. */
#include "core/context.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool raise_list(context *c, vt_status status, vt_site at, const char *prefix, const char *format, va_list list)
{
    if (c->error.status != VT_OK) return false;
    char text[768];
    vsnprintf(text, sizeof text, format, list);
    c->error.status = status;
    if (at.file)
        snprintf(c->error.message, sizeof c->error.message, "%s%s  at %s:%d in %s()", prefix, text, at.file, at.line,
                 at.function);
    else
        snprintf(c->error.message, sizeof c->error.message, "%s%s", prefix, text);
    return false;
}

/* "huber_loss: sub: ": the call that was entered, and the op inside it. */
static void prefix_of(const context *c, const char *name, char prefix[128])
{
    if (c->call && name && strcmp(c->call, name) != 0)
        snprintf(prefix, 128, "%s: %s: ", c->call, name);
    else
        snprintf(prefix, 128, "%s: ", c->call ? c->call : name);
}

bool raise_error(vt_status status, vt_site at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    raise_list(context_get(), status, at, "", format, list);
    va_end(list);
    return false;
}

bool refuse(const node *n, const char *format, ...)
{
    char prefix[128];
    prefix_of(context_get(), n->op->name, prefix);
    va_list list;
    va_start(list, format);
    raise_list(context_get(), VT_ERROR_ARGUMENT, n->at, prefix, format, list);
    va_end(list);
    return false;
}

vt_tensor refuse_call(const char *name, vt_site at, vt_status status, const char *format, ...)
{
    context *c = context_get();
    char prefix[128];
    prefix_of(c, name, prefix);
    va_list list;
    va_start(list, format);
    raise_list(c, status, c->call ? c->site : at, prefix, format, list);
    va_end(list);
    return (vt_tensor){ 0 };
}

bool number_fits(bool fits, const char *name, vt_site at, const char *what, double value, const char *wanted)
{
    if (!fits) refuse_call(name, at, VT_ERROR_ARGUMENT, "%s is %g; it must be %s", what, value, wanted);
    return fits;
}

entry entry_begin(const char *name, vt_site at)
{
    context *c = context_get();
    if (c->call) return (entry){ .outermost = false };
    c->call = name;
    c->site = at;
    return (entry){ .outermost = true };
}

void entry_end(entry *e)
{
    context *c = context_get();
    if (!e->outermost) return;
    c->call = NULL;
    c->site = (vt_site){ 0 };
}

bool vt_failed(void)
{
    return context_get()->error.status != VT_OK;
}

vt_status vt_error_status(void)
{
    return context_get()->error.status;
}

const char *vt_error_message(void)
{
    return context_get()->error.message;
}

int vt_error_print(FILE *stream)
{
    fprintf(stream, "vitro: %s\n", vt_error_message());
    return 1;
}

void vt_error_clear(void)
{
    context *c = context_get();
    c->error.status = VT_OK;
    c->error.message[0] = 0;
}

void vt_error_raise(vt_status status, vt_site at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    raise_list(context_get(), status, at, "", format, list);
    va_end(list);
}
