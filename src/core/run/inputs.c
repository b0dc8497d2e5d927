/* inputs.c - what a run reads and writes, made ready for it. */
#include "core/run/inputs.h"
#include "core/tensor/transfer.h"

/* What is overwritten while another value still looks at it is first copied for the one that is written. */
static bool own_written(context *c, const node *n)
{
    for (int i = 0; i < n->inputs; i++) {
        value *v = value_overwritten(c, n, i);
        if (!v || !v->buffer) continue;
        if (v->buffer->references == 1 && array_is_contiguous(&v->array)) continue;
        array from = v->array;
        buffer *shared = v->buffer;
        if (!value_allocate(c, v)) {
            v->buffer = shared;
            return false;
        }
        bool copied = c->device->copy(&v->array, &from);
        shared->used = v->buffer->used = buffers_mark(c);
        buffer_release(c, shared);
        if (!copied) return false;
    }
    return true;
}

/* What the run reads is where its device computes. */
static bool bring_inputs(context *c, const node *n)
{
    for (int i = 0; i < n->inputs; i++) {
        value *v = value_of(c, n->in[i]);
        if (v && v->buffer && !value_to_device(c, v)) return false;
    }
    return true;
}

bool prepare_inputs(context *c)
{
    const run_state *r = &c->run;
    for (size_t i = 0; i < r->node_count; i++)
        if (!bring_inputs(c, r->nodes[i]) || !own_written(c, r->nodes[i])) return false;
    return true;
}
