/* cost.c - what computing a tensor takes. */
#include "core/base/entry.h"
#include "core/context.h"
#include "core/tensor/handle.h"
#include <vitro/cost.h>
#include <vitro/error.h>

/* The node as a kernel would be called, without data, in memory for its inputs and outputs. */
static kernel_call call_of(context *c, const node *n, array *arrays)
{
    kernel_call call = { .op = n->op, .attributes = n->attributes, .inputs = n->inputs, .outputs = n->outputs };
    call.in = arrays;
    call.out = arrays + n->inputs;
    for (int i = 0; i < n->inputs; i++) {
        const value *v = value_of(c, n->in[i]);
        if (v) call.in[i] = array_contiguous(NULL, v->spec.dtype, v->spec.shape);
    }
    for (int i = 0; i < n->outputs; i++)
        call.out[i] = array_contiguous(NULL, n->out_spec[i].dtype, n->out_spec[i].shape);
    return call;
}

static bool add(context *c, const node *n, vt_cost *cost)
{
    arena_mark mark = arena_get_mark(&c->nodes_memory);
    array *arrays = arena_allocate(&c->nodes_memory, (size_t)(n->inputs + n->outputs) * sizeof *arrays);
    if (!arrays) return false;
    kernel_call call = call_of(c, n, arrays);
    cost->multiply_accumulates += (int64_t)(n->op->flops(&call) / 2);
    cost->activations += vt_shape_count(n->out_spec[0].shape); /* others are statistics, or gradients beside it */
    arena_reset(&c->nodes_memory, mark);
    return true;
}

static void reach(const value *v, uint64_t search, int *outstanding)
{
    if (!v || !v->producer || v->producer->search == search) return;
    v->producer->search = search;
    ++*outstanding;
}

vt_cost vt_cost_of_at(vt_site at, vt_tensor x)
{
    ENTER("cost_of", at);
    context *c = context_get();
    vt_cost cost = { 0, 0 };
    spec s;
    if (vt_failed() || !spec_of("cost_of", at, "x", x, &s)) return cost;
    const uint64_t search = ++c->epoch;
    int outstanding = 0;
    reach(value_of(c, x), search, &outstanding);
    for (const node *n = c->last; n && outstanding; n = n->previous) {
        if (n->search != search) continue;
        outstanding--;
        if (n->op->flops && !add(c, n, &cost)) return (vt_cost){ 0, 0 };
        for (int i = 0; i < n->inputs; i++) reach(value_of(c, n->in[i]), search, &outstanding);
    }
    return cost;
}
