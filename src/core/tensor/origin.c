/* origin.c - tensors made from nothing that are not computed before they are read. */
#include "core/tensor/origin.h"
#include "core/graph/record.h"
#include "core/run/run.h"
#include <stdlib.h>
#include <string.h>

origin *origin_of(const value *v)
{
    const node *n = v->buffer ? NULL : v->producer;
    if (!n || n->inputs || n->outputs != 1) return NULL;
    origin *o = malloc(sizeof *o + n->attributes_size);
    if (!o) return NULL;
    o->next = NULL;
    o->op = n->op;
    o->bound = n->bound;
    o->attributes_size = n->attributes_size;
    if (o->attributes_size) memcpy(o->attributes, n->attributes, o->attributes_size);
    return o;
}

/* In a frame of its own: what is recorded here is forgotten at once. */
static bool originate_one(context *c, value *v)
{
    const origin *o = v->origin;
    if (!frame_push(c)) return false;
    const node *n = record_node(&(recording){
        .op = o->op, .attributes = o->attributes, .attributes_size = o->attributes_size, .bound = o->bound });
    const value *made = n && run(c, n->out, 1, RUN_TARGETS) ? value_of(c, n->out[0]) : NULL;
    if (made) {
        v->array = made->array;
        v->buffer = buffer_share(made->buffer);
        value_drop_origin(v);
    }
    frame_pop(c);
    return made != NULL;
}

bool originate(context *c, value *first)
{
    for (value *v = first, *next; v; v = next) {
        next = v->origin->next;
        if (!originate_one(c, v)) return false;
    }
    return true;
}
