/* rows.c - walking operands row by row. */
#include "backends/cpu/reduction/rows.h"
#include "backends/cpu/vector/bf16_row.h"
#include "backends/cpu/machine/threads.h"

/* A row is cut so that threads find work enough in few rows; fewer elements in all are not worth waking them. */
enum { PIECE = 8192, PARALLEL_COUNT = 32768 };

/* Elements stored as bf16 that are converted at a time: few enough for the nearest cache. */
enum { CONVERTED = 1024 };

/* The axes that are left once neighbours are merged; the last one, 0, is the row itself. */
typedef struct layout {
    int rank, inputs;
    int64_t extent[VT_MAX_RANK], stride[VT_MAX_RANK][MAX_ROW_INPUTS]; /* innermost first; in elements */
    int64_t size[MAX_ROW_INPUTS], out_size;                           /* bytes of an element */
    int64_t rows, pieces;                                             /* pieces in a row */
    bool bf16[MAX_ROW_INPUTS], bf16_out, any_bf16;
} layout;

static bool continues(const layout *l, const int64_t *stride)
{
    int last = l->rank - 1;
    for (int k = 0; k < l->inputs; k++)
        if (stride[k] != l->extent[last] * l->stride[last][k]) return false;
    return true;
}

static void add_axis(layout *l, int64_t extent, const int64_t *stride)
{
    if (extent == 1) return;
    if (l->rank > 0 && continues(l, stride)) {
        l->extent[l->rank - 1] *= extent;
        return;
    }
    l->extent[l->rank] = extent;
    for (int k = 0; k < l->inputs; k++) l->stride[l->rank][k] = stride[k];
    l->rank++;
}

static layout layout_of(const kernel_call *call)
{
    const array *out = &call->out[0];
    layout l = { .inputs = call->inputs, .out_size = (int64_t)vt_dtype_size(out->dtype) };
    l.any_bf16 = l.bf16_out = out->dtype == VT_BF16;
    array in[MAX_ROW_INPUTS];
    for (int k = 0; k < l.inputs; k++) {
        in[k] = array_broadcast(call->in[k], out->shape);
        l.size[k] = (int64_t)vt_dtype_size(in[k].dtype);
        l.any_bf16 |= l.bf16[k] = in[k].dtype == VT_BF16;
    }
    for (int axis = out->shape.rank - 1; axis >= 0; axis--) {
        int64_t stride[MAX_ROW_INPUTS] = { 0 };
        for (int k = 0; k < l.inputs; k++) stride[k] = in[k].stride[axis];
        add_axis(&l, out->shape.dim[axis], stride);
    }
    if (l.rank == 0) l.extent[l.rank++] = 1;
    l.rows = 1;
    for (int axis = 1; axis < l.rank; axis++) l.rows *= l.extent[axis];
    l.pieces = (l.extent[0] + PIECE - 1) / PIECE;
    return l;
}

/* Where row number `number` begins. */
static void locate(const layout *l, const kernel_call *call, int64_t number, int64_t *index, const char **in)
{
    for (int k = 0; k < l->inputs; k++) in[k] = call->in[k].data;
    for (int axis = 1; axis < l->rank; axis++) {
        index[axis] = number % l->extent[axis];
        number /= l->extent[axis];
        for (int k = 0; k < l->inputs; k++) in[k] += index[axis] * l->stride[axis][k] * l->size[k];
    }
}

/* Goes on to the next row, as an odometer does. */
static void advance(const layout *l, int64_t *index, const char **in)
{
    for (int axis = 1; axis < l->rank; axis++) {
        bool over = ++index[axis] == l->extent[axis];
        int64_t steps = over ? 1 - l->extent[axis] : 1;
        for (int k = 0; k < l->inputs; k++) in[k] += steps * l->stride[axis][k] * l->size[k];
        if (!over) return;
        index[axis] = 0;
    }
}

static void widen_steps(const uint16_t *x, int64_t stride, int64_t n, float *y)
{
    if (stride == 1)
        widen_row(x, n, y);
    else
        for (int64_t i = 0; i < n; i++) y[i] = bf16_to_f32(x[i * stride]);
}

/* The part of a row that begins at element `begin`, with memory for its values in f32. */
static void run_converted_part(const layout *l, const row *r, row_function *f, int64_t begin)
{
    _Alignas(64) float in[MAX_ROW_INPUTS][CONVERTED], out[CONVERTED];
    row part = *r;
    part.count = r->count - begin < CONVERTED ? r->count - begin : CONVERTED;
    for (int k = 0; k < l->inputs; k++) {
        part.in[k] = (const char *)r->in[k] + begin * r->stride[k] * l->size[k];
        if (!l->bf16[k]) continue;
        widen_steps(part.in[k], r->stride[k], r->stride[k] ? part.count : 1, in[k]);
        part.in[k] = in[k];
        part.stride[k] = r->stride[k] != 0;
    }
    part.out = l->bf16_out ? (void *)out : (char *)r->out + begin * l->out_size;
    f(&part);
    if (l->bf16_out) narrow_row(out, part.count, (uint16_t *)r->out + begin);
}

static void run_row(const layout *l, const row *r, row_function *f)
{
    if (!l->any_bf16)
        f(r);
    else
        for (int64_t begin = 0; begin < r->count; begin += CONVERTED) run_converted_part(l, r, f, begin);
}

/* Pieces first to last - 1, numbered over all rows. */
static void run_pieces(const layout *l, const kernel_call *call, row_function *f, int64_t first, int64_t last)
{
    const char *in[MAX_ROW_INPUTS];
    int64_t index[VT_MAX_RANK], number = first / l->pieces, piece = first % l->pieces;
    row r = { .attributes = call->attributes };
    for (int k = 0; k < l->inputs; k++) r.stride[k] = l->stride[0][k];
    locate(l, call, number, index, in);
    for (; first < last; first++) {
        int64_t begin = piece * PIECE, rest = l->extent[0] - begin;
        r.count = rest < PIECE ? rest : PIECE;
        r.out = (char *)call->out[0].data + (number * l->extent[0] + begin) * l->out_size;
        for (int k = 0; k < l->inputs; k++) r.in[k] = in[k] + begin * r.stride[k] * l->size[k];
        run_row(l, &r, f);
        if (++piece < l->pieces) continue;
        piece = 0;
        number++;
        advance(l, index, in);
    }
}

bool run_rows(const kernel_call *call, row_function *f)
{
    layout l = layout_of(call);
    int64_t count = vt_shape_count(call->out[0].shape), pieces = l.rows * l.pieces;
    if (count == 0) return true;
    int parts = count >= PARALLEL_COUNT ? thread_count() : 1;
#pragma omp parallel for if (parts > 1)
    for (int part = 0; part < parts; part++)
        run_pieces(&l, call, f, pieces * part / parts, pieces * (part + 1) / parts);
    return true;
}

bool run_table(const kernel_call *call, row_table table)
{
    return run_rows(call, table[call->op->id][row_dtype(&call->in[call->inputs - 1])]);
}
