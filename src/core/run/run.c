/* run.c - computing what was recorded: the nodes that are needed, as a plan that is made once and replayed. */
#include "core/run/run.h"
#include "core/plan/demand.h"
#include "core/tensor/handle.h"
#include "core/run/inputs.h"
#include "core/plan/key.h"
#include "core/plan/plan.h"
#include "core/graph/refuse.h"
#include "core/run/replay.h"
#include "core/plan/retain.h"
#include "core/tensor/origin.h"
#include <stdlib.h>
#include <string.h>

static bool run_listed(context *c)
{
    plan *p = prepare_inputs(c) && make_key(c) ? plan_get(c) : NULL;
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
    bool too_large =
        vt_error_status() == VT_ERROR_MEMORY && !c->run.started && c->run.node_count > 1 && !c->memory_limit;
    return too_large && run_one_by_one(c);
}

bool run(context *c, const vt_tensor *targets, int count, enum run_mode mode)
{
    bool ok = demand(c, targets, count, mode);
    if (ok && c->run.origins) ok = originate(c, c->run.origins) && demand(c, targets, count, mode);
    if (ok) retain_learn(c);
    ok = ok && run_whole(c);
    /* A loose end that cannot be computed is not tried again until it is read: others are to be had without it. */
    if (mode == RUN_EVERYTHING) c->loose_ends_seen = c->sequence;
    return ok;
}

value *compute(vt_site at, const char *call, vt_tensor x)
{
    context *c = context_get();
    spec s;
    if (vt_failed() || !spec_of(call, at, "x", x, &s)) return NULL;
    value *v = value_of(c, x);
    if ((!v->buffer || c->pending_effects) && !run(c, &x, 1, RUN_EVERYTHING)) return NULL;
    if (v->buffer) return v;
    refuse_call(call, at, VT_ERROR_HANDLE, "x has no value");
    return NULL;
}
