/* lower.c - from instructions to steps: for each it is decided how its arguments lie, and then what that takes is added
 * to the plan. */
#include "core/plan/lower.h"
#include "core/plan/emit.h"
#include "core/base/error.h"
#include "core/plan/liveness.h"
#include "core/plan/pass.h"
#include "core/plan/place.h"

/* -- Kernels -- */

static wish wish_of(const lowering *l, const instruction *i, const kernel *k, int input, bool plain)
{
    int t = i->in[input];
    vt_dtype dtype = l->program->terms[t].spec.dtype;
    bool takes_bf16 = dtype == VT_F32 && mask_has(k->bf16_in, input);
    bool rounds = takes_bf16 && l->context->precision == VT_BF16 && mask_has(i->op->rounded, input);
    wish w = { dtype, CONTIGUOUS };
    if (rounds || (takes_bf16 && l->at[t].array.dtype == VT_BF16)) w.dtype = VT_BF16;
    if (mask_has(k->channels_last_in, input) && l->program->terms[t].spec.shape.rank > 2)
        w.layout = CHANNELS_LAST;
    else if (!plain && (k->strided || k->elementwise))
        w.layout = ANY_LAYOUT;
    return w;
}

static bool all_contiguous(const array *arrays, int count)
{
    for (int k = 0; k < count; k++)
        if (arrays[k].data && !array_is_contiguous(&arrays[k])) return false;
    return true;
}

/* How a kernel is called: decided before anything is added to the plan. */
typedef struct decision {
    wish *wish;              /* of each input */
    location *in;            /* where each input will lie; no storage: a copy that is yet to be made */
    array *seen;             /* each argument as the kernel sees it */
    location out;            /* of an elementwise kernel: where its output will lie; no storage: in a new one */
    const axis_order *order; /* in which it sees the axes; NULL: as they are */
} decision;

static bool make_room(lowering *l, const instruction *i, decision *d)
{
    size_t inputs = (size_t)i->inputs, all = inputs + (size_t)i->outputs;
    *d = (decision){ .wish = program_allocate(l->program, inputs * sizeof *d->wish),
                     .in = program_allocate(l->program, inputs * sizeof *d->in),
                     .seen = program_allocate(l->program, all * sizeof *d->seen) };
    return d->wish && d->in && d->seen;
}

static bool is_elementwise(const instruction *i)
{
    return i->kernel->elementwise && i->outputs == 1;
}

static void foresee_inputs(const lowering *l, const instruction *i, bool plain, decision *d)
{
    for (int k = 0; k < i->inputs; k++) {
        if (i->in[k] == NO_TERM) continue;
        d->wish[k] = wish_of(l, i, i->kernel, k, plain);
        d->in[k] = foresee(l, i->in[k], d->wish[k]);
        d->seen[k] = d->in[k].array;
    }
}

static bool supports(const instruction *i, array *seen)
{
    kernel_call call = call_of(i->op, i->attributes, i->inputs, i->outputs, seen);
    return !i->kernel->supports || i->kernel->supports(&call);
}

static bool decide_in_order(const lowering *l, const instruction *i, const axis_order *order, decision *d)
{
    vt_shape shape = l->program->terms[i->out[0]].spec.shape;
    for (int k = 0; k < i->inputs; k++)
        if (i->in[k] != NO_TERM) d->seen[k] = in_order(d->in[k].array, shape, order);
    if (!i->kernel->strided && !all_contiguous(d->seen, i->inputs)) return false;
    d->order = order;
    d->out = decide_elementwise(l, i, d->in, d->seen, order);
    d->seen[i->inputs] = array_permute(d->out.array, order->axis);
    return array_is_contiguous(&d->seen[i->inputs]) && supports(i, d->seen);
}

/* Outputs are where they will be in any case, but for the memory of an input that the output is written over. */
static bool decide_as_is(lowering *l, const instruction *i, bool plain, decision *d)
{
    foresee_inputs(l, i, plain, d);
    d->order = NULL;
    if (!is_elementwise(i)) {
        if (!place_outputs(l, i)) return false;
        for (int k = 0; k < i->outputs; k++) d->seen[i->inputs + k] = l->at[i->out[k]].array;
    } else {
        if (leads_to_parts(l, i->out[0]) && !place_output(l, i->out[0], false)) return false;
        d->out = decide_elementwise(l, i, d->in, d->seen, NULL);
        d->seen[i->inputs] = d->out.array;
    }
    return supports(i, d->seen);
}

/* A kernel that takes any strides, or any order of axes, is spared copies; all take plain arguments. */
static bool decide(lowering *l, const instruction *i, axis_order *order, decision *d)
{
    foresee_inputs(l, i, false, d);
    if (is_elementwise(i) && choose_order(l, i, d->in, order) && decide_in_order(l, i, order, d)) return true;
    bool plain = i->kernel->elementwise && !i->kernel->strided;
    if ((!plain && decide_as_is(l, i, false, d)) || decide_as_is(l, i, true, d)) return true;
    const node *n = l->context->run.nodes[i->source];
    return !l->program->failed &&
           raise_error(VT_ERROR_UNSUPPORTED, n->at, "%s: the kernel of device %s does not take these arguments",
                       i->op->name, l->context->device->name);
}

static bool lower_kernel(lowering *l, const instruction *i)
{
    decision d;
    axis_order order;
    if (!make_room(l, i, &d) || !decide(l, i, &order, &d)) return false;
    for (int k = 0; k < i->inputs; k++)
        if (i->in[k] != NO_TERM && !fetch(l, i, i->in[k], d.wish[k], &d.in[k])) return false;
    if (is_elementwise(i)) {
        if (d.out.storage == NO_STORAGE) d.out = new_location(l, d.out.array, l->escapes[i->out[0]]);
        if (d.out.storage == NO_STORAGE) return false;
        l->at[i->out[0]] = d.out;
    }
    return add_kernel_step(l, i, d.in, d.seen);
}

/* -- Views and parts ----------------------------------------------------------------------------------------------- */

static bool same_place(const location *a, const location *b)
{
    if (a->storage != b->storage || a->array.data != b->array.data || a->array.dtype != b->array.dtype) return false;
    for (int i = 0; i < a->array.shape.rank; i++)
        if (a->array.shape.dim[i] != 1 && a->array.stride[i] != b->array.stride[i]) return false;
    return true;
}

/* Puts a term at a location; where it has one already, what is there goes to it. */
static bool put(lowering *l, const instruction *i, int t, const location *there)
{
    if (l->at[t].storage == NO_STORAGE) {
        l->at[t] = *there;
        return true;
    }
    if (vt_shape_count(there->array.shape) == 0 || same_place(&l->at[t], there)) return true;
    return add_copy(l, i, there, &l->at[t]);
}

static bool view(const lowering *l, const instruction *i, const location *from, array *views)
{
    for (int k = 0; k < i->outputs; k++)
        views[k] = (array){ .dtype = from->array.dtype, .shape = l->program->terms[i->out[k]].spec.shape };
    return i->op->view(i->attributes, &from->array, i->outputs, views);
}

static bool lower_view(lowering *l, const instruction *i)
{
    array *views = program_allocate(l->program, (size_t)i->outputs * sizeof *views);
    if (!views) return false;
    location from = l->at[i->in[0]];
    if (!view(l, i, &from, views)) {
        if (!fetch(l, i, i->in[0], (wish){ from.array.dtype, CONTIGUOUS }, &from)) return false;
        if (l->escapes[i->in[0]]) l->plan->storages[from.storage].kind = STORAGE_RESULT;
        view(l, i, &from, views);
    }
    for (int k = 0; k < i->outputs; k++) {
        views[k].dtype = from.array.dtype;
        if (!put(l, i, i->out[k], &(location){ views[k], from.storage })) return false;
    }
    return true;
}

static bool lower_parts(lowering *l, const instruction *i)
{
    array *parts = program_allocate(l->program, (size_t)i->inputs * sizeof *parts);
    if (!parts || !place_output(l, i->out[0], false)) return false;
    const location whole = l->at[i->out[0]];
    for (int k = 0; k < i->inputs; k++) parts[k].shape = l->program->terms[i->in[k]].spec.shape;
    i->op->parts(i->attributes, &whole.array, i->inputs, parts);
    for (int k = 0; k < i->inputs; k++) {
        const location part = { parts[k], whole.storage }, *from = &l->at[i->in[k]];
        if (vt_shape_count(parts[k].shape) == 0 || same_place(from, &part)) continue;
        if (!add_copy(l, i, from, &part)) return false;
    }
    return true;
}

/* -- Effects ------------------------------------------------------------------------------------------------------- */

/* What an effect is about to overwrite, and a view of it that the effect or a later op reads, is first copied. */
static bool save_views(lowering *l, const instruction *i, int written)
{
    int storage = l->at[written].storage;
    for (int t = 0; t < l->program->term_count; t++) {
        if (l->at[t].storage != storage) continue;
        l->copies[t] = NULL;
        if (t == written || (l->last_use[t] < l->now && !l->escapes[t])) continue;
        const location from = l->at[t];
        array a = array_contiguous(NOWHERE, from.array.dtype, from.array.shape);
        l->at[t] = new_location(l, a, l->escapes[t]);
        if (!add_copy(l, i, &from, &l->at[t])) return false;
    }
    return true;
}

static bool lower_instruction(lowering *l, const instruction *i)
{
    for (int k = 0; k < i->inputs; k++)
        if (program_overwrites(i, k) && !save_views(l, i, i->in[k])) return false;
    if (i->kernel) return lower_kernel(l, i);
    return i->op->view ? lower_view(l, i) : lower_parts(l, i);
}

/* -- The whole ----------------------------------------------------------------------------------------------------- */

static bool place_leaves(lowering *l)
{
    for (int t = 0; t < l->program->term_count; t++) {
        const term *leaf = &l->program->terms[t];
        l->at[t].storage = NO_STORAGE;
        if (leaf->leaf == NO_LEAF) continue;
        l->at[t] = (location){ leaf->array, add_storage(l->plan, STORAGE_LEAF, 0) };
        if (l->at[t].storage == NO_STORAGE) return false;
        l->plan->storages[l->at[t].storage].leaf = leaf->leaf;
    }
    return true;
}

/* Results lie in memory as tensors of their dtype. */
static bool list_results(lowering *l)
{
    plan *p = l->plan;
    const run_state *r = &l->context->run;
    int count = 0;
    for (size_t n = 0; n < r->node_count; n++) count += r->nodes[n]->outputs;
    p->results = program_allocate(&p->program, (size_t)count * sizeof *p->results);
    if (!p->results) return false;
    int t = p->program.leaves;
    for (size_t n = 0; n < r->node_count; n++) {
        for (int k = 0; k < r->nodes[n]->outputs; k++, t++) {
            if (!p->program.terms[t].result) continue;
            const location *at = &l->at[t];
            p->results[p->result_count++] =
                (result){ (int)n, k, at->array, at->storage, (char *)at->array.data - (char *)NOWHERE };
        }
    }
    return true;
}

bool lower(plan *p, context *c)
{
    program *q = &p->program;
    size_t terms = (size_t)q->term_count;
    lowering l = { .context = c,
                   .plan = p,
                   .program = q,
                   .at = program_allocate(q, terms * sizeof *l.at),
                   .copies = program_allocate(q, terms * sizeof *l.copies),
                   .last_use = program_allocate(q, terms * sizeof *l.last_use),
                   .escapes = program_allocate(q, terms * sizeof *l.escapes),
                   .bf16 = program_allocate(q, terms * sizeof *l.bf16) };
    l.in_place = lowering_option_is_on(c, IN_PLACE);
    l.write_parts = lowering_option_is_on(c, WRITE_PARTS);
    if (q->failed || !place_leaves(&l)) return false;
    find_liveness(&l);
    for (l.now = 0; l.now < q->count; l.now++)
        if (!lower_instruction(&l, &q->instructions[l.now])) return false;
    return list_results(&l) && !q->failed;
}
