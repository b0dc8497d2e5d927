/* place.c - where what instructions make is put: in a place of its own, where a later op wants it, or over an input
 * that ends there. */
#include "core/plan/place.h"
#include "core/plan/emit.h"
#include "core/plan/liveness.h"

/* The view, or the parts, that read the term and pass its memory on. */
static const instruction *reader_in_memory(const lowering *l, int t)
{
    const program *p = l->program;
    if (!l->write_parts || p->terms[t].result) return NULL;
    for (int n = l->now + 1; n < p->count; n++) {
        const instruction *i = &p->instructions[n];
        if (i->kernel || i->outputs != 1 || (!i->op->unview && !i->op->parts)) continue;
        if (l->escapes[t] != l->escapes[i->out[0]] || stored_dtype(l, i->out[0]) != stored_dtype(l, t)) continue;
        for (int k = 0; k < i->inputs; k++)
            if (i->in[k] == t) return i;
    }
    return NULL;
}

static bool part_of(lowering *l, const instruction *i, int t, array *placed)
{
    array *parts = program_allocate(l->program, (size_t)i->inputs * sizeof *parts);
    if (!parts) return false;
    for (int k = 0; k < i->inputs; k++) parts[k].shape = l->program->terms[i->in[k]].spec.shape;
    i->op->parts(i->attributes, &l->at[i->out[0]].array, i->inputs, parts);
    for (int k = 0; k < i->inputs; k++)
        if (i->in[k] == t) *placed = parts[k];
    return true;
}

/* Places t where, through the view or the parts that read it, it is what comes out there. */
static bool place_for_reader(lowering *l, int t)
{
    const instruction *r = reader_in_memory(l, t);
    if (!r) return false;
    int whole = r->out[0];
    if (l->at[whole].storage == NO_STORAGE && !place_output(l, whole, true)) return false;
    array placed = { .dtype = l->at[whole].array.dtype, .shape = l->program->terms[t].spec.shape };
    if (!(r->op->unview ? r->op->unview(r->attributes, &l->at[whole].array, &placed) : part_of(l, r, t, &placed)))
        return false;
    l->at[t] = (location){ placed, l->at[whole].storage };
    return true;
}

bool leads_to_parts(const lowering *l, int t)
{
    for (;;) {
        const instruction *r = reader_in_memory(l, t);
        if (!r || r->op->parts) return r != NULL;
        t = r->out[0];
    }
}

bool place_output(lowering *l, int t, bool any_strides)
{
    if (l->at[t].storage != NO_STORAGE) return true;
    if ((any_strides || leads_to_parts(l, t)) && place_for_reader(l, t)) {
        if (any_strides || array_is_contiguous(&l->at[t].array)) return true;
    }
    array a = array_contiguous(NOWHERE, stored_dtype(l, t), l->program->terms[t].spec.shape);
    l->at[t] = new_location(l, a, l->escapes[t]);
    return l->at[t].storage != NO_STORAGE;
}

bool place_outputs(lowering *l, const instruction *i)
{
    for (int k = 0; k < i->outputs; k++) {
        int t = i->out[k];
        vt_shape shape = l->program->terms[t].spec.shape;
        if (l->at[t].storage != NO_STORAGE) continue;
        if (mask_has(i->kernel->channels_last_out, k) && shape.rank > 2) {
            array a = array_channels_last(NOWHERE, stored_dtype(l, t), shape);
            l->at[t] = new_location(l, a, l->escapes[t]);
            if (l->at[t].storage == NO_STORAGE) return false;
        } else if (!place_output(l, t, i->kernel->strided_outputs)) {
            return false;
        }
    }
    return true;
}

/* -- Elementwise kernels: they see the axes in the order in which memory runs through them -- */

/* The axes by falling stride; false where they do not fill their memory without gaps. */
static bool order_of(const array *a, axis_order *order)
{
    order->rank = a->shape.rank;
    for (int i = 0; i < order->rank; i++) {
        int k = i;
        for (; k > 0 && a->stride[order->axis[k - 1]] < a->stride[i]; k--) order->axis[k] = order->axis[k - 1];
        order->axis[k] = i;
    }
    array sorted = array_permute(*a, order->axis);
    return array_is_contiguous(&sorted);
}

bool choose_order(const lowering *l, const instruction *i, const location *in, axis_order *order)
{
    if (!i->kernel->elementwise || i->outputs != 1) return false;
    vt_shape shape = l->program->terms[i->out[0]].spec.shape;
    for (int k = 0; k < i->inputs; k++) {
        if (i->in[k] == NO_TERM || !vt_shape_equal(in[k].array.shape, shape)) continue;
        return !array_is_contiguous(&in[k].array) && order_of(&in[k].array, order);
    }
    return false;
}

array in_order(array a, vt_shape shape, const axis_order *order)
{
    return array_permute(array_broadcast(a, shape), order->axis);
}

/* Whether no term that lies there, and none whose copy does, is read later. */
static bool ends_here(const lowering *l, int storage)
{
    for (int t = 0; t < l->program->term_count; t++) {
        if (l->last_use[t] <= l->now) continue;
        if (l->at[t].storage == storage) return false;
        for (const copy *c = l->copies[t]; c; c = c->next)
            if (c->at.storage == storage) return false;
    }
    return true;
}

/* The memory of an input that ends here serves for the output: the kernel reads each element before it writes there. */
static bool overwrite_input(const lowering *l, const instruction *i, const location *in, const array *seen,
                            array wanted, location *out)
{
    for (int k = 0; k < i->inputs; k++) {
        int t = i->in[k];
        if (t == NO_TERM || in[k].storage != l->at[t].storage || l->last_use[t] > l->now || l->escapes[t]) continue;
        const storage *s = &l->plan->storages[in[k].storage];
        bool alone = s->kind == STORAGE_WORK && s->bytes == array_bytes(&wanted) && ends_here(l, in[k].storage);
        for (int other = 0; alone && other < i->inputs; other++)
            alone = i->in[other] == NO_TERM || in[other].storage != in[k].storage ||
                    (array_is_contiguous(&seen[other]) && vt_shape_equal(seen[other].shape, wanted.shape));
        if (!alone || seen[k].dtype != wanted.dtype || !vt_shape_equal(seen[k].shape, wanted.shape) ||
            !array_is_contiguous(&seen[k]))
            continue;
        *out = (location){ wanted, in[k].storage };
        return true;
    }
    return false;
}

location decide_elementwise(const lowering *l, const instruction *i, const location *in, const array *seen,
                            const axis_order *order)
{
    int t = i->out[0];
    if (l->at[t].storage != NO_STORAGE) return l->at[t];
    vt_shape shape = l->program->terms[t].spec.shape;
    array wanted = array_contiguous(NOWHERE, stored_dtype(l, t), shape), placed = wanted;
    if (order) {
        wanted = array_permute(wanted, order->axis);
        wanted = array_contiguous(NOWHERE, wanted.dtype, wanted.shape);
        for (int a = 0; a < shape.rank; a++) placed.stride[order->axis[a]] = wanted.stride[a];
    }
    location out;
    bool overwrites = l->in_place && !l->escapes[t] && overwrite_input(l, i, in, seen, wanted, &out);
    return (location){ placed, overwrites ? out.storage : NO_STORAGE };
}
