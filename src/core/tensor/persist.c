/* persist.c - values that outlive the ops that made them. */
#include "core/tensor/persist.h"
#include "core/run/run.h"
#include <vitro/error.h>

value *value_persist(context *c, vt_tensor source)
{
    const value *from = value_of(c, source);
    if (vt_failed() || !from || !run(c, &source, 1, RUN_TARGETS)) return NULL;
    value *v = value_new_lasting(c, from->spec);
    if (!v) return NULL;
    v->internal = false;
    v->array = from->array;
    v->buffer = buffer_share(from->buffer);
    return v;
}
