/* fold.c - the loops of a fold. Outputs are handled a block at a time; where blocks are too few to keep threads busy,
 * what goes into each is split in parts as well. Both follow from the shape alone, so that results do not depend on the
 * number of threads. */
#include "core/graph/refuse.h"
#include "backends/cpu/reduction/along_axis.h"
#include "backends/cpu/reduction/fold.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 768, PIECE = 16384, FEW_TASKS = 64 };

static void push_outer(fold_axis_loops *l, int64_t extent, int64_t stride)
{
    memmove(l->extent + 1, l->extent, (size_t)l->rank * sizeof *l->extent);
    memmove(l->stride + 1, l->stride, (size_t)l->rank * sizeof *l->stride);
    l->extent[0] = extent;
    l->stride[0] = stride;
    l->rank++;
    l->count *= extent;
}

fold_loops fold_loops_of(vt_shape shape, int64_t axes)
{
    fold_loops f = { .kept = { .count = 1 }, .folded = { .count = 1 }, .run = 1, .run_folded = true };
    int64_t stride = 1;
    bool inside = true; /* still in the run */
    for (int axis = shape.rank - 1, next; axis >= 0; axis = next) {
        bool folded = axes >> axis & 1;
        int64_t extent = 1;
        for (next = axis; next >= 0 && (shape.dim[next] == 1 || (axes >> next & 1) == folded); next--)
            extent *= shape.dim[next];
        if (extent == 1) continue;
        if (inside) {
            f.run = extent;
            f.run_folded = folded;
        } else {
            push_outer(folded ? &f.folded : &f.kept, extent, stride);
        }
        inside = false;
        stride *= extent;
    }
    f.last_run = f.run;
    if (f.run_folded && f.folded.rank == 0 && f.run > PIECE) {
        push_outer(&f.folded, (f.run + PIECE - 1) / PIECE, PIECE);
        f.last_run = f.run - (f.folded.count - 1) * PIECE;
        f.run = PIECE;
    }
    return f;
}

int64_t fold_length(const array *x, int64_t axes)
{
    int64_t length = 1;
    for (int i = 0; i < x->shape.rank; i++)
        if (axes >> i & 1) length *= x->shape.dim[i];
    return length;
}

/* A fold under way. */
typedef struct job {
    const fold_call *call;
    fold_loops loops;
    size_t size;                  /* of an element */
    int64_t count, block, blocks; /* outputs; how many make a block; blocks of them, or of a run of columns */
    int64_t tasks;
    int64_t parts; /* of what is folded */
    double length; /* elements that go into each output */
} job;

/* The outputs of a task: `n` of them from `first` on, whose elements begin at `offset`. */
typedef struct range {
    int64_t first, n, offset;
} range;

static range range_of(const job *j, int64_t task)
{
    const fold_loops *l = &j->loops;
    range r = { .first = task * j->block };
    if (!l->run_folded) {
        int64_t outer = task / j->blocks, column = task % j->blocks * j->block;
        r.first = outer * l->run + column;
        r.n = l->run - column;
        r.offset = fold_offset(&l->kept, outer) + column;
    } else {
        r.n = j->count - r.first;
    }
    if (r.n > j->block) r.n = j->block;
    return r;
}

/* Folds steps begin to end - 1 of the folded axes into the accumulators of a task. */
static void fold_task(const job *j, range r, int64_t begin, int64_t end, slot *total)
{
    const fold_loops *l = &j->loops;
    const fold *how = j->call->how;
    const char *x = j->call->x->data;
    const double *center = j->call->center ? j->call->center + r.first : NULL;
    for (int64_t i = 0; i < r.n; i++) total[i] = how->start;
    int64_t rows = l->folded.rank == 1 ? end - begin : 1; /* that are equally far apart */
    for (int64_t k = begin; !l->run_folded && k < end; k += rows)
        how->columns(x + (size_t)(r.offset + fold_offset(&l->folded, k)) * j->size, r.n, rows, l->folded.stride[0],
                     center, total);
    for (int64_t i = 0; l->run_folded && i < r.n; i++) {
        int64_t offset = fold_offset(&l->kept, r.first + i);
        for (int64_t k = begin; k < end; k++)
            how->row(x + (size_t)(offset + fold_offset(&l->folded, k)) * j->size,
                     k == l->folded.count - 1 ? l->last_run : l->run, center ? center + i : NULL, &total[i]);
    }
}

#define STORE(type, member)                                                                                            \
    for (int64_t i = 0; i < n; i++) ((type *)to->data)[first + i] = (type)total[i].member

static void finish_task(const job *j, int64_t first, int64_t n, slot *total)
{
    const fold_call *call = j->call;
    const array *to = &call->out;
    if (call->finish)
        call->finish(&total->f, n, call->center ? call->center + first : NULL, j->length, call->parameter);
    switch (to->dtype) {
    case VT_F32: STORE(float, f); break;
    case VT_F64: STORE(double, f); break;
    case VT_I32: STORE(int32_t, i); break;
    case VT_I64: STORE(int64_t, i); break;
    default: STORE(uint8_t, i);
    }
}

static void fold_whole(const job *j)
{
#pragma omp parallel for if (vt_shape_count(j->call->x->shape) > SMALL_WORK)
    for (int64_t task = 0; task < j->tasks; task++) {
        slot total[BLOCK];
        range r = range_of(j, task);
        fold_task(j, r, 0, j->loops.folded.count, total);
        finish_task(j, r.first, r.n, total);
    }
}

static bool fold_in_parts(const char *op, const job *j)
{
    slot *totals = malloc((size_t)(j->parts * j->tasks) * BLOCK * sizeof *totals);
    if (!totals) {
        refuse_call(op, (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory for partial sums");
        return false;
    }
    int64_t steps = j->loops.folded.count;
#pragma omp parallel for
    for (int64_t i = 0; i < j->parts * j->tasks; i++) {
        int64_t part = i % j->parts;
        fold_task(j, range_of(j, i / j->parts), part * steps / j->parts, (part + 1) * steps / j->parts,
                  totals + i * BLOCK);
    }
    for (int64_t task = 0; task < j->tasks; task++) {
        slot *total = totals + task * j->parts * BLOCK;
        range r = range_of(j, task);
        for (int64_t part = 1; part < j->parts; part++) j->call->how->merge(total + part * BLOCK, r.n, total);
        finish_task(j, r.first, r.n, total);
    }
    free(totals);
    return true;
}

/* Long rows make a task each, short ones share one; columns are as many as their accumulators fit into the cache. */
static int64_t block_of(const fold_loops *l)
{
    int64_t length = l->run * l->folded.count, rows = length > 0 ? SMALL_WORK / length : BLOCK;
    return !l->run_folded || rows > BLOCK ? BLOCK : rows < 1 ? 1 : rows;
}

bool fold_axes(const char *op, const fold_call *call)
{
    job j = { .call = call, .loops = fold_loops_of(call->x->shape, call->axes) };
    j.size = vt_dtype_size(call->x->dtype);
    j.count = vt_shape_count(call->out.shape);
    j.length = (double)fold_length(call->x, call->axes);
    j.block = block_of(&j.loops);
    j.blocks = ((j.loops.run_folded ? j.count : j.loops.run) + j.block - 1) / j.block;
    j.tasks = j.blocks * (j.loops.run_folded ? 1 : j.loops.kept.count);
    int64_t work = vt_shape_count(call->x->shape);
    j.parts = j.tasks && j.tasks < FEW_TASKS ? FEW_TASKS / j.tasks : 1;
    if (j.parts > work / SMALL_WORK) j.parts = work / SMALL_WORK;
    if (j.parts > j.loops.folded.count) j.parts = j.loops.folded.count;
    if (j.parts > 1) return fold_in_parts(op, &j);
    fold_whole(&j);
    return true;
}
