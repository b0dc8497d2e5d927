/* retain.c - a program that reads its loss and then differentiates runs the forward pass before it is known what the
 * gradient will read of it. The first time, that is computed again; the plan remembers what it was, and the next time
 * it is kept. In evaluation, which has the same forward pass and no gradient, nothing is. */
#include "core/retain.h"
#include "core/error.h"
#include <stdlib.h>

static bool is_remembered(const plan *p, int node, int output)
{
    for (int i = 0; i < p->retained_count; i++)
        if (p->retained[i].node == node && p->retained[i].output == output) return true;
    return false;
}

/* Where memory is short, nothing is remembered: it is computed again the next time, too. */
static void remember(plan *p, int node, int output)
{
    if (is_remembered(p, node, output)) return;
    if (p->retained_count == p->retained_capacity) {
        int capacity = p->retained_capacity ? 2 * p->retained_capacity : 32;
        struct retained *retained = realloc(p->retained, (size_t)capacity * sizeof *retained);
        if (!retained) return;
        p->retained = retained;
        p->retained_capacity = capacity;
    }
    p->retained[p->retained_count++] = (struct retained){ node, output };
}

static void learn(context *c, const value *v)
{
    const node *n = v->producer;
    plan *p = plan_made_as(c, n->ran_in);
    if (!p) return;
    p->retains_in_training = c->training;
    remember(p, n->ran_as, v->output);
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
    for (int i = 0; i < p->retained_count && p->retains_in_training == c->training; i++) {
        const node *n = c->run.nodes[p->retained[i].node];
        value *v = value_of(c, n->out[p->retained[i].output]);
        if (!v || v->buffer || v->freed || v->retained || n->done) continue;
        v->retained = true;
        changed = true;
    }
    return changed;
}
