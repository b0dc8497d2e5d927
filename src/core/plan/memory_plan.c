/* memory_plan.c - offsets in the workspace: the largest storage first, each at the lowest place that is free for as
 * long as it is in use (greedy by size; Pisarchyk & Lee 2020). */
#include "core/plan/memory_plan.h"
#include "core/base/error.h"
#include "core/plan/plan.h"
#include <stdlib.h>

static size_t aligned(size_t bytes, size_t alignment)
{
    return (bytes + alignment - 1) / alignment * alignment;
}

static bool in_use_together(const storage *a, const storage *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static int by_falling_size(const void *x, const void *y)
{
    const storage *a = *(storage *const *)x, *b = *(storage *const *)y;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    return a->first != b->first ? (a->first > b->first) - (a->first < b->first) : (a > b) - (a < b);
}

/* `placed` is sorted by offset: the first gap that is large enough. */
static size_t lowest_gap(storage *const *placed, int count, const storage *s, size_t alignment)
{
    size_t offset = 0;
    for (int i = 0; i < count; i++) {
        if (!in_use_together(placed[i], s)) continue;
        if (placed[i]->offset >= offset + aligned(s->bytes, alignment)) break;
        size_t end = placed[i]->offset + aligned(placed[i]->bytes, alignment);
        if (end > offset) offset = end;
    }
    return offset;
}

static void insert(storage **placed, int count, storage *s)
{
    int i = count;
    for (; i > 0 && placed[i - 1]->offset > s->offset; i--) placed[i] = placed[i - 1];
    placed[i] = s;
}

#ifndef NDEBUG
static bool overlap(const storage *a, const storage *b)
{
    return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

static bool is_sound(storage *const *placed, int count)
{
    for (int i = 0; i < count; i++)
        for (int k = 0; k < i; k++)
            if (placed[i]->bytes && placed[k]->bytes && in_use_together(placed[i], placed[k]) &&
                overlap(placed[i], placed[k]))
                return raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 },
                                   "the plan puts two values that are in use together into the same memory: bytes %zu "
                                   "to %zu and %zu to %zu",
                                   placed[i]->offset, placed[i]->offset + placed[i]->bytes, placed[k]->offset,
                                   placed[k]->offset + placed[k]->bytes);
    return true;
}
#else
static bool is_sound(storage *const *placed, int count)
{
    (void)placed;
    (void)count;
    return true;
}
#endif

/* Whether no step reads memory that none before it has written. */
static bool is_written_first(const plan *p, const context *c)
{
    for (int s = 0; s < p->step_count; s++) {
        const kernel_call *call = &p->steps[s].call;
        for (int i = 0; i < call->inputs; i++) {
            int number = p->steps[s].storage[i];
            const storage *from = number == NO_STORAGE ? NULL : &p->storages[number];
            if (!from || from->kind == STORAGE_LEAF || from->first < s || !vt_shape_count(call->in[i].shape)) continue;
            return raise_error(VT_ERROR_UNSUPPORTED, c->run.nodes[p->steps[s].source]->at,
                               "%s: the plan reads input %d where nothing has been written: a fault of vitro's, which "
                               "may be gone with passes turned off (vt_set_pass)",
                               call->op->name, i);
        }
    }
    return true;
}

bool plan_memory(plan *p, const context *c)
{
    storage **order = program_allocate(&p->program, (size_t)p->storage_count * sizeof(storage *));
    storage **placed = program_allocate(&p->program, (size_t)p->storage_count * sizeof(storage *));
    size_t alignment = c->device->alignment;
    int count = 0;
    if (!order || !placed || !is_written_first(p, c)) return false;
    for (int i = 0; i < p->storage_count; i++)
        if (p->storages[i].kind == STORAGE_WORK && p->storages[i].first >= 0) order[count++] = &p->storages[i];
    qsort(order, (size_t)count, sizeof(storage *), by_falling_size);
    for (int i = 0; i < count; i++) {
        order[i]->offset = lowest_gap(placed, i, order[i], alignment);
        insert(placed, i, order[i]);
        size_t end = order[i]->offset + aligned(order[i]->bytes, alignment);
        if (end > p->work_bytes) p->work_bytes = end;
    }
    return is_sound(placed, count);
}
