/* demand.c - which of the recorded nodes are to run: recorded order is a topological order. */
#include "core/demand.h"
#include "core/error.h"
#include <stdlib.h>

static void mark(run_state *r, node *n, int *outstanding)
{
    if (n->run == r->epoch) return;
    n->run = r->epoch;
    ++*outstanding;
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
    }
    v->root |= root;
}

static bool is_loose_end(const context *c, const node *n)
{
    if (c->run.mode != RUN_EVERYTHING || n->sequence <= c->loose_ends_seen || n->done || n->op->writes) return false;
    for (int i = 0; i < n->outputs; i++) {
        const value *v = value_of((context *)c, n->out[i]);
        if (v && !v->freed && !v->internal && (!v->consumed || v->asked_for)) return true;
    }
    return false;
}

static bool list(run_state *r, node *n)
{
    if (r->node_count == r->node_capacity) {
        size_t capacity = r->node_capacity ? 2 * r->node_capacity : 1024;
        node **nodes = realloc(r->nodes, capacity * sizeof(node *));
        if (!nodes) return raise_error(VT_ERROR_MEMORY, n->at, "out of memory to list %zu nodes", capacity);
        r->nodes = nodes;
        size_t *node_key = realloc(r->node_key, capacity * sizeof *node_key);
        if (!node_key) return raise_error(VT_ERROR_MEMORY, n->at, "out of memory to list %zu nodes", capacity);
        r->node_key = node_key;
        r->node_capacity = capacity;
    }
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
