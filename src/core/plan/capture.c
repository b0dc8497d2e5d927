/* capture.c - from recorded nodes to a program, and the choice of a kernel for each instruction: an op that the device
 * has none for becomes the instructions of its decomposition. */
#include "core/base/error.h"
#include "core/base/entry.h"
#include "core/plan/demand.h"
#include "core/plan/capture.h"
#include <stdlib.h>
#include <string.h>

/* -- Nodes to instructions ----------------------------------------------------------------------------------------- */

static void add_leaves(program *p, const run_state *r)
{
    for (size_t i = 0; i < r->leaf_count && !p->failed; i++) {
        int t = program_add_term(p, r->leaves[i]->spec);
        if (t == NO_TERM) return;
        p->terms[t].leaf = p->leaves++;
        p->terms[t].array = r->leaves[i]->array;
        p->terms[t].array.data = NOWHERE;
        r->leaves[i]->term = t;
    }
}

static int term_of(context *c, vt_tensor x)
{
    const value *v = value_of(c, x);
    return v ? v->term : NO_TERM;
}

/* The node's outputs get terms of their own; a value that has ended has one that nobody reads. */
static void add_node(program *p, context *c, const node *n, int source)
{
    instruction *i = program_add(p, n->op, n->inputs, n->outputs);
    void *attributes = program_allocate(p, n->attributes_size);
    if (!i || !attributes) return;
    if (n->attributes_size) memcpy(attributes, n->attributes, n->attributes_size);
    i->attributes = attributes;
    i->attributes_size = n->attributes_size;
    i->source = source;
    for (int k = 0; k < n->inputs; k++) i->in[k] = n->in[k].id ? term_of(c, n->in[k]) : NO_TERM;
    for (int k = 0; k < n->outputs; k++) {
        value *v = value_of(c, n->out[k]);
        i->out[k] = program_add_term(p, n->out_spec[k]);
        if (v && !v->buffer) v->term = i->out[k];
    }
}

void capture(program *p, context *c)
{
    const run_state *r = &c->run;
    add_leaves(p, r);
    for (size_t i = 0; i < r->node_count && !p->failed; i++) {
        const node *n = r->nodes[i];
        add_node(p, c, n, (int)i);
        for (int k = 0; k < n->outputs && !p->failed; k++)
            p->terms[p->instructions[p->count - 1].out[k]].result = is_result(c, value_of(c, n->out[k]));
    }
    program_index(p);
}

/* -- Kernels ------------------------------------------------------------------------------------------------------- */

/* Another name for a term: what a decomposition gives back may be one of its inputs. */
static bool same_view(const void *attributes, const array *in, int outputs, array *out)
{
    (void)attributes, (void)outputs;
    *out = *in;
    return true;
}
static const op op_same = { .name = "same", .min_inputs = 1, .max_inputs = 1, .outputs = 1, .view = same_view };

static void add_same(program *p, int from, int to, int source)
{
    instruction *i = program_add(p, &op_same, 1, 1);
    if (!i) return;
    i->in[0] = from;
    i->out[0] = to;
    i->source = source;
}

static bool fits_contiguous(const program *p, const instruction *i, const kernel *k)
{
    if (!k->supports) return true;
    array *arrays = calloc((size_t)(i->inputs + i->outputs), sizeof *arrays);
    if (!arrays) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory to plan %s", i->op->name);
    for (int a = 0; a < i->inputs + i->outputs; a++) {
        int t = a < i->inputs ? i->in[a] : i->out[a - i->inputs];
        if (t != NO_TERM) arrays[a] = array_contiguous(NOWHERE, p->terms[t].spec.dtype, p->terms[t].spec.shape);
    }
    kernel_call call = call_of(i->op, i->attributes, i->inputs, i->outputs, arrays);
    bool fits = k->supports(&call);
    free(arrays);
    return fits;
}

static bool is_without_kernel(const context *c, const op *op)
{
    return op->view || (op->parts && !c->device->kernel_of(op));
}

/* Inputs of a decomposition: values that have a shape, and stand for terms. */
static bool make_placeholders(context *c, const program *p, const instruction *i, vt_tensor *in)
{
    for (int k = 0; k < i->inputs; k++) {
        if (i->in[k] == NO_TERM) continue;
        value *v = value_new(c, p->terms[i->in[k]].spec);
        if (!v) return false;
        v->term = i->in[k];
        in[k] = v->handle;
    }
    return true;
}

/* What was recorded in the innermost frame, as instructions; what gives the results makes the terms of the op. */
static void take_recorded(program *p, context *c, const instruction *i, const vt_tensor *out)
{
    const node *before = c->frame->last_node;
    for (const node *n = before ? before->next : c->first; n && !p->failed; n = n->next) add_node(p, c, n, i->source);
    for (int k = 0; k < i->outputs && !p->failed; k++)
        if (out[k].id) add_same(p, term_of(c, out[k]), i->out[k], i->source);
}

static bool record_decomposition(context *c, const node *n, vt_tensor *out)
{
    ENTER_AS(n->op->name, n->at);
    c->internal++;
    n->op->decompose(n, out);
    c->internal--;
    return !vt_failed();
}

/* Appends the decomposition of an instruction. */
static bool decompose(program *p, context *c, const instruction *i)
{
    const node *source = c->run.nodes[i->source];
    vt_tensor *handles = program_allocate(p, (size_t)(i->inputs + i->outputs) * sizeof *handles);
    spec *out_spec = program_allocate(p, (size_t)i->outputs * sizeof *out_spec);
    if (!handles || !out_spec || !frame_push(c)) return false;
    for (int k = 0; k < i->outputs; k++) out_spec[k] = p->terms[i->out[k]].spec;
    vt_tensor *out = handles + i->inputs, *made = program_allocate(p, (size_t)i->outputs * sizeof *made);
    bool ok = made && make_placeholders(c, p, i, handles);
    for (int k = 0; ok && k < i->outputs; k++) {
        const value *v = value_new(c, out_spec[k]);
        ok = v != NULL;
        if (ok) out[k] = v->handle;
    }
    node n = { .op = i->op,
               .at = source->at,
               .inputs = i->inputs,
               .outputs = i->outputs,
               .in = handles,
               .out = out,
               .out_spec = out_spec,
               .attributes = i->attributes,
               .attributes_size = i->attributes_size,
               .bound = source->bound };
    if (ok) {
        c->planning = true;
        ok = record_decomposition(c, &n, made);
        c->planning = false;
        if (ok) take_recorded(p, c, i, made);
    }
    frame_pop(c);
    return ok && !p->failed;
}

static bool append(program *p, context *c, const instruction *i);

static bool append_decomposed(program *p, context *c, const instruction *i)
{
    program parts = {
        .memory = p->memory, .terms = p->terms, .term_count = p->term_count, .term_capacity = p->term_capacity
    };
    bool ok = decompose(&parts, c, i);
    p->memory = parts.memory;
    p->terms = parts.terms;
    p->term_count = parts.term_count;
    p->term_capacity = parts.term_capacity;
    p->failed |= parts.failed;
    for (int k = 0; ok && k < parts.count; k++) ok = append(p, c, &parts.instructions[k]);
    return ok;
}

static bool append_with(program *p, const instruction *i, const kernel *k)
{
    instruction *copy = program_add(p, i->op, i->inputs, i->outputs);
    if (!copy) return false;
    *copy = *i;
    copy->kernel = k;
    return true;
}

/* The device's own kernel, or else the decomposition, or else the fallback. */
static bool append(program *p, context *c, const instruction *i)
{
    if (is_without_kernel(c, i->op)) return append_with(p, i, NULL);
    const kernel *k = c->device->kernel_of(i->op);
    bool own = k && fits_contiguous(p, i, k);
    if (i->op->decompose && (c->force_decompose || !own)) return append_decomposed(p, c, i);
    if (!own) k = c->device->fallback_of(i->op);
    if (k && !vt_failed()) return append_with(p, i, k);
    const node *n = c->run.nodes[i->source];
    return raise_error(VT_ERROR_UNSUPPORTED, n->at, "%s: device %s has no kernel for it, and it has no decomposition",
                       i->op->name, c->device->name);
}

bool choose_kernels(program *p, context *c)
{
    const instruction *from = p->instructions;
    int count = p->count;
    p->instructions = NULL;
    p->count = p->capacity = 0;
    for (int i = 0; i < count; i++)
        if (from[i].op && !append(p, c, &from[i])) return false;
    program_index(p);
    return !p->failed;
}
