/* scope.c - scopes own values and nodes, and end them together. */
#include "core/tensor/scope.h"
#include "core/context.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/tensor/handle.h"
#include "core/run/run.h"
#include <stdlib.h>

bool frame_own(frame *f, vt_tensor x)
{
    if (!grow(&f->owned, f->count, &f->capacity, sizeof x))
        return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for a scope");
    f->owned[f->count++] = x;
    return true;
}

static frame *take_spare(context *c)
{
    frame *f = c->spare;
    if (!f) return calloc(1, sizeof *f);
    c->spare = f->outer;
    return f;
}

bool frame_push(context *c)
{
    if (c->depth == MAX_DEPTH)
        return raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "scopes are nested more than %d deep", MAX_DEPTH);
    frame *f = take_spare(c);
    if (!f) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for a scope");
    f->outer = c->frame;
    f->count = 0;
    f->last_node = c->last;
    f->memory = arena_get_mark(&c->nodes_memory);
    c->frame = f;
    c->depth++;
    return true;
}

static bool is_moved_out(const context *c, const value *v)
{
    return v && v->kept && v->buffer && c->depth > 0;
}

/* The value survives as a leaf of the enclosing frame. Its history ends, which matters where what it was computed from
 * may still be differentiated by: it is older than the frame, or comes out with it. */
static void move_out(context *c, value *v, bool alone)
{
    bool ends = v->producer && v->oldest != PASSES_ON_NOTHING && (v->oldest < c->depth || !alone);
    v->kept = false;
    if (ends && !v->history_ended) v->history_ended = c->sequence;
    v->trainable_history |= ends && v->needs_gradient;
    v->needs_gradient = v->trainable;
    v->producer = NULL;
    v->depth = c->depth - 1;
    if (v->oldest > v->depth) v->oldest = v->depth;
    if (!frame_own(c->frame->outer, v->handle)) value_end(c, v);
}

static void forget_nodes(context *c, const frame *f)
{
    for (node *n = c->last; n != f->last_node; n = n->previous)
        if (n->op->writes && !n->done) c->pending_effects--;
    c->last = f->last_node;
    if (c->last)
        c->last->next = NULL;
    else
        c->first = NULL;
    arena_reset(&c->nodes_memory, f->memory);
}

void frame_pop(context *c)
{
    frame *f = c->frame;
    size_t moved = 0;
    forget_nodes(c, f);
    for (size_t i = 0; i < f->count; i++) moved += is_moved_out(c, value_of(c, f->owned[i]));
    for (size_t i = 0; i < f->count; i++) {
        value *v = value_of(c, f->owned[i]);
        if (!v) continue;
        if (is_moved_out(c, v))
            move_out(c, v, moved == 1);
        else
            value_end(c, v);
    }
    c->frame = f->outer;
    c->depth--;
    f->outer = c->spare;
    c->spare = f;
}

void frames_free(context *c)
{
    free(c->outermost.owned);
    for (frame *f = c->spare, *next; f; f = next) {
        next = f->outer;
        free(f->owned);
        free(f);
    }
}

vt_scope vt_scope_begin(void)
{
    context *c = context_get();
    return (vt_scope){ frame_push(c) ? c->depth : 0 };
}

/* Kept values are computed before the nodes that describe them go. */
static void run_kept(context *c)
{
    const frame *f = c->frame;
    vt_tensor *kept = malloc((f->count + 1) * sizeof *kept);
    if (!kept) {
        raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory at the end of a scope");
        return;
    }
    int count = 0;
    for (size_t i = 0; i < f->count; i++) {
        const value *v = value_of(c, f->owned[i]);
        if (v && v->kept) kept[count++] = v->handle;
    }
    if (count || c->pending_effects) run(c, kept, count, RUN_EFFECTS);
    free(kept);
}

void vt_scope_end(vt_scope *scope)
{
    context *c = context_get();
    if (!scope) return;
    if (scope->depth < 0)
        raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "scope_end: a scope of depth %d; vt_scope_begin gives 1 or more",
                    scope->depth);
    while (scope->depth > 0 && c->depth >= scope->depth) {
        if (!vt_failed()) run_kept(c);
        frame_pop(c);
    }
    scope->depth = 0;
}

vt_tensor vt_keep_at(vt_site at, vt_tensor x)
{
    spec s;
    if (!spec_of("keep", at, "x", x, &s)) return VT_INERT;
    value_of(context_get(), x)->kept = true;
    return x;
}

void vt_free(vt_tensor x)
{
    context *c = context_get();
    value *v = value_held(c, x);
    if (v)
        value_free(c, v);
    else if (is_foreign(c, x))
        spec_of("free", (vt_site){ 0 }, "x", x, &(spec){ .dtype = VT_DTYPE_DEFAULT });
}
