/* demand.c - which of the recorded nodes are to run: recorded order is a topological order. */
#include "core/plan/demand.h"
#include "core/tensor/origin.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include <stdlib.h>

static void mark(run_state *r, node *n, int *outstanding)
{
    if (n->run == r->epoch) return;
    n->run = r->epoch;
    ++*outstanding;
}

static void list_origin(run_state *r, value *leaf)
{
    leaf->origin->next = r->origins;
    r->origins = leaf;
}

/* Marks the producer of a value that is not there. */
static void need(context *c, vt_tensor x, bool root, int *outstanding)
{
    run_state *r = &c->run;
    value *v = value_of(c, x);
    if (!v || v->buffer) return;
    if (v->run != r->epoch) {
        v->run = r->epoch;
        v->root = false;
        if (v->producer) mark(r, v->producer, outstanding);
        if (v->origin) list_origin(r, v);
    }
    v->root |= root;
}

static void search_from(const value *v, uint64_t search, int *outstanding)
{
    if (v->buffer || v->asked_for || !v->producer || v->producer->search == search) return;
    v->producer->search = search;
    ++*outstanding;
}

/* Whether computing x again would read the leaf. */
static bool depends_on(context *c, const value *x, const value *leaf)
{
    uint64_t search = ++c->epoch;
    int outstanding = 0;
    search_from(x, search, &outstanding);
    for (const node *n = x->producer; n && outstanding; n = n->previous) {
        if (n->search != search) continue;
        outstanding--;
        for (int i = 0; i < n->inputs; i++) {
            const value *v = value_of(c, n->in[i]);
            if (v == leaf) return true;
            if (v) search_from(v, search, &outstanding);
        }
    }
    return false;
}

/* Marks the leaves that the effect overwrites. */
static uint64_t mark_overwritten(context *c, const node *effect)
{
    uint64_t search = ++c->epoch;
    for (int i = 0; i < effect->inputs; i++) {
        value *leaf = value_overwritten(c, effect, i);
        if (leaf) leaf->overwritten = search;
    }
    return search;
}

/* Where a becomes a function of a and g, as in a -= g, g stays for who reads it afterwards, when the a that it was
 * computed from is gone. */
static void need_operands(context *c, const node *effect, int *outstanding)
{
    uint64_t overwritten = mark_overwritten(c, effect);
    for (int i = 0; i < effect->inputs; i++) {
        const value *assigned = effect->op->writes(i) ? NULL : value_of(c, effect->in[i]);
        const node *n = assigned && !assigned->buffer ? assigned->producer : NULL;
        for (int k = 0; n && k < n->inputs; k++) {
            const value *leaf = value_of(c, n->in[k]);
            if (!leaf || leaf->overwritten != overwritten) continue;
            for (int o = 0; o < n->inputs; o++) {
                const value *v = value_of(c, n->in[o]);
                if (v && v->producer && !v->buffer && !v->freed && !v->internal && depends_on(c, v, leaf))
                    need(c, n->in[o], true, outstanding);
            }
        }
    }
}

static bool is_loose_end(const context *c, const node *n)
{
    if (c->run.mode != RUN_EVERYTHING || n->sequence <= c->loose_ends_seen || n->done || n->op->writes) return false;
    for (int i = 0; i < n->outputs; i++) {
        const value *v = value_of((context *)c, n->out[i]);
        if (v && !v->freed && !v->internal && ((!v->consumed && !v->weak) || v->asked_for)) return true;
    }
    return false;
}

static bool list(run_state *r, node *n)
{
    size_t capacity = r->node_capacity; /* of each of the two */
    if (!grow(&r->nodes, r->node_count, &capacity, sizeof *r->nodes) ||
        !grow(&r->node_key, r->node_count, &r->node_capacity, sizeof *r->node_key))
        return raise_error(VT_ERROR_MEMORY, n->at, "out of memory to list more than %zu nodes", r->node_count);
    r->nodes[r->node_count++] = n;
    return true;
}

static void put_in_order(run_state *r)
{
    for (size_t i = 0, j = r->node_count; i + 1 < j; i++) {
        node *swap = r->nodes[i];
        r->nodes[i] = r->nodes[--j];
        r->nodes[j] = swap;
    }
    for (size_t i = 0; i < r->node_count; i++) r->nodes[i]->number = (int)i;
}

/* One pass from the last node to the earliest needed. */
bool demand(context *c, const vt_tensor *targets, int count, enum run_mode mode)
{
    run_state *r = &c->run;
    int outstanding = 0, effects = mode == RUN_TARGETS ? 0 : c->pending_effects;
    r->mode = mode;
    r->started = false;
    r->epoch = ++c->epoch;
    r->node_count = 0;
    r->origins = NULL;
    for (int i = 0; i < count; i++) need(c, targets[i], true, &outstanding);
    for (node *n = c->last; n; n = n->previous) {
        bool seen = mode != RUN_EVERYTHING || n->sequence <= c->loose_ends_seen;
        if (!outstanding && !effects && seen) break;
        bool effect = effects && n->op->writes && !n->done, loose = is_loose_end(c, n);
        if (effect || loose) mark(r, n, &outstanding);
        effects -= effect;
        if (n->run != r->epoch) continue;
        outstanding--;
        if (!list(r, n)) return false;
        for (int i = 0; i < n->inputs; i++) need(c, n->in[i], false, &outstanding);
        if (effect) need_operands(c, n, &outstanding);
        for (int i = 0; loose && i < n->outputs; i++) need(c, n->out[i], true, &outstanding);
    }
    put_in_order(r);
    return true;
}

bool is_result(const context *c, const value *v)
{
    if (!v || v->buffer) return false;
    return v->kept || c->eager || (v->retained && !v->producer->done) || (v->run == c->run.epoch && v->root);
}
