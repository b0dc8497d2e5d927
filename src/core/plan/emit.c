/* emit.c - what lowering adds to a plan: storages, copies, steps of kernels. */
#include "core/plan/emit.h"
#include "core/base/entry.h"
#include "core/graph/refuse.h"
#include "core/run/current_kernel.h"
#include <string.h>

int add_storage(plan *p, enum storage_kind kind, size_t bytes)
{
    if (!program_grow(&p->program, (void **)&p->storages, p->storage_count, &p->storage_capacity, sizeof *p->storages))
        return NO_STORAGE;
    p->storages[p->storage_count] = (storage){ .kind = kind, .bytes = bytes, .first = -1, .last = -1, .written = -1 };
    return p->storage_count++;
}

size_t array_bytes(const array *a)
{
    return (size_t)vt_shape_count(a->shape) * vt_dtype_size(a->dtype);
}

location new_location(lowering *l, array a, bool escapes)
{
    return (location){ a, add_storage(l->plan, escapes ? STORAGE_RESULT : STORAGE_WORK, array_bytes(&a)) };
}

static step *add_step(lowering *l, const kernel *k, const instruction *i, int inputs, int outputs)
{
    plan *p = l->plan;
    if (!program_grow(&p->program, (void **)&p->steps, p->step_count, &p->step_capacity, sizeof *p->steps)) return NULL;
    size_t count = (size_t)(inputs + outputs);
    array *arrays = program_allocate(&p->program, count * sizeof *arrays);
    int *storage = program_allocate(&p->program, count * sizeof *storage);
    int64_t *offset = program_allocate(&p->program, count * sizeof *offset);
    if (!arrays || !storage || !offset) return NULL;
    step *s = &p->steps[p->step_count++];
    *s = (step){ .kernel = k, .storage = storage, .offset = offset, .scratch = NO_STORAGE, .source = i->source };
    s->call = call_of(i->op, i->attributes, inputs, outputs, arrays);
    return s;
}

static void mark_used(plan *p, int storage)
{
    struct storage *s = &p->storages[storage];
    int now = p->step_count - 1;
    if (s->first < 0) s->first = now;
    s->last = now;
}

/* Argument a of the step: an input, or behind these an output. */
static void set_argument(lowering *l, step *s, int a, const location *at, array seen)
{
    s->call.in[a] = seen;
    s->storage[a] = at->storage;
    s->offset[a] = (char *)seen.data - (char *)NOWHERE;
    mark_used(l->plan, at->storage);
    if (a >= s->call.inputs) l->plan->storages[at->storage].written = l->plan->step_count - 1;
}

bool add_copy(lowering *l, const instruction *i, const location *from, const location *to)
{
    step *s = to->storage == NO_STORAGE ? NULL : add_step(l, NULL, i, 1, 1);
    if (!s) return false;
    set_argument(l, s, 0, from, from->array);
    set_argument(l, s, 1, to, to->array);
    return true;
}

static bool grants(const location *at, wish w)
{
    if (at->array.dtype != w.dtype) return false;
    if (w.layout == CONTIGUOUS) return array_is_contiguous(&at->array);
    return w.layout == ANY_LAYOUT || array_is_channels_last(&at->array);
}

static array array_for(wish w, vt_shape shape)
{
    return w.layout == CHANNELS_LAST ? array_channels_last(NOWHERE, w.dtype, shape)
                                     : array_contiguous(NOWHERE, w.dtype, shape);
}

static const location *find(const lowering *l, int t, wish w)
{
    if (grants(&l->at[t], w)) return &l->at[t];
    for (const copy *c = l->copies[t]; c; c = c->next)
        if (grants(&c->at, w)) return &c->at;
    return NULL;
}

location foresee(const lowering *l, int t, wish w)
{
    const location *there = find(l, t, w);
    return there ? *there : (location){ array_for(w, l->program->terms[t].spec.shape), NO_STORAGE };
}

bool fetch(lowering *l, const instruction *i, int t, wish w, location *out)
{
    *out = foresee(l, t, w);
    if (out->storage != NO_STORAGE) return true;
    copy *c = program_allocate(l->program, sizeof *c);
    if (!c) return false;
    *c = (copy){ w, new_location(l, out->array, false), l->copies[t] };
    if (!add_copy(l, i, &l->at[t], &c->at)) return false;
    l->copies[t] = c;
    *out = c->at;
    return true;
}

static bool prepare(lowering *l, step *s, const instruction *i)
{
    context *c = l->context;
    if (!s->kernel->prepare) return true;
    s->call.at = c->run.nodes[i->source]->at;
    ENTER_AS(i->op->name, s->call.at);
    current_kernel_set(c, &s->call);
    bool ok = s->kernel->prepare(&s->call, &s->prepared);
    current_kernel_set(c, NULL);
    if (!ok && !vt_failed())
        refuse_call(i->op->name, s->call.at, VT_ERROR_UNSUPPORTED, "device %s cannot prepare it", c->device->name);
    if (vt_failed()) return false;
    if (!s->prepared.scratch) return true;
    s->scratch = add_storage(l->plan, STORAGE_WORK, s->prepared.scratch);
    if (s->scratch == NO_STORAGE) return false;
    mark_used(l->plan, s->scratch);
    return true;
}

bool add_kernel_step(lowering *l, const instruction *i, const location *in, const array *seen)
{
    step *s = add_step(l, i->kernel, i, i->inputs, i->outputs);
    if (!s) return false;
    for (int k = 0; k < i->inputs + i->outputs; k++) {
        int t = k < i->inputs ? i->in[k] : i->out[k - i->inputs];
        s->storage[k] = NO_STORAGE;
        if (t != NO_TERM) set_argument(l, s, k, k < i->inputs ? &in[k] : &l->at[t], seen[k]);
    }
    return prepare(l, s, i);
}
