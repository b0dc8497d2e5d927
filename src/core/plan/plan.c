/* plan.c - plans are made once and found again by their key. */
#include "core/plan/print_program.h"
#include "core/plan/key.h"
#include "core/plan/once.h"
#include "core/plan/recompute.h"
#include "core/plan/retain.h"
#include "core/plan/lower.h"
#include "core/plan/memory_plan.h"
#include "core/base/error.h"
#include "core/run/device_graph.h"
#include "core/base/clock.h"
#include "core/plan/plan.h"
#include "core/plan/capture.h"
#include "core/library.h"
#include "core/plan/pass.h"
#include "core/base/log.h"
#include "core/run/kept.h"
#include "core/run/profile.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PLANS = 128, BUCKETS = 256 };

typedef struct plan_cache {
    plan *buckets[BUCKETS];
    plan *latest; /* the one used last: what a new one is compared with in the log */
    int count;
    uint64_t clock, made;
} plan_cache;

/* -- Making a plan ------------------------------------------------------------------------------------------------- */

static bool is_due(const pass *of, const context *c, bool again)
{
    return again ? of->when == PASS_AGAIN : of->when != PASS_WITHOUT_LIMIT || !c->memory_limit;
}

static void run_passes(program *p, const context *c, bool again)
{
    for (int i = 0; library.passes[i].name && !p->failed; i++) {
        if (!is_due(&library.passes[i], c, again) || !pass_is_on(c, i)) continue;
        library.passes[i].run(p);
        program_compact(p);
    }
}

static bool plan_steps(plan *p, context *c, recomputation how)
{
    program *q = &p->program;
    capture(q, c);
    if (q->failed) return false;
    run_passes(q, c, false);
    if (q->failed || !choose_kernels(q, c)) return false;
    run_passes(q, c, true);
    p->repeated = recompute(q, how);
    program_log(q);
    return !q->failed && program_is_in_order(q, c) && lower(p, c) && find_once(p, c) && plan_memory(p, c);
}

static void plan_free(context *c, plan *p)
{
    device_graph_free(c, p);
    buffer_destroy(c, p->bounds);
    kept_drop(p, c);
    for (int s = 0; s < p->step_count; s++)
        if (p->steps[s].prepared.discard) p->steps[s].prepared.discard(p->steps[s].prepared.state);
    arena_free(&p->program.memory);
    free(p->key);
    free(p->retained);
    free(p);
}

/* FNV-1a, a word at a time. It only finds the bucket; the words decide. */
static uint64_t hash_of(const int64_t *words, size_t count)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < count; i++) hash = (hash ^ (uint64_t)words[i]) * 0x100000001b3;
    return hash ^ hash >> 32;
}

static bool remember_key(plan *p, const context *c)
{
    const run_state *r = &c->run;
    p->key = malloc(r->key_count * sizeof *p->key);
    if (!p->key) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for a plan");
    memcpy(p->key, r->key, r->key_count * sizeof *p->key);
    p->key_count = r->key_count;
    p->hash = hash_of(p->key, p->key_count);
    p->node_key = program_allocate(&p->program, r->node_count * sizeof *p->node_key);
    if (!p->node_key) return false;
    memcpy(p->node_key, r->node_key, r->node_count * sizeof *p->node_key);
    p->node_count = r->node_count;
    return true;
}

static bool make_room_to_run(plan *p)
{
    size_t count = (size_t)p->storage_count;
    p->address = program_allocate(&p->program, count * sizeof(char *));
    p->owned = program_allocate(&p->program, count * sizeof(buffer *));
    return p->address && p->owned;
}

static plan *make_plan_with(context *c, recomputation how)
{
    plan *p = calloc(1, sizeof *p);
    if (!p) {
        raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for a plan");
        return NULL;
    }
    p->program.memory.block_size = 1 << 14;
    if (plan_steps(p, c, how) && make_room_to_run(p) && remember_key(p, c)) return p;
    plan_free(c, p);
    return NULL;
}

/* -- Within a limit ------------------------------------------------------------------------------------------------ */

static size_t need_of(const plan *p)
{
    size_t need = p->work_bytes + p->kept_bytes;
    for (int s = 0; s < p->storage_count; s++)
        if (p->storages[s].kind == STORAGE_RESULT) need += p->storages[s].bytes;
    return need;
}

/* What the limit leaves for a plan, beside the tensors that there are. */
static size_t room_of(const context *c)
{
    if (c->memory_limit == VT_AUTO) return 0;
    const int64_t room = c->memory_limit - c->statistics.live_bytes;
    return room > 0 ? (size_t)room : 0;
}

/* The smallest plan that was found, until one fits. Estimates are of terms, each in a place of its own; by how much
 * plans are smaller is seen from the one before. */
static plan *find_smaller(context *c, const plan *whole, size_t room)
{
    enum { TRIES = 4 };
    const double margin = 0.97;
    size_t estimate;
    recomputation before = { 0 };
    double scale = (double)program_need(&whole->program) / (double)need_of(whole);
    plan *best = NULL;
    for (int i = 0; i < TRIES && (!best || need_of(best) > room); i++) {
        recomputation how = recomputation_choose(&whole->program, (size_t)((double)room * scale), &estimate);
        if (how.segments == before.segments && how.again == before.again) break;
        plan *p = make_plan_with(c, how);
        if (!p) break;
        const bool less = !best || need_of(p) < need_of(best);
        scale = fmin(scale, (double)estimate / (double)need_of(p)) * margin;
        if (best) plan_free(c, less ? best : p);
        if (less) best = p;
        before = how;
    }
    return best;
}

static bool fits(const context *c, const plan *p, size_t room)
{
    const int64_t there = c->statistics.live_bytes;
    if (c->memory_limit == VT_AUTO || need_of(p) <= room) return true;
    return raise_error(
        VT_ERROR_MEMORY, (vt_site){ 0 },
        "a step takes at least %.1f MB, %.1f MB of which are tensors that there are already; the limit is "
        "%.1f MB (vt_set_memory_limit)",
        1e-6 * ((double)there + (double)need_of(p)), 1e-6 * (double)there, 1e-6 * (double)c->memory_limit);
}

static plan *make_plan(context *c)
{
    plan *p = make_plan_with(c, (recomputation){ 0 });
    const size_t room = room_of(c);
    if (!p || !c->memory_limit || need_of(p) <= room) return p;
    plan *less = find_smaller(c, p, room);
    if (less && need_of(less) < need_of(p)) {
        plan_free(c, p);
        p = less;
    } else if (less) {
        plan_free(c, less);
    }
    if (!vt_failed() && fits(c, p, room)) return p;
    plan_free(c, p);
    return NULL;
}

/* -- The cache ----------------------------------------------------------------------------------------------------- */

static plan *find(const plan_cache *cache, const run_state *r)
{
    uint64_t hash = hash_of(r->key, r->key_count);
    plan *p = cache->buckets[hash % BUCKETS];
    while (p && (p->hash != hash || p->key_count != r->key_count ||
                 memcmp(p->key, r->key, r->key_count * sizeof *r->key) != 0))
        p = p->next;
    return p;
}

static void drop_least_recently_used(context *c, plan_cache *cache)
{
    plan **oldest = NULL;
    for (int i = 0; i < BUCKETS; i++)
        for (plan **link = &cache->buckets[i]; *link; link = &(*link)->next)
            if (!oldest || (*link)->last_used < (*oldest)->last_used) oldest = link;
    if (!oldest) return;
    plan *p = *oldest;
    *oldest = p->next;
    if (cache->latest == p) cache->latest = NULL;
    plan_free(c, p);
    cache->count--;
}

static void put_in_cache(context *c, plan_cache *cache, plan *p)
{
    if (cache->count == MAX_PLANS) drop_least_recently_used(c, cache);
    p->next = cache->buckets[p->hash % BUCKETS];
    cache->buckets[p->hash % BUCKETS] = p;
    cache->count++;
}

void plans_free(context *c)
{
    for (int i = 0; c->plans && i < BUCKETS; i++) {
        for (plan *p = c->plans->buckets[i], *next; p; p = next) {
            next = p->next;
            plan_free(c, p);
        }
    }
    free(c->plans);
    c->plans = NULL;
}

plan *plan_made_as(const context *c, uint64_t number)
{
    for (int i = 0; c->plans && i < BUCKETS; i++)
        for (plan *p = c->plans->buckets[i]; p; p = p->next)
            if (p->number == number) return p;
    return NULL;
}

/* Says why no plan fits: the first node that differs from the plan that ran before. */
static void explain(const plan *p, const plan *before, const run_state *r)
{
    size_t word = 0, n = 0;
    log_line("plan", "new: %zu ops become %d steps on %.1f MB", r->node_count, p->step_count,
             1e-6 * (double)p->work_bytes);
    if (p->kept_bytes) log_line("plan", "%.1f MB made of parameters alone are kept", 1e-6 * (double)p->kept_bytes);
    if (p->repeated) log_line("plan", "%d instructions compute again what is read late", p->repeated);
    if (!before) return;
    while (word < r->key_count && word < before->key_count && r->key[word] == before->key[word]) word++;
    if (word < r->node_key[0]) {
        log_line("plan", "the settings differ from those before: device, threads, precision, passes or mode");
        return;
    }
    while (n + 1 < r->node_count && r->node_key[n + 1] <= word) n++;
    const node *differs = r->nodes[n];
    const char *how = "another attribute, input, shape, layout or result";
    if (n >= before->node_count)
        how = "that one ended here";
    else if (r->key[r->node_key[n]] != before->key[before->node_key[n]])
        how = "that one had another op here";
    log_line("plan", "op %zu, %s at %s:%d, differs from the plan before: %s", n, differs->op->name, differs->at.file,
             differs->at.line, how);
}

plan *plan_get(context *c)
{
    if (!c->plans && !(c->plans = calloc(1, sizeof *c->plans))) {
        raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for plans");
        return NULL;
    }
    plan *p = find(c->plans, &c->run);
    while (p && retain_mark(p, c)) {
        if (!make_key(c)) return NULL;
        p = find(c->plans, &c->run);
    }
    c->statistics.plan_hits += p != NULL;
    if (!p) {
        double start = seconds_now();
        p = make_plan(c);
        c->statistics.plan_misses++;
        c->statistics.planning_seconds += seconds_now() - start;
        if (!p) return NULL;
        explain(p, c->plans->latest, &c->run);
        p->number = ++c->plans->made;
        put_in_cache(c, c->plans, p);
    }
    p->last_used = ++c->plans->clock;
    c->plans->latest = p;
    return p;
}
