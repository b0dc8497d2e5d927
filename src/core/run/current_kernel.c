/* current_kernel.c - a table of what the threads compute, written by each before and after a kernel. */
#include "core/run/current_kernel.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static _Atomic(const kernel_call *) calls[CONTEXTS]; /* by the context's number */

void current_kernel_set(const context *c, const kernel_call *call)
{
    atomic_store_explicit(&calls[c->number], call, memory_order_release);
}

/* -- Describing ---------------------------------------------------------------------------------------------------- */

typedef struct line {
    char *text;
    size_t size, length; /* length: of what was to be written, and not of what there is room for */
} line;

static void add(line *l, const char *format, ...) VT_PRINTF(2, 3);
static void add(line *l, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t at = l->length < l->size ? l->length : l->size;
    int length = vsnprintf(l->text + at, l->size - at, format, arguments);
    va_end(arguments);
    l->length += length > 0 ? (size_t)length : 0;
}

static void add_arrays(line *l, const array *arrays, int count)
{
    for (int i = 0; i < count; i++) {
        char shape[128];
        if (arrays[i].data)
            add(l, "%s%s %s", i ? ", " : " ", vt_dtype_name(arrays[i].dtype), vt_shape_text(arrays[i].shape, shape));
        else
            add(l, "%s-", i ? ", " : " "); /* an argument that is absent */
    }
}

static void add_call(line *l, const kernel_call *call)
{
    add(l, "%s:", call->op->name);
    add_arrays(l, call->in, call->inputs);
    if (call->outputs) add(l, " ->");
    add_arrays(l, call->out, call->outputs);
    if (call->at.file) add(l, "  at %s:%d in %s()", call->at.file, call->at.line, call->at.function);
    add(l, "\n");
}

int current_kernel_describe(char *text, size_t size)
{
    int lines = 0;
    line l = { text, size, 0 };
    if (size) *text = 0;
    for (int i = 0; i < CONTEXTS; i++) {
        const kernel_call *call = atomic_load_explicit(&calls[i], memory_order_acquire);
        if (!call) continue;
        add_call(&l, call);
        if (l.length >= size) break;
        lines++;
    }
    return lines;
}
