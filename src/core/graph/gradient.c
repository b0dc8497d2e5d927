/* gradient.c - reverse-mode differentiation, graph to graph: walks the nodes back from y and records each op's vjp. */
#include "core/graph/refuse.h"
#include "core/tensor/handle.h"
#include "core/graph/gradient.h"
#include "core/base/error.h"
#include "core/base/entry.h"
#include "core/context.h"
#include "core/library.h"
#include <vitro/autograd.h>
#include <vitro/tensor.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- Gradients found so far, by tensor: open addressing, doubled when half full ------------------------------------ */

typedef struct gradient_map {
    struct gradient_entry {
        vt_tensor of, gradient;
    } * entries;
    size_t capacity, count;
} gradient_map;

static struct gradient_entry *find(const gradient_map *m, vt_tensor x)
{
    size_t i = x.id * 2654435761u & (m->capacity - 1);
    while (m->entries[i].of.id && !is_same_tensor(m->entries[i].of, x)) i = (i + 1) & (m->capacity - 1);
    return &m->entries[i];
}

static vt_tensor gradient_of(const gradient_map *m, vt_tensor x)
{
    return m->capacity ? find(m, x)->gradient : VT_INERT;
}

static bool grow(gradient_map *m)
{
    gradient_map larger = { .capacity = m->capacity ? 2 * m->capacity : 64, .count = m->count };
    larger.entries = calloc(larger.capacity, sizeof *larger.entries);
    if (!larger.entries) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory to differentiate");
    for (size_t i = 0; i < m->capacity; i++)
        if (m->entries[i].of.id) *find(&larger, m->entries[i].of) = m->entries[i];
    free(m->entries);
    *m = larger;
    return true;
}

static bool set_gradient(gradient_map *m, vt_tensor x, vt_tensor gradient)
{
    if (2 * m->count >= m->capacity && !grow(m)) return false;
    struct gradient_entry *e = find(m, x);
    m->count += e->of.id == 0;
    *e = (struct gradient_entry){ x, gradient };
    return true;
}

/* -- The walk ------------------------------------------------------------------------------------------------------ */

typedef struct walk {
    context *context;
    uint64_t epoch;
    uint64_t after;           /* nodes recorded up to here count as leaves: what they made is given */
    const vt_tensor *targets; /* NULL: every trainable leaf */
    int count;
    node *earliest;
    gradient_map gradients;
} walk;

static void reach(walk *w, vt_tensor x, int *outstanding)
{
    const value *v = value_of(w->context, x);
    if (!v || !v->producer || v->producer->walk == w->epoch || v->producer->sequence <= w->after) return;
    v->producer->walk = w->epoch;
    ++*outstanding;
}

/* Marks what y was computed from, latest node first. */
static void mark_reachable(walk *w, vt_tensor y)
{
    int outstanding = 0;
    reach(w, y, &outstanding);
    for (node *n = w->context->last; n && outstanding; n = n->previous) {
        if (n->walk != w->epoch) continue;
        outstanding--;
        w->earliest = n;
        for (int i = 0; i < n->inputs; i++) reach(w, n->in[i], &outstanding);
    }
}

static bool is_target(const walk *w, vt_tensor x)
{
    for (int i = 0; i < w->count; i++)
        if (is_same_tensor(w->targets[i], x)) return true;
    return false;
}

/* Whether the gradient of x is wanted, or leads to one that is. */
static bool is_active(const walk *w, vt_tensor x)
{
    const value *v = value_of(w->context, x);
    if (!v || !vt_dtype_is_float(v->spec.dtype)) return false;
    if (!w->targets) return v->needs_gradient;
    return is_target(w, x) || (v->producer && v->producer->walk == w->epoch && v->producer->active);
}

static void mark_active(walk *w, const node *last)
{
    for (node *n = w->earliest; n; n = n == last ? NULL : n->next) {
        if (n->walk != w->epoch) continue;
        n->active = false;
        for (int i = 0; i < n->inputs && !n->op->constant; i++) n->active |= is_active(w, n->in[i]);
    }
}

/* Sums over the axes along which x was repeated to take part in the op. */
static vt_tensor unbroadcast(vt_tensor g, vt_shape shape)
{
    return vt_shape_equal(vt_shape_of(g), shape) ? g : library.algebra.sum_to(g, shape);
}

static bool add_gradient(walk *w, const node *n, vt_tensor x, vt_tensor g)
{
    spec s;
    if (!spec_of(n->op->name, n->at, "x", x, &s)) return false;
    g = unbroadcast(g, s.shape);
    vt_tensor before = gradient_of(&w->gradients, x);
    return set_gradient(&w->gradients, x, before.id ? library.algebra.add(before, g) : g);
}

static bool is_first_place(const node *n, int input)
{
    for (int i = 0; i < input; i++)
        if (is_same_tensor(n->in[i], n->in[input])) return false;
    return true;
}

static void vjp_of_decomposition(walk *w, const node *n, const vt_tensor *g, vt_tensor *dx)
{
    if (!n->op->decompose) {
        refuse_call(n->op->name, n->at, VT_ERROR_GRADIENT, "has no gradient");
        return;
    }
    vt_tensor *out = calloc((size_t)(n->outputs + n->inputs), sizeof *out), *part = out + n->outputs;
    if (!out) {
        raise_error(VT_ERROR_MEMORY, n->at, "out of memory to differentiate %s", n->op->name);
        return;
    }
    /* Inputs are independent of each other here, even where one was computed from another: the walk under way goes on
     * through them, and holds the marks of their nodes. A tensor that is several inputs is one target, whose gradient
     * counts all its places: it goes to the first of them. */
    uint64_t after = w->context->sequence;
    n->op->decompose(n, out);
    for (int o = 0; o < n->outputs && !vt_failed(); o++) {
        if (!g[o].id || !differentiate(w->context, after, out[o], g[o], n->in, n->inputs, part)) continue;
        for (int i = 0; i < n->inputs; i++)
            if (part[i].id && is_first_place(n, i)) dx[i] = dx[i].id ? library.algebra.add(dx[i], part[i]) : part[i];
    }
    free(out);
}

enum { FEW = 32 };

static bool walk_node(walk *w, const node *n)
{
    vt_tensor few[2 * FEW] = { 0 }, *g = few;
    if (n->inputs + n->outputs > 2 * FEW && !(g = calloc((size_t)(n->inputs + n->outputs), sizeof *g)))
        return raise_error(VT_ERROR_MEMORY, n->at, "out of memory to differentiate %s", n->op->name);
    vt_tensor *dx = g + n->outputs;
    bool any = false;
    for (int i = 0; i < n->outputs; i++) {
        g[i] = gradient_of(&w->gradients, n->out[i]);
        any |= g[i].id != 0;
    }
    const node *outer = w->context->differentiated;
    w->context->differentiated = n;
    if (any && n->op->vjp)
        n->op->vjp(n, g, dx);
    else if (any)
        vjp_of_decomposition(w, n, g, dx);
    w->context->differentiated = outer;
    bool ok = !vt_failed();
    for (int i = 0; ok && any && i < n->inputs; i++) {
        if (!is_active(w, n->in[i])) continue;
        if (dx[i].id)
            ok = add_gradient(w, n, n->in[i], dx[i]);
        else if (n->op->vjp)
            ok = refuse_call(n->op->name, n->at, VT_ERROR_GRADIENT, "has no gradient for input %d", i).id != 0;
    }
    if (g != few) free(g);
    return ok;
}

/* Gradient ops carry the name and the site of the op that they differentiate. */
static bool walk_back(walk *w, node *last)
{
    bool ok = true;
    for (node *n = last; ok && n; n = n == w->earliest ? NULL : n->previous) {
        if (n->walk != w->epoch || !n->active) continue;
        ENTER_AS(n->op->name, n->at);
        ok = walk_node(w, n);
    }
    return ok;
}

/* Whether the gradient of a target may have passed through x, which came out of its scope without history. */
static bool is_cut_off(const walk *w, vt_tensor x)
{
    const value *v = value_of(w->context, x);
    if (!v || !v->history_ended || is_target(w, x)) return false;
    if (!w->targets) return v->trainable_history;
    for (int i = 0; i < w->count; i++) {
        const value *target = value_of(w->context, w->targets[i]);
        if (target && target->made < v->history_ended) return true;
    }
    return false;
}

/* A gradient that silently stops is a wrong gradient. */
static bool history_is_whole(const walk *w, vt_tensor y, const node *last)
{
    bool whole = !is_cut_off(w, y);
    const node *reader = NULL;
    for (const node *n = last; n && whole; n = n == w->earliest ? NULL : n->previous) {
        for (int i = 0; n->walk == w->epoch && i < n->inputs; i++) whole &= !is_cut_off(w, n->in[i]);
        reader = n;
    }
    if (whole) return true;
    char through[128] = "";
    if (reader)
        snprintf(through, sizeof through, ", through %s at %s:%d,", reader->op->name, reader->at.file, reader->at.line);
    const entry entered = entry_get();
    refuse_call(entered.call, entered.site, VT_ERROR_GRADIENT,
                "%s depends%s on a tensor that was kept out of its scope, where its history ended; vt_detach it before "
                "vt_keep if no gradient is to pass",
                w->targets ? "y" : "the loss", through);
    return false;
}

static bool begin_walk(walk *w, vt_tensor y, vt_tensor cotangent)
{
    mark_reachable(w, y);
    node *last = value_of(w->context, y)->producer;
    if (!history_is_whole(w, y, last)) return false;
    mark_active(w, last);
    if (!cotangent.id) cotangent = library.algebra.full(vt_shape_of(y), 1, vt_dtype_of(y));
    return set_gradient(&w->gradients, y, cotangent) && walk_back(w, last);
}

bool differentiate(context *c, uint64_t after, vt_tensor y, vt_tensor cotangent, const vt_tensor *targets, int count,
                   vt_tensor *out)
{
    walk w = { .context = c, .epoch = ++c->epoch, .after = after, .targets = targets, .count = count };
    c->internal++;
    bool ok = begin_walk(&w, y, cotangent);
    for (int i = 0; ok && i < count; i++) out[i] = gradient_of(&w.gradients, targets[i]);
    c->internal--;
    free(w.gradients.entries);
    return ok;
}

/* -- The public functions ------------------------------------------------------------------------------------------ */

static bool cotangent_fits(vt_site at, vt_tensor y, vt_tensor cotangent)
{
    spec s, want;
    if (!cotangent.id) return true;
    if (!spec_of("gradients", at, "y", y, &want) || !spec_of("gradients", at, "cotangent", cotangent, &s)) return false;
    if (s.dtype == want.dtype && vt_shape_equal(s.shape, want.shape)) return true;
    char a[128], b[128];
    refuse_call("gradients", at, VT_ERROR_ARGUMENT, "cotangent is %s %s, y is %s %s", vt_dtype_name(s.dtype),
                vt_shape_text(s.shape, a), vt_dtype_name(want.dtype), vt_shape_text(want.shape, b));
    return false;
}

static bool is_differentiable(vt_site at, const char *what, vt_tensor x)
{
    spec s;
    if (!spec_of("gradients", at, what, x, &s)) return false;
    if (vt_dtype_is_float(s.dtype)) return true;
    refuse_call("gradients", at, VT_ERROR_GRADIENT, "%s is %s; gradients are of and by f32 and f64", what,
                vt_dtype_name(s.dtype));
    return false;
}

static bool are_differentiable(vt_site at, vt_tensor y, const vt_tensor *inputs, int count)
{
    char what[32];
    if (!is_differentiable(at, "y", y)) return false;
    for (int i = 0; i < count; i++) {
        snprintf(what, sizeof what, "input %d", i);
        if (!is_differentiable(at, what, inputs[i])) return false;
    }
    return true;
}

/* The user holds the gradient now: it is computed with the step, whatever else reads it. */
static void ask_for(context *c, value *gradient)
{
    gradient->internal = false;
    gradient->asked_for = true;
    if (gradient->producer && gradient->producer->sequence <= c->loose_ends_seen)
        c->loose_ends_seen = gradient->producer->sequence - 1;
}

void vt_gradients_at(vt_site at, vt_tensor y, vt_tensor cotangent, const vt_tensor *inputs, int count,
                     vt_tensor *gradients)
{
    ENTER("gradients", at);
    context *c = context_get();
    spec s;
    if (count < 0 || (count > 0 && (!inputs || !gradients))) {
        refuse_call("gradients", at, VT_ERROR_ARGUMENT, "%d inputs%s%s", count, inputs ? "" : "; inputs is NULL",
                    gradients ? "" : "; gradients is NULL");
        return;
    }
    if (count) memset(gradients, 0, (size_t)count * sizeof *gradients);
    if (vt_failed() || !are_differentiable(at, y, inputs, count) || !cotangent_fits(at, y, cotangent)) return;
    if (!differentiate(c, 0, y, cotangent, inputs, count, gradients)) return;
    for (int i = 0; i < count; i++) {
        if (!spec_of("gradients", at, "an input", inputs[i], &s)) return;
        value_of(c, inputs[i])->consumed = true;
        if (!gradients[i].id) gradients[i] = library.algebra.full(s.shape, 0, s.dtype);
        if (gradients[i].id) ask_for(c, value_of(c, gradients[i]));
    }
}

static bool loss_can_be_differentiated(context *c, vt_site at, vt_tensor loss)
{
    spec s;
    char text[128];
    if (!spec_of("backward", at, "the loss", loss, &s)) return false;
    const value *v = value_of(c, loss);
    if (vt_shape_count(s.shape) != 1)
        refuse_call("backward", at, VT_ERROR_GRADIENT,
                    "the loss has shape %s, it must have one element; vt_mean or vt_sum make one",
                    vt_shape_text(s.shape, text));
    else if (!v->needs_gradient)
        refuse_call("backward", at, VT_ERROR_GRADIENT, "the loss depends on nothing trainable");
    else if (!v->producer)
        refuse_call("backward", at, VT_ERROR_GRADIENT, "the loss is a leaf: no op computed it");
    else
        return true;
    return false;
}

/* Hands each trainable leaf its gradient, added to what an earlier call in this scope left. */
static void deliver(walk *w)
{
    for (size_t i = 0; i < w->gradients.capacity; i++) {
        const struct gradient_entry *e = &w->gradients.entries[i];
        value *v = value_of(w->context, e->of);
        if (!v || !v->trainable || v->producer) continue;
        vt_tensor sum =
            value_held(w->context, v->gradient) ? library.algebra.add(v->gradient, e->gradient) : e->gradient;
        if (sum.id) v->gradient = sum;
    }
}

void vt_backward_at(vt_site at, vt_tensor loss)
{
    ENTER("backward", at);
    context *c = context_get();
    if (vt_failed() || !loss_can_be_differentiated(c, at, loss)) return;
    walk w = { .context = c, .epoch = ++c->epoch };
    c->internal++;
    if (begin_walk(&w, loss, VT_INERT)) deliver(&w);
    c->internal--;
    free(w.gradients.entries);
}

vt_tensor vt_grad(vt_tensor x)
{
    context *c = context_get();
    spec s;
    if (!x.id || !spec_of("grad", (vt_site){ 0 }, "x", x, &s)) return VT_INERT;
    value *g = value_held(c, value_of(c, x)->gradient);
    if (!g) return VT_INERT;
    ask_for(c, g);
    return g->handle;
}

void vt_set_trainable_at(vt_site at, vt_tensor x, bool trainable)
{
    spec s;
    if (!spec_of("set_trainable", at, "x", x, &s)) return;
    value *v = value_of(context_get(), x);
    if (v->producer)
        refuse_call("set_trainable", at, VT_ERROR_ARGUMENT, "x is the result of an op; only leaves are trainable");
    else if (trainable && !vt_dtype_is_float(s.dtype))
        refuse_call("set_trainable", at, VT_ERROR_ARGUMENT, "x is %s; only f32 and f64 are trainable",
                    vt_dtype_name(s.dtype));
    else
        v->trainable = v->needs_gradient = trainable;
}

bool vt_trainable(vt_tensor x)
{
    spec s;
    return x.id && spec_of("trainable", (vt_site){ 0 }, "x", x, &s) && value_of(context_get(), x)->trainable;
}
