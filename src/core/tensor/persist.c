/* persist.c - values that outlive the ops that made them. */
#include "core/tensor/persist.h"
#include "core/run/run.h"
#include "core/tensor/origin.h"
#include <vitro/error.h>
#include <stdlib.h>

value *value_persist(context *c, vt_tensor source)
{
    const value *from = value_of(c, source);
    if (vt_failed() || !from) return NULL;
    origin *later = origin_of(from);
    if (!later && !run(c, &source, 1, RUN_TARGETS)) return NULL;
    value *v = value_new_lasting(c, from->spec);
    if (!v) {
        free(later);
        return NULL;
    }
    v->internal = false;
    v->origin = later;
    v->array = from->array;
    v->buffer = later ? NULL : buffer_share(from->buffer);
    return v;
}
