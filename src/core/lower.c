/* lower.c - from instructions to steps: where each term lies, in which layout and dtype, and the copies between. */
#include "core/refuse.h"
#include "core/error.h"
#include "core/entry.h"
#include "core/lower.h"
#include "core/capture.h"
#include "core/pass.h"
#include "core/plan.h"
#include "core/running.h"
#include <stdlib.h>
#include <string.h>

/* Where a term lies. The array's address is NOWHERE plus the offset in the storage. */
typedef struct location {
    array array;
    int storage; /* NO_STORAGE: nowhere yet */
} location;

/* What a kernel asks of an argument. */
typedef struct wish {
    vt_dtype dtype;
    enum { ANY_LAYOUT, CONTIGUOUS, CHANNELS_LAST } layout;
} wish;

/* A copy of a term made for a kernel, and there for the next that wants the same. */
typedef struct copy {
    wish wish;
    location at;
    struct copy *next;
} copy;

typedef struct lowering {
    context *context;
    plan *plan;
    program *program;
    location *at;               /* of each term */
    copy **copies;              /* of each term */
    int *last_use;              /* of each term, views of it included: an instruction */
    bool *escapes;              /* of each term: it, or a view of it, is a result */
    bool *half;                 /* of each term: it is stored as bf16 */
    bool in_place, write_parts; /* the passes are on */
    int now;                    /* the instruction being lowered */
} lowering;

/* -- What becomes of each term --------------------------------------------------------------------------------------
 */

/* Ops without a kernel pass memory on: their outputs are where their inputs are. */
static bool passes_memory_on(const instruction *i)
{
    return !i->kernel;
}

static void find_last_uses(lowering *l)
{
    const program *p = l->program;
    for (int t = 0; t < p->term_count; t++) {
        l->last_use[t] = NO_INSTRUCTION;
        l->escapes[t] = p->terms[t].result;
    }
    for (int n = p->count - 1; n >= 0; n--) {
        const instruction *i = &p->instructions[n];
        int last = n;
        bool escapes = false;
        for (int k = 0; passes_memory_on(i) && k < i->outputs; k++) {
            if (l->last_use[i->out[k]] > last) last = l->last_use[i->out[k]];
            escapes |= l->escapes[i->out[k]];
        }
        for (int k = 0; k < i->inputs; k++) {
            int t = i->in[k];
            if (t == NO_TERM) continue;
            if (last > l->last_use[t]) l->last_use[t] = last;
            l->escapes[t] |= escapes;
        }
    }
}

static bool has(uint32_t mask, int bit)
{
    return bit < 32 && mask >> bit & 1;
}

/* What readers make of a term that is stored as bf16: whether they take it, and whether they round it anyway. */
typedef struct readers {
    bool take, round;
} readers;

static void ask_readers(const program *p, readers *of)
{
    for (int t = 0; t < p->term_count; t++) of[t] = (readers){ !p->terms[t].result, !p->terms[t].result };
    for (int n = p->count - 1; n >= 0; n--) {
        const instruction *i = &p->instructions[n];
        for (int k = 0; k < i->inputs; k++) {
            if (i->in[k] == NO_TERM) continue;
            readers *r = &of[i->in[k]];
            bool take = i->kernel && has(i->kernel->bf16_in, k), round = take && has(i->op->rounded, k);
            for (int o = 0; passes_memory_on(i) && o < i->outputs; o++) {
                take = (o == 0 || take) && of[i->out[o]].take;
                round = (o == 0 || round) && of[i->out[o]].round;
            }
            r->take &= take;
            r->round &= round;
        }
    }
}

/* A term is stored as bf16 where that changes no value but for the rounding that the precision asks for: what a product
 * makes, or what only products read. */
static void choose_storage(lowering *l)
{
    const program *p = l->program;
    readers *of = program_allocate(l->program, (size_t)p->term_count * sizeof *of);
    if (l->context->precision != VT_BF16 || !of) return;
    ask_readers(p, of);
    for (int n = 0; n < p->count; n++) {
        const instruction *i = &p->instructions[n];
        for (int k = 0; k < i->outputs; k++) {
            int t = i->out[k];
            const term *made = &p->terms[t];
            bool half = made->spec.dtype == VT_F32 && of[t].take && made->uses > 0;
            if (i->kernel) {
                half = half && has(i->kernel->bf16_out, k) && (i->op->rounded || of[t].round);
            } else {
                for (int a = 0; a < i->inputs; a++) half = half && i->in[a] != NO_TERM && l->half[i->in[a]];
            }
            l->half[t] = half;
        }
    }
}

static vt_dtype stored_dtype(const lowering *l, int t)
{
    return l->half[t] ? VT_BF16 : l->program->terms[t].spec.dtype;
}

/* -- Storages and steps ---------------------------------------------------------------------------------------------
 */

static bool grow(plan *p, void **items, int count, int *capacity, size_t size)
{
    if (count < *capacity) return true;
    int larger = *capacity ? 2 * *capacity : 128;
    void *moved = program_allocate(&p->program, (size_t)larger * size);
    if (!moved) return false;
    if (count) memcpy(moved, *items, (size_t)count * size);
    *items = moved;
    *capacity = larger;
    return true;
}

static int add_storage(plan *p, enum storage_kind kind, size_t bytes)
{
    if (!grow(p, (void **)&p->storages, p->storage_count, &p->storage_capacity, sizeof *p->storages)) return NO_STORAGE;
    p->storages[p->storage_count] = (storage){ .kind = kind, .bytes = bytes, .first = -1, .last = -1, .written = -1 };
    return p->storage_count++;
}

static size_t array_bytes(const array *a)
{
    return (size_t)vt_shape_count(a->shape) * vt_dtype_size(a->dtype);
}

static location new_location(lowering *l, array a, bool escapes)
{
    return (location){ a, add_storage(l->plan, escapes ? STORAGE_RESULT : STORAGE_WORK, array_bytes(&a)) };
}

static step *add_step(lowering *l, const kernel *k, const instruction *i, int inputs, int outputs)
{
    plan *p = l->plan;
    if (!grow(p, (void **)&p->steps, p->step_count, &p->step_capacity, sizeof *p->steps)) return NULL;
    size_t count = (size_t)(inputs + outputs);
    array *arrays = program_allocate(&p->program, count * sizeof *arrays);
    int *storage = program_allocate(&p->program, count * sizeof *storage);
    int64_t *offset = program_allocate(&p->program, count * sizeof *offset);
    if (!arrays || !storage || !offset) return NULL;
    step *s = &p->steps[p->step_count++];
    *s = (step){ .kernel = k, .storage = storage, .offset = offset, .scratch = NO_STORAGE, .source = i->source };
    s->call = (kernel_call){ .op = i->op,
                             .attributes = i->attributes,
                             .inputs = inputs,
                             .outputs = outputs,
                             .in = arrays,
                             .out = arrays + inputs };
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

static bool add_copy(lowering *l, const instruction *i, const location *from, const location *to)
{
    step *s = to->storage == NO_STORAGE ? NULL : add_step(l, NULL, i, 1, 1);
    if (!s) return false;
    set_argument(l, s, 0, from, from->array);
    set_argument(l, s, 1, to, to->array);
    return true;
}

/* -- Inputs -------------------------------------------------------------------------------------------------------- */

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

/* Where the term lies as the kernel wants it: as it is, or as a copy. */
static bool fetch(lowering *l, const instruction *i, int t, wish w, location *out)
{
    *out = l->at[t];
    if (grants(out, w)) return true;
    for (const copy *c = l->copies[t]; c; c = c->next) {
        *out = c->at;
        if (grants(out, w)) return true;
    }
    copy *c = program_allocate(l->program, sizeof *c);
    if (!c) return false;
    *c = (copy){ w, new_location(l, array_for(w, l->program->terms[t].spec.shape), false), l->copies[t] };
    if (!add_copy(l, i, &l->at[t], &c->at)) return false;
    l->copies[t] = c;
    *out = c->at;
    return true;
}

static wish wish_of(const lowering *l, const instruction *i, const kernel *k, int input, bool plain)
{
    int t = i->in[input];
    vt_dtype dtype = l->program->terms[t].spec.dtype;
    bool takes_half = dtype == VT_F32 && has(k->bf16_in, input);
    bool rounds = takes_half && l->context->precision == VT_BF16 && has(i->op->rounded, input);
    wish w = { dtype, CONTIGUOUS };
    if (rounds || (takes_half && l->at[t].array.dtype == VT_BF16)) w.dtype = VT_BF16;
    if (has(k->channels_last_in, input) && l->program->terms[t].spec.shape.rank > 2)
        w.layout = CHANNELS_LAST;
    else if (!plain && (k->strided || k->elementwise))
        w.layout = ANY_LAYOUT;
    return w;
}

static bool fetch_inputs(lowering *l, const instruction *i, bool plain, location *in)
{
    for (int k = 0; k < i->inputs; k++)
        if (i->in[k] != NO_TERM && !fetch(l, i, i->in[k], wish_of(l, i, i->kernel, k, plain), &in[k])) return false;
    return true;
}

/* -- Outputs --------------------------------------------------------------------------------------------------------
 */

static bool place_output(lowering *l, int t, bool any_strides);

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

/* Whether what is written to t in the first place is spared a copy, even where only plain strides will do. */
static bool leads_to_parts(const lowering *l, int t)
{
    for (;;) {
        const instruction *r = reader_in_memory(l, t);
        if (!r || r->op->parts) return r != NULL;
        t = r->out[0];
    }
}

static bool place_output(lowering *l, int t, bool any_strides)
{
    if (l->at[t].storage != NO_STORAGE) return true;
    if ((any_strides || leads_to_parts(l, t)) && place_for_reader(l, t)) {
        if (any_strides || array_is_contiguous(&l->at[t].array)) return true;
    }
    array a = array_contiguous(NOWHERE, stored_dtype(l, t), l->program->terms[t].spec.shape);
    l->at[t] = new_location(l, a, l->escapes[t]);
    return l->at[t].storage != NO_STORAGE;
}

static bool place_outputs(lowering *l, const instruction *i)
{
    for (int k = 0; k < i->outputs; k++) {
        int t = i->out[k];
        vt_shape shape = l->program->terms[t].spec.shape;
        if (has(i->kernel->channels_last_out, k) && shape.rank > 2) {
            array a = array_channels_last(NOWHERE, stored_dtype(l, t), shape);
            l->at[t] = new_location(l, a, l->escapes[t]);
            if (l->at[t].storage == NO_STORAGE) return false;
        } else if (!place_output(l, t, i->kernel->strided_outputs)) {
            return false;
        }
    }
    return true;
}

/* -- Elementwise kernels: they see the axes in the order in which memory runs through them --------------------------
 */

typedef struct axis_order {
    int rank, axis[VT_MAX_RANK];
} axis_order;

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

/* The order of the first input that is as large as the output; false where that is the plain one. */
static bool choose_order(const lowering *l, const instruction *i, const location *in, axis_order *order)
{
    if (!i->kernel->elementwise || i->outputs != 1) return false;
    vt_shape shape = l->program->terms[i->out[0]].spec.shape;
    for (int k = 0; k < i->inputs; k++) {
        if (i->in[k] == NO_TERM || !vt_shape_equal(in[k].array.shape, shape)) continue;
        return !array_is_contiguous(&in[k].array) && order_of(&in[k].array, order);
    }
    return false;
}

static array in_order(array a, vt_shape shape, const axis_order *order)
{
    return array_permute(array_broadcast(a, shape), order->axis);
}

static bool all_contiguous(const array *arrays, int count)
{
    for (int k = 0; k < count; k++)
        if (arrays[k].data && !array_is_contiguous(&arrays[k])) return false;
    return true;
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
static bool overwrite_input(lowering *l, const instruction *i, const location *in, const array *seen, array wanted,
                            location *out)
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

static bool place_elementwise(lowering *l, const instruction *i, const location *in, const array *seen,
                              const axis_order *order)
{
    int t = i->out[0];
    if (l->at[t].storage != NO_STORAGE) return true;
    vt_shape shape = l->program->terms[t].spec.shape;
    array wanted = array_contiguous(NOWHERE, stored_dtype(l, t), shape), placed = wanted;
    if (order) {
        wanted = array_permute(wanted, order->axis);
        wanted = array_contiguous(NOWHERE, wanted.dtype, wanted.shape);
        for (int a = 0; a < shape.rank; a++) placed.stride[order->axis[a]] = wanted.stride[a];
    } else if (leads_to_parts(l, t)) {
        return place_output(l, t, false);
    }
    if (l->in_place && !l->escapes[t] && overwrite_input(l, i, in, seen, wanted, &l->at[t])) {
        l->at[t].array = placed;
        return true;
    }
    l->at[t] = new_location(l, placed, l->escapes[t]);
    return l->at[t].storage != NO_STORAGE;
}

/* -- Steps of kernels ------------------------------------------------------------------------------------------------
 */

static bool prepare(lowering *l, step *s, const instruction *i)
{
    context *c = l->context;
    if (!s->kernel->prepare) return true;
    s->call.at = c->run.nodes[i->source]->at;
    ENTER_AS(i->op->name, s->call.at);
    running_set(c, &s->call);
    bool ok = s->kernel->prepare(&s->call, &s->prepared);
    running_set(c, NULL);
    if (!ok && !vt_failed())
        refuse_call(i->op->name, s->call.at, VT_ERROR_UNSUPPORTED, "device %s cannot prepare it", c->device->name);
    if (!ok || !s->prepared.scratch) return ok;
    s->scratch = add_storage(l->plan, STORAGE_WORK, s->prepared.scratch);
    if (s->scratch == NO_STORAGE) return false;
    mark_used(l->plan, s->scratch);
    return true;
}

static bool supports(const instruction *i, const array *in, const array *out)
{
    kernel_call call = { .op = i->op,
                         .attributes = i->attributes,
                         .inputs = i->inputs,
                         .outputs = i->outputs,
                         .in = (array *)in,
                         .out = (array *)out };
    return !i->kernel->supports || i->kernel->supports(&call);
}

static bool add_kernel_step(lowering *l, const instruction *i, const location *in, const array *seen)
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

/* Arguments with the axes as they are. With `plain`, every input is contiguous and of its own dtype. */
static bool see_as_is(lowering *l, const instruction *i, location *in, array *seen)
{
    for (int k = 0; k < i->inputs; k++)
        if (i->in[k] != NO_TERM) seen[k] = in[k].array;
    bool elementwise = i->kernel->elementwise && i->outputs == 1;
    if (!(elementwise ? place_elementwise(l, i, in, seen, NULL) : place_outputs(l, i))) return false;
    for (int k = 0; k < i->outputs; k++) seen[i->inputs + k] = l->at[i->out[k]].array;
    return true;
}

static bool see_in_order(lowering *l, const instruction *i, const location *in, array *seen, const axis_order *order)
{
    vt_shape shape = l->program->terms[i->out[0]].spec.shape;
    for (int k = 0; k < i->inputs; k++)
        if (i->in[k] != NO_TERM) seen[k] = in_order(in[k].array, shape, order);
    if (!i->kernel->strided && !all_contiguous(seen, i->inputs)) return false;
    if (!place_elementwise(l, i, in, seen, order)) return false;
    seen[i->inputs] = array_permute(l->at[i->out[0]].array, order->axis);
    return array_is_contiguous(&seen[i->inputs]) && supports(i, seen, seen + i->inputs);
}

/* A kernel takes plain arguments at the least. */
static bool lower_plain(lowering *l, const instruction *i, location *in, array *seen)
{
    if (!fetch_inputs(l, i, true, in) || !see_as_is(l, i, in, seen)) return false;
    if (supports(i, seen, seen + i->inputs)) return add_kernel_step(l, i, in, seen);
    const node *n = l->context->run.nodes[i->source];
    return raise_error(VT_ERROR_UNSUPPORTED, n->at, "%s: the kernel of device %s does not take these arguments",
                       i->op->name, l->context->device->name);
}

static bool lower_kernel(lowering *l, const instruction *i)
{
    location *in = program_allocate(l->program, (size_t)(i->inputs + 1) * sizeof *in);
    array *seen = program_allocate(l->program, (size_t)(i->inputs + i->outputs) * sizeof *seen);
    axis_order order;
    if (!in || !seen || !fetch_inputs(l, i, false, in)) return false;
    if (choose_order(l, i, in, &order) && see_in_order(l, i, in, seen, &order)) return add_kernel_step(l, i, in, seen);
    bool plain = i->kernel->elementwise && !i->kernel->strided;
    if (!plain && see_as_is(l, i, in, seen) && supports(i, seen, seen + i->inputs))
        return add_kernel_step(l, i, in, seen);
    return l->program->failed ? false : lower_plain(l, i, in, seen);
}

/* -- Views and parts ------------------------------------------------------------------------------------------------
 */

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

static bool view(const instruction *i, const location *from, const spec *out_spec, array *views)
{
    node n = { .op = i->op,
               .inputs = i->inputs,
               .outputs = i->outputs,
               .out_spec = out_spec,
               .attributes = i->attributes,
               .attributes_size = i->attributes_size };
    for (int k = 0; k < i->outputs; k++) views[k] = (array){ .dtype = from->array.dtype, .shape = out_spec[k].shape };
    return i->op->view(&n, &from->array, views);
}

static bool lower_view(lowering *l, const instruction *i)
{
    array *views = program_allocate(l->program, (size_t)i->outputs * sizeof *views);
    spec *out_spec = program_allocate(l->program, (size_t)i->outputs * sizeof *out_spec);
    if (!views || !out_spec) return false;
    for (int k = 0; k < i->outputs; k++) out_spec[k] = l->program->terms[i->out[k]].spec;
    location from = l->at[i->in[0]];
    if (!view(i, &from, out_spec, views)) {
        if (!fetch(l, i, i->in[0], (wish){ from.array.dtype, CONTIGUOUS }, &from)) return false;
        if (l->escapes[i->in[0]]) l->plan->storages[from.storage].kind = STORAGE_RESULT;
        view(i, &from, out_spec, views);
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

/* -- Effects --------------------------------------------------------------------------------------------------------
 */

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
    for (int k = 0; i->op->writes && k < i->inputs; k++)
        if (i->op->writes(k) && !save_views(l, i, i->in[k])) return false;
    if (i->kernel) return lower_kernel(l, i);
    return i->op->view ? lower_view(l, i) : lower_parts(l, i);
}

/* -- The whole --------------------------------------------------------------------------------------------------------
 */

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
                   .half = program_allocate(q, terms * sizeof *l.half) };
    l.in_place = lowering_option_is_on(c, IN_PLACE);
    l.write_parts = lowering_option_is_on(c, WRITE_PARTS);
    if (q->failed || !place_leaves(&l)) return false;
    find_last_uses(&l);
    choose_storage(&l);
    for (l.now = 0; l.now < q->count; l.now++)
        if (!lower_instruction(&l, &q->instructions[l.now])) return false;
    return list_results(&l) && !q->failed;
}
