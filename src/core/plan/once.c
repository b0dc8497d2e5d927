/* once.c - which steps run once. A step is settled if all that it reads is: parameters and buffers that the plan does
 * not write, and what settled steps make. It runs once if it can be left out of the next run. */
#include "core/plan/once.h"
#include "core/tensor/value.h"

/* What steps do with a storage. */
typedef struct use {
    bool settled;      /* a parameter, or made by settled steps alone */
    bool by_others;    /* a step that does not run once writes it */
    int last_write;    /* of a step that runs once ... */
    int first_reading; /* ... and the first step that reads it and does not */
    bool to_result;    /* such a step is settled itself: what it makes is a result */
} use;

enum { NEVER = INT32_MAX };

static int argument_count(const step *s)
{
    return s->call.inputs + s->call.outputs;
}

static bool is_parameter(const context *c, const storage *s)
{
    if (s->kind != STORAGE_LEAF) return false;
    const value *v = c->run.leaves[s->leaf];
    return v->depth == OUTLIVES_SCOPES && vt_dtype_is_float(v->spec.dtype);
}

/* Whether the step computes the same in the next run, from what is settled and not from nothing. */
static bool is_settled(const step *s, const use *uses)
{
    bool any = false;
    if (s->call.op->varies || s->call.op->writes) return false;
    for (int a = 0; a < s->call.inputs; a++) {
        if (s->storage[a] == NO_STORAGE) continue;
        if (!uses[s->storage[a]].settled) return false;
        any = true;
    }
    return any;
}

static bool writes_result(const plan *p, const step *s)
{
    for (int a = s->call.inputs; a < argument_count(s); a++)
        if (s->storage[a] != NO_STORAGE && p->storages[s->storage[a]].kind != STORAGE_WORK) return true;
    return false;
}

/* In the order of steps: a storage that is made of something else as well is not settled. */
static void find_settled(plan *p, const context *c, use *uses, bool *settled)
{
    for (int s = 0; s < p->storage_count; s++) uses[s].settled = is_parameter(c, &p->storages[s]);
    for (int n = 0; n < p->step_count; n++) {
        step *s = &p->steps[n];
        settled[n] = is_settled(s, uses);
        for (int a = s->call.inputs; a < argument_count(s); a++) {
            if (s->storage[a] == NO_STORAGE) continue;
            use *u = &uses[s->storage[a]];
            u->settled = settled[n] && !u->by_others;
            u->by_others |= !settled[n];
        }
        s->once = settled[n] && !writes_result(p, s);
    }
}

static void find_uses(const plan *p, const bool *settled, use *uses)
{
    for (int s = 0; s < p->storage_count; s++) uses[s] = (use){ .last_write = -1, .first_reading = NEVER };
    for (int n = 0; n < p->step_count; n++) {
        const step *s = &p->steps[n];
        for (int a = 0; a < argument_count(s); a++) {
            if (s->storage[a] == NO_STORAGE) continue;
            use *u = &uses[s->storage[a]];
            if (a >= s->call.inputs && s->once) u->last_write = n;
            if (a >= s->call.inputs && !s->once) u->by_others = true;
            if (a < s->call.inputs && !s->once && u->first_reading == NEVER) u->first_reading = n;
            if (a < s->call.inputs && !s->once && settled[n]) u->to_result = true;
        }
    }
}

/* What the storage holds behind the last step that runs once is what everybody reads. It is not worth its memory where
 * a result alone is made of it. */
static bool can_be_kept(const use *u)
{
    return !u->by_others && !u->to_result && u->last_write < u->first_reading;
}

/* Takes the mark from steps whose results cannot be kept; false where there are none. */
static bool unmark(plan *p, const use *uses)
{
    bool any = false;
    for (int n = 0; n < p->step_count; n++) {
        step *s = &p->steps[n];
        for (int a = s->call.inputs; s->once && a < argument_count(s); a++)
            if (s->storage[a] != NO_STORAGE && !can_be_kept(&uses[s->storage[a]])) s->once = false, any = true;
    }
    return any;
}

static void keep(plan *p, const context *c, const use *uses)
{
    size_t alignment = c->device->alignment;
    for (int n = 0; n < p->storage_count; n++) {
        storage *s = &p->storages[n];
        if (s->kind != STORAGE_WORK || uses[n].last_write < 0 || uses[n].first_reading == NEVER) continue;
        s->kind = STORAGE_KEPT;
        s->offset = p->kept_bytes;
        p->kept_bytes += (s->bytes + alignment - 1) / alignment * alignment;
    }
}

/* The leaves that settled steps read. One that runs once may read what another makes in every run. */
static bool list_witnesses(plan *p, const bool *settled)
{
    bool *seen = program_allocate(&p->program, (size_t)p->storage_count * sizeof *seen);
    p->witnesses = program_allocate(&p->program, (size_t)p->storage_count * sizeof *p->witnesses);
    for (int n = 0; seen && p->witnesses && n < p->step_count; n++) {
        const step *s = &p->steps[n];
        for (int a = 0; settled[n] && a < s->call.inputs; a++) {
            int from = s->storage[a];
            if (from == NO_STORAGE || p->storages[from].kind != STORAGE_LEAF || seen[from]) continue;
            seen[from] = true;
            p->witnesses[p->witness_count++] = (witness){ .leaf = p->storages[from].leaf };
        }
    }
    return !p->program.failed;
}

static bool writes_leaf(const plan *p)
{
    for (int s = 0; s < p->storage_count; s++)
        if (p->storages[s].kind == STORAGE_LEAF && p->storages[s].written >= 0) return true;
    return false;
}

/* Training writes what it reads. A device with a queue of its own launches its steps as one. */
bool find_once(plan *p, const context *c)
{
    use *uses = program_allocate(&p->program, (size_t)p->storage_count * sizeof *uses);
    bool *settled = program_allocate(&p->program, (size_t)p->step_count * sizeof *settled);
    if (!uses || !settled) return false;
    if (c->training || c->eager || c->device->queue || writes_leaf(p)) return true;
    find_settled(p, c, uses, settled);
    do find_uses(p, settled, uses);
    while (unmark(p, uses));
    keep(p, c, uses);
    return list_witnesses(p, settled);
}
