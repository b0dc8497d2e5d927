/* persist.c - values that outlive the ops that made them. */
#include "core/tensor/persist.h"
#include "core/run/run.h"
#include "core/tensor/origin.h"
#include <stdlib.h>
#include <vitro/create.h>
#include <vitro/error.h>
#include <vitro/tensor.h>

/* What is to be given to a leaf: the source has been computed, or has an origin. */
static const value *settled(context *c, vt_tensor source, origin **later)
{
    const value *from = value_of(c, source);
    if (vt_failed() || !from) return NULL;
    *later = origin_of(from);
    return *later || run(c, &source, 1, RUN_TARGETS) ? from : NULL;
}

static void give(value *leaf, const value *from, origin *later)
{
    leaf->origin = later;
    leaf->array = from->array;
    leaf->buffer = later ? NULL : buffer_share(from->buffer);
}

value *value_persist(context *c, vt_tensor source)
{
    origin *later;
    const value *from = settled(c, source, &later);
    value *v = from ? value_new_lasting(c, from->spec) : NULL;
    if (!v) {
        if (from) free(later);
        return NULL;
    }
    v->internal = false;
    give(v, from, later);
    return v;
}

vt_tensor data_persist(const void *data, vt_shape shape, vt_dtype dtype)
{
    VT_SCOPE;
    const value *v = value_persist(context_get(), vt_from_data(data, shape, dtype));
    return v ? v->handle : VT_INERT;
}

bool value_renew(context *c, value *leaf, vt_tensor source)
{
    origin *later;
    const value *from = settled(c, source, &later);
    if (!from) return false;
    value_drop_buffer(c, leaf);
    value_drop_origin(leaf);
    give(leaf, from, later);
    leaf->recorded_version++;
    leaf->executed_version++;
    return true;
}

buffer *value_room(context *c, const value *leaf)
{
    if (leaf->buffer || c->device->queue) return NULL;
    return buffer_new(c, (size_t)vt_shape_count(leaf->spec.shape) * vt_dtype_size(leaf->spec.dtype));
}

void value_move_in(value *leaf, buffer *room)
{
    value_drop_origin(leaf);
    leaf->buffer = room;
    leaf->array = array_contiguous(room->data, leaf->spec.dtype, leaf->spec.shape);
    leaf->recorded_version++;
    leaf->executed_version++;
}
