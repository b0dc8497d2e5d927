/* kept.c - what steps that run once have made. */
#include "core/run/kept.h"

void kept_drop(plan *p, context *c)
{
    buffer_destroy(c, p->kept);
    p->kept = NULL;
    if (c->keeper == p) c->keeper = NULL;
}

void kept_drop_ended(context *c)
{
    plan *p = c->keeper;
    for (int i = 0; p && i < p->witness_count; i++) {
        if (value_of(c, p->witnesses[i].handle)) continue;
        kept_drop(p, c);
        return;
    }
}

bool kept_is_current(const plan *p, context *c)
{
    for (int i = 0; i < p->witness_count; i++) {
        const witness *w = &p->witnesses[i];
        const value *v = c->run.leaves[w->leaf];
        if (!is_same_tensor(w->handle, v->handle) || w->version != v->executed_version) return false;
    }
    return true;
}

static bool ensure_memory(plan *p, context *c)
{
    if (p->kept || !p->kept_bytes) return true;
    if (c->keeper) kept_drop(c->keeper, c);
    p->kept = buffer_allocate(c, p->kept_bytes);
    c->keeper = p->kept ? p : NULL;
    return p->kept != NULL;
}

/* Until all steps have run, nothing is current. */
bool kept_begin(plan *p, context *c)
{
    bool was_there = p->kept || !p->kept_bytes;
    if (!ensure_memory(p, c)) return false;
    if (was_there && kept_is_current(p, c)) return true;
    for (int i = 0; i < p->witness_count; i++) p->witnesses[i].handle = VT_INERT;
    return true;
}

void kept_settle(plan *p, const context *c)
{
    for (int i = 0; i < p->witness_count; i++) {
        const value *v = c->run.leaves[p->witnesses[i].leaf];
        p->witnesses[i].handle = v->handle;
        p->witnesses[i].version = v->executed_version;
    }
}
