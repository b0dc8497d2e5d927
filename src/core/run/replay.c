/* replay.c - runs a plan: gives its storages addresses, calls its kernels in order, hands out the results. */
#include "core/run/replay.h"
#include "core/graph/refuse.h"
#include "core/base/error.h"
#include "core/base/entry.h"
#include "core/run/device_graph.h"
#include "core/run/kept.h"
#include "core/base/log.h"
#include "core/plan/plan.h"
#include "core/base/poison.h"
#include "core/run/profile.h"
#include "core/run/current_kernel.h"
#include <stdlib.h>
#include <string.h>

/* -- Memory -------------------------------------------------------------------------------------------------------- */

static bool ensure_workspace(context *c, size_t bytes)
{
    if (c->workspace && (c->workspace->bytes < bytes || c->workspace->backend != c->device)) {
        buffer_destroy(c, c->workspace);
        c->workspace = NULL;
    }
    if (!c->workspace && bytes) c->workspace = buffer_allocate(c, bytes);
    return c->workspace || !bytes;
}

static bool own_results(plan *p, context *c)
{
    for (int s = 0; s < p->storage_count; s++) {
        p->owned[s] = NULL;
        if (p->storages[s].kind != STORAGE_RESULT) continue;
        p->owned[s] = buffer_new(c, p->storages[s].bytes);
        if (!p->owned[s]) {
            while (s-- > 0) buffer_release(c, p->owned[s]);
            return false;
        }
    }
    return true;
}

/* Where empty tensors lie if nothing else does. */
static char nothing[64];

static void find_addresses(plan *p, const context *c)
{
    for (int s = 0; s < p->storage_count; s++) {
        const storage *at = &p->storages[s];
        if (at->kind == STORAGE_LEAF)
            p->address[s] = c->run.leaves[at->leaf]->array.data;
        else if (at->kind == STORAGE_RESULT)
            p->address[s] = p->owned[s]->data;
        else if (at->kind == STORAGE_KEPT)
            p->address[s] = p->kept ? (char *)p->kept->data + at->offset : nothing;
        else
            p->address[s] = c->workspace ? (char *)c->workspace->data + at->offset : nothing;
    }
}

/* -- Steps --------------------------------------------------------------------------------------------------------- */

static void bind(const plan *p, const context *c, step *s)
{
    const node *n = c->run.nodes[s->source];
    for (int a = 0; a < s->call.inputs + s->call.outputs; a++)
        s->call.in[a].data = s->storage[a] == NO_STORAGE ? NULL : p->address[s->storage[a]] + s->offset[a];
    s->call.bound = &n->bound;
    s->call.device_bound = p->bounds ? (const device_bound *)p->bounds->data + s->source : NULL;
    s->call.at = n->at;
    s->call.state = s->prepared.state;
    s->call.scratch = s->scratch == NO_STORAGE ? NULL : p->address[s->scratch];
}

/* Errors that the kernel raises, of data that was not there when the op was recorded, name the op and its site. */
static bool run_kernel(context *c, const step *s)
{
    ENTER_AS(s->call.op->name, s->call.at);
    bool ok = s->kernel->run(&s->call);
    if (!ok && !vt_failed())
        refuse_call(s->call.op->name, s->call.at, VT_ERROR_UNSUPPORTED, "the kernel of device %s failed",
                    c->device->name);
    return ok;
}

static bool run_named(context *c, const step *s)
{
    const device_queue *queue = c->device->queue;
    const bool named = queue && queue->names_ranges();
    if (named) queue->range_begin(s->kernel ? s->call.op->name : "copy", s->call.at);
    bool ok = s->kernel ? run_kernel(c, s) : c->device->copy(&s->call.out[0], &s->call.in[0]);
    if (named) queue->range_end();
    return ok;
}

static bool run_step(const plan *p, context *c, step *s)
{
    bind(p, c, s);
    double start = profile_begin();
    current_kernel_set(c, &s->call);
    bool ok = run_named(c, s);
    current_kernel_set(c, NULL);
    profile_end(start, s, c->device);
    return ok;
}

/* Under AddressSanitizer only what is in use at a step may be touched there, and begins as NaN: a step that reads what
 * none has written, or that writes beside what is its own, is found. */
static void open_memory(const plan *p, int now)
{
    for (int s = 0; s < p->storage_count; s++) {
        const storage *at = &p->storages[s];
        if (at->kind != STORAGE_WORK || at->first != now) continue;
        unpoison(p->address[s], at->bytes);
        memset(p->address[s], 0xff, at->bytes);
    }
}

static void close_memory(const plan *p, int now)
{
    for (int s = 0; s < p->storage_count; s++)
        if (p->storages[s].kind == STORAGE_WORK && p->storages[s].last == now)
            poison(p->address[s], p->storages[s].bytes);
}

int run_steps(plan *p, context *c)
{
    bool poisons = POISONS && !c->device->queue && c->workspace, current = kept_is_current(p, c);
    if (poisons) poison(c->workspace->data, c->workspace->bytes);
    int done = 0;
    for (bool ok = true; ok && done < p->step_count; done += ok) {
        if (poisons) open_memory(p, done);
        ok = (current && p->steps[done].once) || run_step(p, c, &p->steps[done]);
        if (poisons) close_memory(p, done);
    }
    if (poisons) unpoison(c->workspace->data, c->workspace->bytes);
    return done;
}

/* What is bound to the nodes goes to a device that the host's memory is out of reach for. */
static bool push_bounds(plan *p, context *c)
{
    const run_state *r = &c->run;
    size_t bytes = r->node_count * sizeof(device_bound);
    if (!c->device->queue) return true;
    device_bound *bounds = malloc(bytes);
    if (!bounds) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory to run a plan");
    for (size_t i = 0; i < r->node_count; i++) bounds[i] = (device_bound){ r->nodes[i]->bound, r->nodes[i]->at };
    if (!p->bounds) p->bounds = buffer_allocate(c, bytes);
    bool ok = p->bounds && c->device->queue->push(p->bounds->data, bounds, bytes);
    free(bounds);
    return ok;
}

static int run_all(plan *p, context *c)
{
    enum launch launched = c->device->queue ? device_graph_run(p, c) : NOT_LAUNCHED;
    if (launched == LAUNCHED) return p->step_count;
    return launched == LAUNCH_FAILED ? 0 : run_steps(p, c);
}

/* -- What the run leaves ------------------------------------------------------------------------------------------- */

/* An effect took place when the step that writes ran. */
static void finish_effect(context *c, node *n)
{
    if (n->done) return;
    n->done = true;
    c->pending_effects--;
    for (int i = 0; i < n->inputs; i++) {
        value *v = value_overwritten(c, n, i);
        if (v) v->executed_version++;
    }
}

static void finish_effects(const plan *p, context *c, int steps)
{
    for (int s = 0; s < steps; s++) {
        node *n = c->run.nodes[p->steps[s].source];
        if (n->op->writes) finish_effect(c, n);
    }
}

static void finish_nodes(const plan *p, context *c)
{
    for (size_t i = 0; i < c->run.node_count; i++) {
        node *n = c->run.nodes[i];
        c->statistics.nodes_run++;
        if (n->op->writes) {
            finish_effect(c, n);
        } else if (n->done) {
            c->statistics.nodes_recomputed++;
            log_line("run", "%s at %s:%d computed again: its value was read after it had been let go", n->op->name,
                     n->at.file, n->at.line);
        } else {
            n->ran_in = p->number;
            n->ran_as = (int)i;
        }
        n->done = true;
    }
}

/* Of a run that failed, what the steps before left whole. */
static void hand_out(const plan *p, context *c, int steps)
{
    for (int i = 0; i < p->result_count; i++) {
        const result *r = &p->results[i];
        value *v = value_of(c, c->run.nodes[r->node]->out[r->output]);
        const storage *at = &p->storages[r->storage];
        if (!v || v->buffer || at->written >= steps) continue;
        v->buffer = buffer_share(at->kind == STORAGE_LEAF ? c->run.leaves[at->leaf]->buffer : p->owned[r->storage]);
        v->array = r->array;
        v->array.data = p->address[r->storage] + r->offset;
    }
}

/* What a graph has copied for itself it no longer uses. */
static void mark_buffers(const plan *p, context *c)
{
    uint64_t mark = buffers_mark(c);
    for (int s = 0; s < p->storage_count; s++) {
        const storage *at = &p->storages[s];
        if (at->kind == STORAGE_RESULT) p->owned[s]->used = mark;
        if (at->kind == STORAGE_LEAF && !device_graph_has_copied(p, s)) c->run.leaves[at->leaf]->buffer->used = mark;
    }
}

bool replay(plan *p, context *c)
{
    size_t bytes = p->work_bytes + p->kept_bytes;
    kept_drop_ended(c);
    if (!ensure_workspace(c, p->work_bytes) || !kept_begin(p, c) || !push_bounds(p, c) || !own_results(p, c))
        return false;
    buffer_count(c, (int64_t)bytes);
    find_addresses(p, c);
    c->run.started = true;
    int done = run_all(p, c);
    mark_buffers(p, c);
    bool ok = done == p->step_count;
    if (ok) kept_settle(p, c); /* with what was read: effects come after it */
    finish_effects(p, c, done);
    if (ok) finish_nodes(p, c);
    hand_out(p, c, done);
    for (int s = 0; s < p->storage_count; s++) buffer_release(c, p->owned[s]);
    buffer_count(c, -(int64_t)bytes);
    if (c->device->settle && c->workspace)
        c->device->settle(c->workspace->data, c->workspace->bytes, &c->workspace->settled);
    return ok;
}
