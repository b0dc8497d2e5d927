/* retain.c - a program that reads its loss and then differentiates runs the forward pass before it is known what the
 * gradient will read of it. The first time, that is computed again; the plan remembers what it was, and the next time
 * it is kept. In evaluation, which has the same forward pass and no gradient, nothing is. */
#include "core/plan/retain.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include <stdlib.h>

static bool is_remembered(const plan *p, struct retained r)
{
    for (int i = 0; i < p->retained_count; i++) {
        const struct retained *known = &p->retained[i];
        if (known->node == r.node && known->output == r.output && known->training == r.training) return true;
    }
    return false;
}

/* Where memory is short, nothing is remembered: it is computed again the next time, too. */
static void remember(plan *p, struct retained r)
{
    if (is_remembered(p, r)) return;
    if (!grow(&p->retained, (size_t)p->retained_count, &p->retained_capacity, sizeof r)) return;
    p->retained[p->retained_count++] = r;
}

static void learn(context *c, const value *v)
{
    const node *n = v->producer;
    plan *p = plan_made_as(c, n->ran_in);
    if (p) remember(p, (struct retained){ n->ran_as, v->output, c->training });
}

static bool was_let_go(const value *v)
{
    return v && !v->buffer && !v->freed && v->producer && v->producer->done && !v->producer->op->writes;
}

void retain_learn(context *c)
{
    const run_state *r = &c->run;
    for (size_t i = 0; i < r->node_count; i++) {
        const node *n = r->nodes[i];
        for (int k = 0; k < n->inputs && !n->done; k++) {
            const value *v = value_of(c, n->in[k]);
            if (was_let_go(v)) learn(c, v);
        }
        for (int k = 0; k < n->outputs && n->done; k++) {
            const value *v = value_of(c, n->out[k]);
            if (was_let_go(v) && v->run == r->epoch && v->root) learn(c, v);
        }
    }
}

bool retain_mark(const plan *p, context *c)
{
    bool changed = false;
    for (int i = 0; i < p->retained_count; i++) {
        const struct retained *r = &p->retained[i];
        const node *n = c->run.nodes[r->node];
        value *v = value_of(c, n->out[r->output]);
        if (r->training != c->training || !v || v->buffer || v->freed || v->retained || n->done) continue;
        v->retained = true;
        changed = true;
    }
    return changed;
}
