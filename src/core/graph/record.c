/* record.c - appending nodes: checks, shapes, handles. Computes nothing. */
#include "core/graph/record.h"
#include "core/context.h"
#include "core/library.h"
#include "core/base/entry.h"
#include "core/tensor/handle.h"
#include "core/graph/refuse.h"
#include "core/base/shape.h"
#include <string.h>

static void *copy(context *c, const void *data, size_t bytes)
{
    void *memory = arena_allocate(&c->nodes_memory, bytes);
    return memory && bytes ? memcpy(memory, data, bytes) : memory;
}

static node *new_node(context *c, const recording *r)
{
    node *n = arena_allocate(&c->nodes_memory, sizeof *n);
    if (!n) return NULL;
    const entry entered = entry_get();
    *n = (node){ .op = r->op,
                 .at = site_keep(&c->sites, entered.call ? entered.site : r->at),
                 .inputs = r->inputs,
                 .bound = r->bound };
    n->outputs = r->op->outputs ? r->op->outputs : r->outputs;
    n->in = copy(c, r->in, (size_t)r->inputs * sizeof *r->in);
    n->attributes = copy(c, r->attributes, r->attributes_size);
    n->attributes_size = r->attributes_size;
    n->out = arena_allocate(&c->nodes_memory, (size_t)n->outputs * sizeof *n->out);
    n->in_version = arena_allocate(&c->nodes_memory, (size_t)n->inputs * sizeof *n->in_version);
    return !vt_failed() && n->in && n->attributes && n->out && n->in_version ? n : NULL;
}

/* Effects overwrite data that a user holds: a parameter, a buffer, a tensor made from data. */
static bool written_inputs_are_leaves(const context *c, const node *n)
{
    for (int i = 0; i < n->inputs; i++) {
        const value *v = value_overwritten((context *)c, n, i);
        if (!v || !v->producer) continue;
        return refuse(
            n, "input %d is the result of an op; only parameters, buffers and tensors made from data are written", i);
    }
    return true;
}

static void see_versions(context *c, const node *n)
{
    uint32_t *version = (uint32_t *)n->in_version;
    for (int i = 0; i < n->inputs; i++) {
        const value *v = value_of(c, n->in[i]);
        version[i] = v ? v->recorded_version : 0;
    }
}

/* What is overwritten goes on by a version. */
static void move_versions(context *c, const node *n, int by)
{
    for (int i = 0; i < n->inputs; i++) {
        value *v = value_overwritten(c, n, i);
        if (v) v->recorded_version += (uint32_t)by;
    }
}

/* The first other input that is the same tensor, and is overwritten; -1: none, as of an input that is absent. */
static int written_as(const node *n, int i)
{
    for (int k = 0; n->in[i].id && k < n->inputs; k++)
        if (k != i && n->op->writes(k) && is_same_tensor(n->in[k], n->in[i])) return k;
    return -1;
}

/* Counted in versions, as an update may have very many inputs. */
static bool any_is_in_another_place(context *c, const node *n)
{
    bool any = false;
    move_versions(c, n, 1);
    for (int i = 0; i < n->inputs; i++) {
        const value *v = value_of(c, n->in[i]);
        any |= v && v->recorded_version - n->in_version[i] != (n->op->writes(i) ? 1 : 0);
    }
    move_versions(c, n, -1);
    return any;
}

/* What an effect overwrites has one place in it: what another would leave there is anyone's guess. Where it only reads
 * it, it reads a view, which keeps what it showed before: no kernel and no decomposition sees what it wrote itself. */
static bool writes_apart(context *c, const node *n)
{
    vt_tensor *in = (vt_tensor *)n->in;
    if (!n->op->writes) return true;
    see_versions(c, n);
    if (!any_is_in_another_place(c, n)) return true;
    for (int i = 0; i < n->inputs; i++) {
        int k = written_as(n, i);
        if (k >= 0 && n->op->writes(i))
            return refuse(n, "inputs %d and %d are one tensor, and both are overwritten", i, k);
        if (k >= 0) in[i] = library.view(in[i]);
    }
    return !vt_failed();
}

/* A gradient is taken of the values that the op saw. */
static bool inputs_are_as_they_were(context *c, const node *n)
{
    const node *of = c->differentiated;
    for (int i = 0; of && i < n->inputs; i++) {
        const value *v = value_of(c, n->in[i]);
        for (int k = 0; v && !v->producer && k < of->inputs; k++) {
            bool own = of->op->writes && of->op->writes(k);
            if (own || !is_same_tensor(of->in[k], n->in[i]) || of->in_version[k] == v->recorded_version) continue;
            refuse_call(of->op->name, of->at, VT_ERROR_GRADIENT,
                        "input %d was updated before vt_backward, which needs the value it had here", k);
            return false;
        }
    }
    return true;
}

static bool shapes_are_valid(const node *n)
{
    char text[128];
    for (int i = 0; i < n->outputs; i++)
        if (!shape_is_valid(n->out_spec[i].shape))
            return refuse(n, "the result would have shape %s, more elements than memory can hold",
                          vt_shape_text(n->out_spec[i].shape, text));
    return true;
}

static bool new_outputs(context *c, node *n, bool weak)
{
    bool needs_gradient = false;
    int oldest = PASSES_ON_NOTHING;
    for (int i = 0; i < n->inputs && !n->op->constant; i++) {
        const value *v = value_of(c, n->in[i]);
        if (!v || !vt_dtype_is_float(v->spec.dtype)) continue;
        needs_gradient |= v->needs_gradient;
        if (v->oldest < oldest) oldest = v->oldest;
    }
    for (int i = 0; i < n->outputs; i++) {
        value *v = value_new(c, n->out_spec[i]);
        if (!v) return false;
        v->producer = n;
        v->output = i;
        v->weak = weak;
        bool passes_on = vt_dtype_is_float(v->spec.dtype);
        v->needs_gradient = needs_gradient && passes_on;
        v->oldest = passes_on ? oldest : PASSES_ON_NOTHING;
        n->out[i] = v->handle;
    }
    return true;
}

static void append(context *c, node *n)
{
    see_versions(c, n);
    for (int i = 0; i < n->inputs; i++) {
        value *v = value_of(c, n->in[i]);
        if (v) v->consumed |= c->internal == 0;
    }
    move_versions(c, n, 1);
    c->pending_effects += n->op->writes != NULL;
    n->sequence = ++c->sequence;
    n->previous = c->last;
    if (c->last)
        c->last->next = n;
    else
        c->first = n;
    c->last = n;
}

node *record_node(const recording *r)
{
    context *c = context_get();
    node *n = vt_failed() ? NULL : new_node(c, r);
    if (!n) return NULL;
    spec *in = arena_allocate(&c->nodes_memory, ((size_t)n->inputs + (size_t)n->outputs) * sizeof *in);
    if (!in || !input_specs(n, in)) return NULL;
    spec *specs = in + n->inputs;
    if (!n->op->infer(n, in, specs) || !inputs_are_as_they_were(c, n)) return NULL;
    n->out_spec = specs;
    if (!shapes_are_valid(n) || !written_inputs_are_leaves(c, n) || !writes_apart(c, n) || !new_outputs(c, n, r->weak))
        return NULL;
    append(c, n);
    return n;
}

bound bound_random(void)
{
    context *c = context_get();
    return (bound){ .seed = c->random.seed, .stream = c->random.stream++ };
}
