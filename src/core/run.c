/* run.c - computing what was recorded: which nodes are needed, in which order, and how long each value lives. */
#include "core/context.h"
#include "core/log.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Part of the run under way; runs nest where a node is decomposed. */
typedef struct job {
    context *context;
    uint64_t epoch;
    enum run_mode mode;
    node *earliest;
    int outstanding; /* nodes marked and not yet met, on the way back */
} job;

/* -- Which nodes are needed -------------------------------------------------------------------------------------- */

static void mark_node(job *j, node *n)
{
    if (n->mark == j->epoch) return;
    n->mark = j->epoch;
    j->outstanding++;
    if (!j->earliest || n->sequence < j->earliest->sequence) j->earliest = n;
}

/* Marks the producer of a value that is not there; counts a reader, or a root that no reader's end releases. */
static void need(job *j, vt_tensor x, bool root)
{
    value *v = value_of(j->context, x);
    if (!v || (v->buffer && v->run != j->epoch)) return;
    if (v->run != j->epoch) {
        v->run = j->epoch;
        v->uses = 0;
        v->root = false;
        if (v->producer) mark_node(j, v->producer);
    }
    v->uses += !root;
    v->root |= root;
}

static bool is_loose_end(const job *j, const node *n)
{
    if (j->mode != RUN_EVERYTHING || n->sequence <= j->context->swept || n->done || n->op->writes) return false;
    for (int i = 0; i < n->outputs; i++) {
        const value *v = value_of(j->context, n->out[i]);
        if (v && !v->consumed && !v->internal) return true;
    }
    return false;
}

/* One pass from the last node to the earliest needed: recorded order is a topological order. */
static void mark_needed(job *j)
{
    const context *c = j->context;
    int effects = j->mode == RUN_TARGETS ? 0 : c->pending_effects;
    const node *before = j->mode == RUN_FRAME ? c->frames[c->depth].last_node : NULL;
    for (node *n = c->last; n != before; n = n->previous) {
        bool effect = effects && n->op->writes && !n->done;
        bool loose = is_loose_end(j, n);
        if (effect || loose) mark_node(j, n);
        effects -= effect;
        if (n->mark == j->epoch) {
            j->outstanding--;
            for (int i = 0; i < n->inputs; i++) need(j, n->in[i], false);
            for (int i = 0; loose && i < n->outputs; i++) need(j, n->out[i], true);
        }
        if (j->outstanding == 0 && effects == 0 && (j->mode != RUN_EVERYTHING || n->sequence <= c->swept)) break;
    }
}

/* -- One node ----------------------------------------------------------------------------------------------------- */

static bool inputs_are_current(context *c, const node *n)
{
    for (int i = 0; i < n->inputs; i++) {
        if (n->in[i].id == 0) continue;
        const value *v = value_of(c, n->in[i]);
        if (!v || !v->buffer) {
            refuse_call(n->op->name, n->at, VT_ERROR_HANDLE, "input %d ended before this op was computed", i);
            return false;
        }
        if (v->producer || v->executed_version == n->in_version[i]) continue;
        refuse_call(n->op->name, n->at, VT_ERROR_HANDLE,
                    "a result was read after input %d, which it depends on, was updated; read or vt_keep it before the "
                    "update",
                    i);
        return false;
    }
    return true;
}

enum { FEW = 32 };

/* A contiguous copy of an input that a kernel cannot take as it is. */
static bool make_contiguous(context *c, array *a, buffer **held)
{
    size_t bytes = (size_t)vt_shape_count(a->shape) * vt_dtype_size(a->dtype);
    *held = buffer_new(c, bytes);
    if (!*held) return false;
    array packed = array_contiguous((*held)->data, a->dtype, a->shape);
    array_copy(&packed, a);
    *a = packed;
    return true;
}

/* Each output as a view of memory that they then share. */
static void set_views(context *c, const node *n, const array *views, buffer *memory)
{
    for (int i = 0; i < n->outputs; i++) {
        value *out = value_of(c, n->out[i]);
        if (!out) continue;
        value_drop_buffer(c, out);
        out->buffer = buffer_share(memory);
        out->array = views[i];
    }
}

static bool run_view(context *c, const node *n)
{
    array few[FEW], *views = n->outputs <= FEW ? few : calloc((size_t)n->outputs, sizeof *views);
    if (!views) return raise_error(VT_ERROR_MEMORY, n->at, "out of memory to run %s", n->op->name);
    const value *in = value_of(c, n->in[0]);
    array from = in->array;
    for (int i = 0; i < n->outputs; i++)
        views[i] = (array){ .dtype = n->out_spec[i].dtype, .shape = n->out_spec[i].shape };
    buffer *memory = buffer_share(in->buffer);
    bool ok = n->op->view(n, &from, views);
    if (!ok) {
        buffer_release(c, memory);
        memory = NULL;
        ok = make_contiguous(c, &from, &memory) && n->op->view(n, &from, views);
    }
    if (ok) set_views(c, n, views, memory);
    buffer_release(c, memory);
    if (views != few) free(views);
    return ok;
}

static bool is_written(const node *n, int i)
{
    return n->op->writes && n->op->writes(i);
}

/* What is overwritten while another value still looks at it is first copied for the one that is written. */
static bool own_written(context *c, const node *n)
{
    for (int i = 0; i < n->inputs; i++) {
        value *v = value_of(c, n->in[i]);
        if (!is_written(n, i) || (v->buffer->references == 1 && array_is_contiguous(&v->array))) continue;
        array packed = v->array;
        buffer *held;
        if (!make_contiguous(c, &packed, &held)) return false;
        buffer_release(c, v->buffer);
        v->buffer = held;
        v->array = packed;
    }
    return true;
}

static bool allocate_outputs(context *c, const node *n)
{
    for (int i = 0; i < n->outputs; i++) {
        value *v = value_of(c, n->out[i]);
        if (v && !v->buffer && !value_allocate(c, v)) return false;
    }
    return true;
}

/* What the values' memory is now. */
static void fill_arrays(context *c, const node *n, kernel_call *call)
{
    for (int i = 0; i < n->inputs; i++)
        if (n->in[i].id) call->in[i] = value_of(c, n->in[i])->array;
    for (int i = 0; i < n->outputs; i++) {
        const value *v = value_of(c, n->out[i]);
        call->out[i] = v && v->buffer ? v->array : array_contiguous(NULL, n->out_spec[i].dtype, n->out_spec[i].shape);
    }
}

/* Memory that the kernel needs beside the values': contiguous copies of inputs, and outputs that have ended. */
static bool hold_memory(context *c, const node *n, const kernel *k, kernel_call *call, buffer **held)
{
    bool ok = true;
    for (int i = 0; ok && !k->strided && i < n->inputs; i++)
        if (call->in[i].data && !array_is_contiguous(&call->in[i])) ok = make_contiguous(c, &call->in[i], &held[i]);
    for (int i = 0; ok && i < n->outputs; i++) {
        array *out = &call->out[i];
        if (out->data) continue;
        buffer *b = held[n->inputs + i] = buffer_new(c, (size_t)vt_shape_count(out->shape) * vt_dtype_size(out->dtype));
        ok = b != NULL;
        if (ok) out->data = b->data;
    }
    return ok;
}

/* Errors that the kernel raises, of data that was not there when the op was recorded, name the op and its site. */
static bool run_as(context *c, const node *n, const kernel *k, const kernel_call *call)
{
    const char *name = c->call;
    vt_site site = c->site;
    c->call = n->op->name;
    c->site = n->at;
    bool ok = k->run(call);
    c->call = name;
    c->site = site;
    return ok;
}

static bool call_kernel(context *c, const node *n, const kernel *k, kernel_call *call)
{
    buffer *few[FEW] = { 0 };
    int count = n->inputs + n->outputs;
    buffer **held = count <= FEW ? few : calloc((size_t)count, sizeof *held);
    bool ok = held && hold_memory(c, n, k, call, held) && run_as(c, n, k, call);
    for (int i = 0; held && i < count; i++) buffer_release(c, held[i]);
    if (held != few) free(held);
    if (!held) return raise_error(VT_ERROR_MEMORY, n->at, "out of memory to run %s", n->op->name);
    if (!ok && c->error.status == VT_OK)
        refuse_call(n->op->name, n->at, VT_ERROR_UNSUPPORTED, "the kernel of device %s failed", c->device->name);
    return ok;
}

static bool run_decomposed(context *c, const node *n);

/* The device's own kernel, or else the decomposition (NULL), or else the fallback. */
static const kernel *kernel_for(const context *c, const op *op, const kernel_call *call)
{
    const kernel *k = c->device->kernel_of(op);
    if (op->decompose && (c->force_decompose || !k || (k->supports && !k->supports(call)))) return NULL;
    return k && (!k->supports || k->supports(call)) ? k : c->device->fallback_of(op);
}

static bool run_kernel(context *c, const node *n)
{
    array few[FEW] = { 0 };
    size_t count = (size_t)n->inputs + (size_t)n->outputs;
    array *arrays = count <= FEW ? few : calloc(count, sizeof *arrays);
    if (!arrays) return raise_error(VT_ERROR_MEMORY, n->at, "out of memory to run %s", n->op->name);
    kernel_call call = { n->op, n->attributes, &n->bound, n->inputs, n->outputs, arrays, arrays + n->inputs, n->at };
    fill_arrays(c, n, &call);
    const kernel *k = kernel_for(c, n->op, &call);
    bool ok;
    if (!k) {
        ok = run_decomposed(c, n);
    } else if ((ok = own_written(c, n) && allocate_outputs(c, n))) {
        fill_arrays(c, n, &call);
        ok = call_kernel(c, n, k, &call);
    }
    for (int i = 0; !ok && i < n->outputs; i++) { /* what a kernel left undone is no value */
        value *v = value_of(c, n->out[i]);
        if (v) value_drop_buffer(c, v);
    }
    if (arrays != few) free(arrays);
    return ok;
}

/* -- Decomposition: the op as a graph of simpler ones, run in a scope of its own ----------------------------------- */

static void move_buffer(context *c, vt_tensor from, vt_tensor to)
{
    value *source = value_of(c, from), *target = value_of(c, to);
    if (!target || target->buffer) return;
    target->buffer = buffer_share(source->buffer);
    target->array = source->array;
}

static bool record_decomposition(context *c, const node *n, vt_tensor *out)
{
    const char *call = c->call;
    vt_site site = c->site;
    c->call = n->op->name;
    c->site = n->at;
    c->internal++;
    n->op->decompose(n, out);
    c->internal--;
    c->call = call;
    c->site = site;
    return c->error.status == VT_OK;
}

static bool run_decomposed(context *c, const node *n)
{
    if (!n->op->decompose)
        return raise_error(VT_ERROR_UNSUPPORTED, n->at,
                           "%s: device %s has no kernel for it, and it has no decomposition", n->op->name,
                           c->device->name);
    vt_tensor few[FEW] = { 0 }, *out = n->outputs <= FEW ? few : calloc((size_t)n->outputs, sizeof *out);
    if (!out) return raise_error(VT_ERROR_MEMORY, n->at, "out of memory to run %s", n->op->name);
    bool ok = frame_push(c), outermost = !c->decomposing;
    if (ok) {
        c->decomposing = true;
        ok = record_decomposition(c, n, out) && run(c, out, n->outputs, RUN_FRAME);
        for (int i = 0; ok && i < n->outputs; i++) move_buffer(c, out[i], n->out[i]);
        frame_pop(c);
        c->decomposing = !outermost;
    }
    if (out != few) free(out);
    return ok;
}

/* -- The run --------------------------------------------------------------------------------------------------------
 */

static void release_read(job *j, const node *n)
{
    for (int i = 0; i < n->inputs; i++) {
        value *v = value_of(j->context, n->in[i]);
        if (!v || v->run != j->epoch || --v->uses > 0) continue;
        if (v->producer && !v->root && !v->kept && !j->context->eager) value_drop_buffer(j->context, v);
    }
    for (int i = 0; i < n->outputs; i++) {
        value *v = value_of(j->context, n->out[i]);
        if (v && v->run != j->epoch && v->buffer && !v->kept && !j->context->eager) value_drop_buffer(j->context, v);
    }
}

static bool run_node(job *j, node *n)
{
    context *c = j->context;
    bool again = n->done;
    if (!n->done && n->op->writes) c->pending_effects--;
    n->done = true;
    if (!inputs_are_current(c, n) || !(n->op->view ? run_view(c, n) : run_kernel(c, n))) {
        n->done = again; /* it stays to be done */
        c->pending_effects += !again && n->op->writes;
        return false;
    }
    for (int i = 0; !c->decomposing && i < n->inputs; i++)
        if (is_written(n, i)) value_of(c, n->in[i])->executed_version++;
    c->statistics.nodes_run++;
    if (again) {
        c->statistics.nodes_recomputed++;
        log_line("run", "%s at %s:%d computed again: its value was read after it had been let go", n->op->name,
                 n->at.file, n->at.line);
    }
    release_read(j, n);
    return true;
}

bool run(context *c, vt_tensor *targets, int count, enum run_mode mode)
{
    job j = { .context = c, .epoch = ++c->epoch, .mode = mode };
    for (int i = 0; i < count; i++) need(&j, targets[i], true);
    mark_needed(&j);
    /* A loose end that cannot be computed is not tried again until it is read: others are to be had without it. */
    if (mode == RUN_EVERYTHING) c->swept = c->sequence;
    node *next;
    for (node *n = j.earliest; n; n = next) {
        if (n->mark == j.epoch && !run_node(&j, n)) return false;
        next = n->next;
    }
    return true;
}

value *compute(vt_site at, const char *call, vt_tensor x)
{
    context *c = context_get();
    spec s;
    if (c->error.status != VT_OK || !spec_of(call, at, "x", x, &s)) return NULL;
    value *v = value_of(c, x);
    if ((!v->buffer || c->pending_effects) && !run(c, &x, 1, RUN_EVERYTHING)) return NULL;
    if (v->buffer) return v;
    refuse_call(call, at, VT_ERROR_HANDLE, "x has no value");
    return NULL;
}

/* -- Eager mode ------------------------------------------------------------------------------------------------------
 */

/* 1: has a NaN, 2: has an infinity. `where` gets the row-major number of the first. */
static int non_finite(const array *a, int64_t where[3])
{
    if (!a->data || !vt_dtype_is_float(a->dtype)) return 0;
    int found = 0;
    int64_t count = vt_shape_count(a->shape);
    for (int64_t i = 0; i < count && found != 3; i++) {
        double x = array_get(a, array_offset(a, i));
        int kind = isnan(x) ? 1 : isinf(x) ? 2 : 0;
        if (kind & ~found) where[kind] = i;
        found |= kind;
    }
    return found;
}

static const char *index_text(vt_shape shape, int64_t number, char text[128])
{
    vt_shape index = { .rank = shape.rank };
    for (int i = shape.rank - 1; i >= 0; i--) {
        index.dim[i] = number % shape.dim[i];
        number /= shape.dim[i];
    }
    return vt_shape_text(index, text);
}

static bool check_finite(context *c, const node *n)
{
    int64_t where[3];
    int before = n->inputs ? 0 : 3; /* what is created as infinite is meant */
    for (int i = 0; i < n->inputs; i++) {
        const value *v = value_of(c, n->in[i]);
        if (v && !is_written(n, i)) before |= non_finite(&v->array, where);
    }
    for (int i = 0; i < n->inputs + n->outputs; i++) {
        bool result = i >= n->inputs || is_written(n, i);
        const value *v = value_of(c, i < n->inputs ? n->in[i] : n->out[i - n->inputs]);
        int fresh = v && result ? non_finite(&v->array, where) & ~before : 0;
        if (!fresh) continue;
        int kind = fresh & 1 ? 1 : 2;
        char index[128];
        refuse_call(n->op->name, n->at, VT_ERROR_NUMERIC, "the result has %s at %s, and no input has",
                    kind == 1 ? "a NaN" : "an infinity", index_text(v->spec.shape, where[kind], index));
        return false;
    }
    return true;
}

bool run_eagerly(context *c, node *n)
{
    return run(c, n->out, n->outputs, RUN_EFFECTS) && check_finite(c, n);
}
