/* device_graph.c - a plan's steps as one launch, on a device that can. The first run makes the plan and the second
 * replays it; the third captures what it queues, at addresses that stay: leaves that come from another place or are
 * uploaded again and again, such as the batch, and results have memory of the graph's own, which is copied from and to
 * around the launch.
 * What the steps update is captured where it is, and anew where that has moved. */
#include "core/run/replay.h"
#include "core/run/device_graph.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/plan/plan.h"
#include "core/run/profile.h"
#include <vitro/error.h>
#include <stdlib.h>

/* One step gains nothing: it is one launch as it is. */
enum { RUNS_BEFORE = 2, MOVES = 2, FEWEST_STEPS = 2 };

struct device_graph {
    void *graph;     /* NULL: not captured */
    bool impossible; /* it was tried in vain */
    int runs;
    char **seen;      /* of each storage: its address in the run before */
    uint64_t *filled; /* of each leaf: the last upload into it */
    int *moves;       /* of each storage: how often it was at another address than in the run before, or filled anew */
    bool *updated;    /* of each storage: an effect writes there */
    buffer **fixed;   /* of each storage: memory of the graph's own */
    char **address;   /* of each storage: as captured */
};

static void forget_graph(context *c, plan *p)
{
    device_graph *g = p->launch;
    if (g->graph) c->device->queue->discard(g->graph);
    g->graph = NULL;
    for (int s = 0; g->fixed && s < p->storage_count; s++) {
        buffer_destroy(c, g->fixed[s]);
        g->fixed[s] = NULL;
    }
}

void device_graph_free(context *c, plan *p)
{
    device_graph *g = p->launch;
    if (!g) return;
    const backend *current = c->device;
    c->device = p->bounds->backend;
    forget_graph(c, p);
    c->device = current;
    free(g->seen);
    free(g->filled);
    free(g->moves);
    free(g->updated);
    free(g->fixed);
    free(g->address);
    free(g);
    p->launch = NULL;
}

static void find_updated(const plan *p, bool *updated)
{
    for (int n = 0; n < p->step_count; n++) {
        const step *s = &p->steps[n];
        if (!s->kernel || !s->call.op->writes) continue;
        for (int i = 0; i < s->call.inputs; i++)
            if (s->call.op->writes(i) && s->storage[i] != NO_STORAGE) updated[s->storage[i]] = true;
    }
}

static device_graph *no_memory(void)
{
    log_line("plan", "the steps are not launched as one this time: out of memory");
    return NULL;
}

static device_graph *make(context *c, plan *p)
{
    size_t count = (size_t)p->storage_count + 1;
    device_graph *g = p->launch = calloc(1, sizeof *g);
    if (!g) return no_memory();
    g->seen = calloc(count, sizeof *g->seen);
    g->filled = calloc(count, sizeof *g->filled);
    g->moves = calloc(count, sizeof *g->moves);
    g->updated = calloc(count, sizeof *g->updated);
    g->fixed = calloc(count, sizeof(buffer *));
    g->address = calloc(count, sizeof *g->address);
    if (!g->seen || !g->filled || !g->moves || !g->updated || !g->fixed || !g->address) {
        device_graph_free(c, p);
        return no_memory();
    }
    find_updated(p, g->updated);
    return g;
}

/* Before the first run: whether it is not tried. */
static bool is_not_to_be_launched(const plan *p, const context *c)
{
    if (c->eager || p->step_count == 0) return true;
    if (p->step_count < FEWEST_STEPS) {
        log_line("plan", "a plan of one step stays as it is");
        return true;
    }
    for (int s = 0; s < p->step_count; s++) {
        const step *waiting = &p->steps[s];
        if (!waiting->kernel || !waiting->kernel->waits) continue;
        log_line("plan", "the steps cannot be launched as one: %s at %s:%d waits for the device",
                 waiting->call.op->name, c->run.nodes[waiting->source]->at.file,
                 c->run.nodes[waiting->source]->at.line);
        return true;
    }
    return false;
}

/* A leaf's elements, from its address on; 0 where some lie before it. */
static size_t leaf_bytes(const plan *p, const context *c, int s)
{
    const array *a = &c->run.leaves[p->storages[s].leaf]->array;
    int64_t last = 0;
    for (int i = 0; i < a->shape.rank; i++) {
        if (a->shape.dim[i] == 0 || a->stride[i] < 0) return 0;
        last += (a->shape.dim[i] - 1) * a->stride[i];
    }
    return (size_t)(last + 1) * vt_dtype_size(a->dtype);
}

static bool is_fixed(const plan *p, int s)
{
    const device_graph *g = p->launch;
    if (p->storages[s].kind == STORAGE_LEAF) return g->moves[s] >= MOVES && !g->updated[s];
    return p->storages[s].kind == STORAGE_RESULT;
}

/* Whether a leaf was uploaded since the run before. */
static bool look_for_upload(const plan *p, const context *c, int s)
{
    if (p->storages[s].kind != STORAGE_LEAF) return false;
    uint64_t *seen = &p->launch->filled[s], filled = c->run.leaves[p->storages[s].leaf]->buffer->filled;
    bool is_new = *seen && *seen != filled;
    *seen = filled;
    return is_new;
}

/* Whether what was captured still is where it was. */
static bool look_for_moves(plan *p, const context *c)
{
    device_graph *g = p->launch;
    bool still = true;
    for (int s = 0; s < p->storage_count; s++) {
        bool was_fixed = is_fixed(p, s), moved = g->seen[s] && g->seen[s] != p->address[s];
        bool uploaded = look_for_upload(p, c, s) && !g->graph; /* which a graph at the same address sees */
        if ((moved || uploaded) && g->moves[s] < MOVES) g->moves[s]++;
        g->seen[s] = p->address[s];
        still = still && (was_fixed || !moved);
    }
    return still;
}

static bool fix_addresses(plan *p, context *c)
{
    device_graph *g = p->launch;
    for (int s = 0; s < p->storage_count; s++) {
        g->address[s] = p->address[s];
        if (!is_fixed(p, s)) continue;
        size_t bytes = p->storages[s].kind == STORAGE_LEAF ? leaf_bytes(p, c, s) : p->storages[s].bytes;
        if (bytes == 0 && p->storages[s].kind == STORAGE_LEAF)
            return raise_error(VT_ERROR_UNSUPPORTED, (vt_site){ 0 }, "a tensor that moves is empty or lies backwards");
        g->fixed[s] = buffer_allocate(c, bytes ? bytes : 1);
        if (!g->fixed[s]) return false;
        g->address[s] = g->fixed[s]->data;
    }
    return true;
}

static bool capture_steps(plan *p, context *c)
{
    device_graph *g = p->launch;
    char **current = p->address;
    p->address = g->address;
    bool ok = c->device->queue->capture();
    bool all = ok && run_steps(p, c) == p->step_count;
    if (ok) g->graph = c->device->queue->captured();
    p->address = current;
    return all && g->graph;
}

/* An error on the way is none of the user's: the steps can still run one by one. */
static bool capture_graph(plan *p, context *c)
{
    if (fix_addresses(p, c) && capture_steps(p, c)) {
        log_line("plan", "%d steps are now launched as one", p->step_count);
        return true;
    }
    forget_graph(c, p);
    p->launch->impossible = true;
    log_line("plan", "the steps cannot be launched as one: %s", vt_error_message());
    vt_error_clear();
    return false;
}

bool device_graph_has_copied(const plan *p, int leaf_storage)
{
    const device_graph *g = p->launch;
    return g && g->graph && g->fixed[leaf_storage];
}

static bool is_copied_leaf(const plan *p, int s)
{
    return p->storages[s].kind == STORAGE_LEAF && device_graph_has_copied(p, s);
}

/* The next batch may be uploaded as soon as this one is copied, while the steps run. */
static bool copy_leaves(const plan *p, context *c)
{
    const device_graph *g = p->launch;
    bool ok = true;
    for (int s = 0; s < p->storage_count && ok; s++)
        if (is_copied_leaf(p, s)) ok = c->device->queue->move(g->fixed[s]->data, p->address[s], leaf_bytes(p, c, s));
    uint64_t mark = buffers_mark(c);
    for (int s = 0; s < p->storage_count; s++)
        if (is_copied_leaf(p, s)) c->run.leaves[p->storages[s].leaf]->buffer->used = mark;
    return ok;
}

static bool copy_results(const plan *p, context *c)
{
    const device_graph *g = p->launch;
    for (int s = 0; s < p->storage_count; s++)
        if (p->storages[s].kind == STORAGE_RESULT && p->storages[s].bytes &&
            !c->device->queue->move(p->address[s], g->fixed[s]->data, p->storages[s].bytes))
            return false;
    return true;
}

enum launch device_graph_run(plan *p, context *c)
{
    device_graph *g = p->launch ? p->launch : make(c, p);
    if (!g || g->impossible || profile_is_on() || c->device->queue->names_ranges()) return NOT_LAUNCHED;
    if (!g->runs && is_not_to_be_launched(p, c)) g->impossible = true;
    bool still = look_for_moves(p, c);
    if (g->impossible || g->runs++ < RUNS_BEFORE) return NOT_LAUNCHED;
    if (!still) forget_graph(c, p);
    if (!g->graph && !capture_graph(p, c)) return NOT_LAUNCHED;
    return copy_leaves(p, c) && c->device->queue->launch(g->graph) && copy_results(p, c) ? LAUNCHED : LAUNCH_FAILED;
}
