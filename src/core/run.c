/* run.c - computing what was recorded: the nodes that are needed, as a plan that is made once and replayed. */
#include "core/plan.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool run_listed(context *c)
{
    plan *p = make_key(c) ? plan_get(c) : NULL;
    return p && replay(p, c);
}

/* Where memory for the whole is short, what comes before the op that asks for too much is still to be had. */
static bool run_one_by_one(context *c)
{
    run_state *r = &c->run;
    size_t count = r->node_count;
    node **nodes = malloc(count * sizeof(node *));
    if (!nodes) return false;
    memcpy(nodes, r->nodes, count * sizeof(node *));
    bool eager = c->eager, ok = true;
    vt_error_clear();
    c->eager = true; /* every value stays: the next one reads it */
    for (size_t i = 0; ok && i < count; i++) {
        r->epoch = ++c->epoch;
        r->node_count = 1;
        r->nodes[0] = nodes[i];
        nodes[i]->number = 0;
        nodes[i]->run = r->epoch;
        ok = run_listed(c);
    }
    c->eager = eager;
    free(nodes);
    return ok;
}

static bool run_whole(context *c)
{
    if (c->run.node_count == 0 || run_listed(c)) return true;
    bool too_large = c->error.status == VT_ERROR_MEMORY && !c->run.started && c->run.node_count > 1;
    return too_large && run_one_by_one(c);
}

bool run(context *c, const vt_tensor *targets, int count, enum run_mode mode)
{
    bool ok = demand(c, targets, count, mode) && run_whole(c);
    /* A loose end that cannot be computed is not tried again until it is read: others are to be had without it. */
    if (mode == RUN_EVERYTHING) c->swept = c->sequence;
    return ok;
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

/* -- Eager mode -----------------------------------------------------------------------------------------------------
 */

/* 1: has a NaN, 2: has an infinity. `where` gets the row-major number of the first. */
static int non_finite(context *c, const value *v, int64_t where[3])
{
    array a;
    void *memory;
    if (!v->buffer || !vt_dtype_is_float(v->array.dtype) || !value_on_host(c, v, &a, &memory)) return 0;
    int found = 0;
    int64_t count = vt_shape_count(a.shape);
    for (int64_t i = 0; i < count && found != 3; i++) {
        double x = array_get(&a, array_offset(&a, i));
        int kind = isnan(x) ? 1 : isinf(x) ? 2 : 0;
        if (kind & ~found) where[kind] = i;
        found |= kind;
    }
    free(memory);
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
        if (v && !(n->op->writes && n->op->writes(i))) before |= non_finite(c, v, where);
    }
    for (int i = 0; i < n->inputs + n->outputs; i++) {
        bool result = i >= n->inputs || (n->op->writes && n->op->writes(i));
        const value *v = value_of(c, i < n->inputs ? n->in[i] : n->out[i - n->inputs]);
        int fresh = v && result ? non_finite(c, v, where) & ~before : 0;
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
