/* attention.c - attention without a map of weights in memory, forward and backward: Dao et al. 2022, FlashAttention. A
 * block of logits is computed, turned into weights and used while it is in the caches; backward computes it again, for
 * which the logsumexp of each query is enough. One head is one thread's, so that nothing is shared. */
#include "backends/cpu/elementwise/random.h"
#include "backends/cpu/vector/bf16_row.h"
#include "backends/cpu/product/bf16_product.h"
#include "backends/cpu/vector/integers.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/level.h"
#include "backends/cpu/machine/work_stealing.h"
#include "backends/cpu/machine/threads.h"
#include "backends/cpu/product/tile.h"
#include "backends/cpu/vector/vector_math.h"
#include "core/base/bf16.h"
#include "ops/attention.h"
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Keys and queries that are handled together: their logits fit the second-level cache. */
enum { KEY_BLOCK = 512, QUERY_BLOCK = 128 };
enum { SMALL_PRODUCT = 1 << 14 }; /* not worth a second thread */

/* A call, seen as heads: what its leading axes count. */
typedef struct heads {
    int64_t count, queries, keys, channels, width;
    int lead_rank;
    int64_t lead[VT_MAX_RANK];
    double scale;
    bool causal;
} heads;

/* One head's part of an array. */
typedef struct matrix {
    char *data; /* NULL: absent */
    vt_dtype dtype;
    int64_t row, column; /* strides, in elements */
} matrix;

/* What a plan knows before it runs. */
typedef struct plan {
    const struct way *way; /* what computes it */
    int threads;
    int64_t chunks; /* of queries: each is a task */
    size_t scratch; /* a thread's scratch memory, in bytes */
    size_t sums;    /* bytes behind that of all threads: parts of the gradient of a bias */
} plan;

/* How many parts of at most `limit`; one of nothing. */
static int64_t parts_of(int64_t count, int64_t limit)
{
    return most(1, (count + limit - 1) / limit);
}

/* `g` is y or its gradient, whose leading axes are those of the call. */
static heads heads_of(const kernel_call *call, const array *q, const array *k, const array *g)
{
    const attention_attributes *a = call->attributes;
    heads h = { .count = 1, .scale = a->scale, .causal = a->causal, .lead_rank = g->shape.rank - 2 };
    h.queries = q->shape.dim[q->shape.rank - 2];
    h.keys = k->shape.dim[k->shape.rank - 2];
    h.channels = q->shape.dim[q->shape.rank - 1];
    h.width = g->shape.dim[g->shape.rank - 1];
    for (int i = 0; i < h.lead_rank; i++) h.count *= h.lead[i] = g->shape.dim[i];
    return h;
}

/* The stride of an array along an axis of what it broadcasts to, counted from the last. */
static int64_t broadcast_stride(const array *a, int from_last, int64_t extent)
{
    int axis = a->shape.rank - 1 - from_last;
    return axis < 0 || a->shape.dim[axis] != extent ? 0 : a->stride[axis];
}

/* A head's rows and columns of an array that broadcasts to [leading axes, rows, columns]. */
static matrix matrix_of(const heads *h, const array *a, int64_t head, int64_t rows, int64_t columns)
{
    if (!a->data) return (matrix){ .data = NULL };
    int64_t offset = 0;
    for (int i = h->lead_rank - 1; i >= 0; head /= h->lead[i--])
        offset += head % h->lead[i] * broadcast_stride(a, h->lead_rank + 1 - i, h->lead[i]);
    return (matrix){ (char *)a->data + offset * (int64_t)vt_dtype_size(a->dtype), a->dtype,
                     broadcast_stride(a, 1, rows), broadcast_stride(a, 0, columns) };
}

/* A head's logsumexp, as a column. */
static matrix column_of(const heads *h, const array *a, int64_t head)
{
    array column = *a;
    column.stride[column.shape.rank] = 0;
    column.shape.dim[column.shape.rank++] = 1;
    return matrix_of(h, &column, head, h->queries, 1);
}

static void *element(const matrix *m, int64_t row, int64_t column)
{
    return m->data + (row * m->row + column * m->column) * (int64_t)vt_dtype_size(m->dtype);
}

static int64_t row_bytes(const matrix *m)
{
    return m->row * (int64_t)vt_dtype_size(m->dtype);
}

/* Keys [first, first + count) of a head; `stride` is from row to row of what has a column for each of them. */
typedef struct key_block {
    int64_t first, count, stride;
} key_block;

/* What hides keys from queries, and what is added to their products. */
typedef struct visibility {
    bool causal;
    matrix bias, mask;
} visibility;

static visibility visibility_of(const heads *h, const array *bias, const array *mask, int64_t head)
{
    return (visibility){ h->causal, matrix_of(h, bias, head, h->queries, h->keys),
                         matrix_of(h, mask, head, h->queries, h->keys) };
}

/* How many of a block's keys query i sees for its place. */
static int64_t visible_keys(const visibility *v, const key_block *k, int64_t i)
{
    return v->causal ? most(0, least(k->count, i + 1 - k->first)) : k->count;
}

/* What drops weights of a head, of which each has a word of a random stream. */
typedef struct dropping {
    const bound *random; /* NULL: none is dropped */
    uint32_t least_kept; /* of the upper 24 bits of words */
    double scale;        /* of weights that are kept */
    int64_t first, keys; /* number of the head's first weight; of a query's */
} dropping;

static dropping dropping_of(const kernel_call *call, const heads *h, int64_t head)
{
    const double p = ((const attention_attributes *)call->attributes)->dropout;
    if (p == 0) return (dropping){ .random = NULL };
    return (dropping){ call->bound, least_kept(p), 1 / (1 - p), head * h->queries * h->keys, h->keys };
}

/* The words that were drawn last: those of elements `first` to first + RANDOM_WORDS - 1. */
typedef struct drawn {
    int64_t first; /* -1: there are none */
    uint32_t words[RANDOM_WORDS];
} drawn;

static void draw(const dropping *d, int64_t first, drawn *last)
{
    if (last->first != first) random_words(d->random->seed, d->random->stream, first, last->words);
    last->first = first;
}

/* What one head reads and writes. */
typedef struct forward_head {
    matrix q, k, v, y, logsumexp;
    visibility visibility;
    dropping dropping;
} forward_head;

static forward_head forward_head_of(const kernel_call *call, const heads *h, int64_t head)
{
    const array *in = call->in, *out = call->out;
    return (forward_head){
        .q = matrix_of(h, &in[ATTENTION_Q], head, h->queries, h->channels),
        .k = matrix_of(h, &in[ATTENTION_K], head, h->keys, h->channels),
        .v = matrix_of(h, &in[ATTENTION_V], head, h->keys, h->width),
        .y = matrix_of(h, &out[ATTENTION_Y], head, h->queries, h->width),
        .logsumexp = column_of(h, &out[ATTENTION_LOGSUMEXP], head),
        .visibility = visibility_of(h, &in[ATTENTION_BIAS], &in[ATTENTION_MASK], head),
        .dropping = dropping_of(call, h, head),
    };
}

typedef struct backward_head {
    matrix g, q, k, v, y, logsumexp, dq, dk, dv;
    matrix dbias; /* what the gradients of logits are added to, or absent */
    visibility visibility;
    dropping dropping;
} backward_head;

/* A head, and the one that its thread likely computes next; as many as there are where nobody knows. */
typedef struct turn {
    int64_t head, next;
    matrix dbias;
} turn;

static backward_head backward_head_of(const kernel_call *call, const heads *h, int64_t head)
{
    const array *in = call->in, *out = call->out;
    return (backward_head){
        .g = matrix_of(h, &in[ATTENTION_GRADIENT_G], head, h->queries, h->width),
        .q = matrix_of(h, &in[ATTENTION_GRADIENT_Q], head, h->queries, h->channels),
        .k = matrix_of(h, &in[ATTENTION_GRADIENT_K], head, h->keys, h->channels),
        .v = matrix_of(h, &in[ATTENTION_GRADIENT_V], head, h->keys, h->width),
        .y = matrix_of(h, &in[ATTENTION_GRADIENT_Y], head, h->queries, h->width),
        .logsumexp = column_of(h, &in[ATTENTION_GRADIENT_LOGSUMEXP], head),
        .dq = matrix_of(h, &out[ATTENTION_GRADIENT_DQ], head, h->queries, h->channels),
        .dk = matrix_of(h, &out[ATTENTION_GRADIENT_DK], head, h->keys, h->channels),
        .dv = matrix_of(h, &out[ATTENTION_GRADIENT_DV], head, h->keys, h->width),
        .visibility = visibility_of(h, &in[ATTENTION_GRADIENT_BIAS], &in[ATTENTION_GRADIENT_MASK], head),
        .dropping = dropping_of(call, h, head),
    };
}

/* -- What is asked for in passing ---------------------------------------------------------------------------------- */

static void expect(prefetch *a, const matrix *m, int64_t first, int64_t rows, int64_t columns)
{
    if (m->column == 1)
        prefetch_add(a, element(m, first, 0), rows, row_bytes(m), columns * (int64_t)vt_dtype_size(m->dtype));
}

/* Spread over so many products' elements, of which a tile has `area`. */
static prefetch spread(prefetch a, int64_t elements, int64_t area)
{
    a.pace = divide_up(a.lines * area, most(1, elements));
    return a;
}

/* What is stored for queries [first, end) of a head, and what the next head reads, which likely is this thread's too.
 */
static prefetch forward_prefetch(const kernel_call *call, const heads *h, int64_t head, const forward_head *m,
                                 int64_t first, int64_t end, int64_t area)
{
    const int64_t elements = (end - first) * (h->keys + h->width);
    prefetch a = { .blocks = 0 };
    expect(&a, &m->y, first, end - first, h->width);
    if (head + 1 == h->count || end < h->queries) return spread(a, elements, area);
    forward_head next = forward_head_of(call, h, head + 1);
    expect(&a, &next.k, 0, h->keys, h->channels);
    expect(&a, &next.v, 0, h->keys, h->width);
    expect(&a, &next.q, 0, h->queries, h->channels);
    return spread(a, elements, area);
}

static prefetch backward_prefetch(const kernel_call *call, const heads *h, int64_t next_head, const backward_head *m,
                                  int64_t area)
{
    const int64_t elements = h->queries * (2 * h->keys + h->channels) + h->keys * (h->channels + h->width);
    prefetch a = { .blocks = 0 };
    expect(&a, &m->dk, 0, h->keys, h->channels);
    expect(&a, &m->dv, 0, h->keys, h->width);
    expect(&a, &m->dq, 0, h->queries, h->channels);
    if (next_head == h->count) return spread(a, elements, area);
    backward_head next = backward_head_of(call, h, next_head);
    expect(&a, &next.k, 0, h->keys, h->channels);
    expect(&a, &next.v, 0, h->keys, h->width);
    expect(&a, &next.q, 0, h->queries, h->channels);
    expect(&a, &next.g, 0, h->queries, h->width);
    expect(&a, &next.y, 0, h->queries, h->width);
    return spread(a, elements, area);
}

#define TEMPLATE "backends/cpu/attention/attention_template.h"
#include "backends/cpu/vector/each_float.h"

/* What computes a call. */
typedef struct way {
    size_t (*forward_scratch)(const heads *h), (*backward_scratch)(const heads *h);
    void (*forward)(const kernel_call *call, const heads *h, int64_t head, int64_t first, int64_t end, void *memory);
    void (*backward)(const kernel_call *call, const heads *h, const turn *t, void *memory);
} way;

static const way in_f64 = { forward_scratch_f64, backward_scratch_f64, forward_f64, backward_f64 };
static const way in_f32 = { forward_scratch_f32, backward_scratch_f32, forward_f32, backward_f32 };
#ifdef MATRIX_UNIT_EXISTS
#include "backends/cpu/attention/attention_bf16.h"
static const way in_bf16 = { forward_bf16_scratch, backward_bf16_scratch, forward_bf16_of, backward_bf16_of };
#else
static const way in_bf16; /* never chosen */
#endif

/* How many of the inputs, from the first on, are factors of products. */
enum { FACTORS = ATTENTION_V + 1, GRADIENT_FACTORS = ATTENTION_GRADIENT_V + 1 };

static const way *way_of(const kernel_call *call, int factors)
{
    bool are_bf16 = level_has_matrices();
    for (int i = 0; i < factors; i++) are_bf16 = are_bf16 && call->in[i].dtype == VT_BF16;
    return are_bf16 ? &in_bf16 : call->in[factors - 1].dtype == VT_F64 ? &in_f64 : &in_f32;
}

static bool worth_threads(const heads *h)
{
    return (double)h->count * (double)h->queries * (double)h->keys * (double)(h->channels + h->width) > SMALL_PRODUCT;
}

static bool make_plan(const kernel_call *call, plan made, preparation *p)
{
    plan *kept = malloc(sizeof *kept);
    if (!kept) return refuse_call(call->op->name, call->at, VT_ERROR_MEMORY, "out of memory for its plan").id != 0;
    made.scratch = (size_t)divide_up((int64_t)made.scratch, alignof(share)) * alignof(share);
    *kept = made;
    *p = (preparation){ .state = kept,
                        .discard = free,
                        .scratch = (made.scratch + sizeof(share)) * (size_t)made.threads + made.sums };
    return true;
}

typedef void task_function(const kernel_call *call, const plan *p, const heads *h, int64_t task, void *scratch);

/* Heads that follow each other are mostly one thread's, so that it knows what it will read next. */
static void run_tasks(const kernel_call *call, const heads *h, int64_t tasks, task_function *run)
{
    enum { MOST_PIECES = 1 << 16 };
    const plan *p = call->state;
    int64_t pieces = least(tasks, MOST_PIECES);
    share *shares = (share *)((char *)call->scratch + p->scratch * (size_t)p->threads);
    shares_cut(shares, p->threads, pieces);
#pragma omp parallel for num_threads(p->threads)
    for (int64_t t = 0; t < p->threads; t++) {
        int64_t piece;
        while (shares_take(shares, p->threads, t, &piece))
            for (int64_t task = tasks * piece / pieces; task < tasks * (piece + 1) / pieces; task++)
                run(call, p, h, task, (char *)call->scratch + p->scratch * (size_t)t);
    }
}

/* -- Forward ----------------------------------------------------------------------------------------------------- */

static heads forward_heads(const kernel_call *call)
{
    return heads_of(call, &call->in[ATTENTION_Q], &call->in[ATTENTION_K], &call->out[ATTENTION_Y]);
}

/* Where heads are fewer than threads, their queries are shared. */
static bool prepare_forward(const kernel_call *call, preparation *p)
{
    heads h = forward_heads(call);
    plan made = { .threads = worth_threads(&h) ? thread_count() : 1 };
    made.chunks = least(parts_of(2 * made.threads, most(1, h.count)), parts_of(h.queries, 4 * TILE_ROWS));
    made.threads = (int)most(1, least(made.threads, h.count * made.chunks));
    made.way = way_of(call, FACTORS);
    made.scratch = made.way->forward_scratch(&h);
    return make_plan(call, made, p);
}

static void forward_task(const kernel_call *call, const plan *p, const heads *h, int64_t task, void *scratch)
{
    int64_t chunk = task % p->chunks, first = h->queries * chunk / p->chunks;
    p->way->forward(call, h, task / p->chunks, first, h->queries * (chunk + 1) / p->chunks, scratch);
}

static bool run_forward(const kernel_call *call)
{
    heads h = forward_heads(call);
    run_tasks(call, &h, h.count * ((const plan *)call->state)->chunks, forward_task);
    return true;
}

/* -- Backward ---------------------------------------------------------------------------------------------------- */

static heads backward_heads(const kernel_call *call)
{
    return heads_of(call, &call->in[ATTENTION_GRADIENT_Q], &call->in[ATTENTION_GRADIENT_K],
                    &call->in[ATTENTION_GRADIENT_G]);
}

static bool prepare_backward(const kernel_call *call, preparation *p)
{
    heads h = backward_heads(call);
    plan made = { .threads = worth_threads(&h) ? (int)most(1, least(thread_count(), h.count)) : 1, .chunks = 1 };
    made.way = way_of(call, GRADIENT_FACTORS);
    made.scratch = made.way->backward_scratch(&h);
    return make_plan(call, made, p);
}

static void backward_task(const kernel_call *call, const plan *p, const heads *h, int64_t head, void *scratch)
{
    p->way->backward(call, h, &(turn){ .head = head, .next = head + 1 }, scratch);
}

static bool run_backward(const kernel_call *call)
{
    heads h = backward_heads(call);
    run_tasks(call, &h, h.count, backward_task);
    return true;
}

/* -- Backward, with the gradient of a bias -------------------------------------------------------------------------
 * Heads that have the same matrix of the bias are cut into slices, each of which has a sum of its own and is a task.
 * How many there are follows from the problem alone, and with it the bits. */

typedef struct sharing {
    bool owns[VT_MAX_RANK];    /* by leading axis: whether the bias has other matrices along it */
    int64_t matrices, sharers; /* of the bias; heads of each */
    int64_t slices;            /* of the sharers */
} sharing;

static sharing sharing_of(const heads *h, const array *bias)
{
    enum { TASKS = 32 };
    sharing s = { .matrices = 1, .sharers = 1 };
    for (int i = 0; i < h->lead_rank; i++) {
        int axis = i + bias->shape.rank - h->lead_rank - 2;
        s.owns[i] = axis >= 0 && bias->shape.dim[axis] != 1;
        *(s.owns[i] ? &s.matrices : &s.sharers) *= h->lead[i];
    }
    s.slices = most(1, least(s.sharers, TASKS / most(1, s.matrices)));
    return s;
}

/* Number `sharer` of the heads that have a matrix of the bias. */
static int64_t sharing_head(const heads *h, const sharing *s, int64_t matrix, int64_t sharer)
{
    int64_t head = 0, step = 1;
    for (int i = h->lead_rank - 1; i >= 0; step *= h->lead[i--]) {
        int64_t *left = s->owns[i] ? &matrix : &sharer;
        head += *left % h->lead[i] * step;
        *left /= h->lead[i];
    }
    return head;
}

static char *bias_sums(const kernel_call *call)
{
    const plan *p = call->state;
    return (char *)call->scratch + (p->scratch + sizeof(share)) * (size_t)p->threads;
}

static bool prepare_bias_backward(const kernel_call *call, preparation *p)
{
    heads h = backward_heads(call);
    const array *bias = &call->in[ATTENTION_GRADIENT_BIAS];
    sharing s = sharing_of(&h, bias);
    int64_t tasks = s.matrices * s.slices;
    plan made = { .threads = worth_threads(&h) ? (int)most(1, least(thread_count(), tasks)) : 1, .chunks = 1 };
    made.way = bias->dtype == VT_F64 ? &in_f64 : &in_f32;
    made.scratch = made.way->backward_scratch(&h);
    made.sums = (size_t)(s.slices * vt_shape_count(bias->shape)) * vt_dtype_size(bias->dtype);
    return make_plan(call, made, p);
}

static void bias_backward_task(const kernel_call *call, const plan *p, const heads *h, int64_t task, void *scratch)
{
    const array *bias = &call->in[ATTENTION_GRADIENT_BIAS];
    sharing s = sharing_of(h, bias);
    int64_t slice = task % s.slices, size = vt_shape_count(bias->shape) * (int64_t)vt_dtype_size(bias->dtype);
    int64_t first = s.sharers * slice / s.slices, end = s.sharers * (slice + 1) / s.slices;
    array sum = array_contiguous(bias_sums(call) + slice * size, bias->dtype, bias->shape);
    for (int64_t i = first; i < end; i++) {
        int64_t next = i + 1 < end ? sharing_head(h, &s, task / s.slices, i + 1) : h->count;
        turn t = { .head = sharing_head(h, &s, task / s.slices, i), .next = next };
        t.dbias = matrix_of(h, &sum, t.head, h->queries, h->keys);
        p->way->backward(call, h, &t, scratch);
    }
}

static bool run_bias_backward(const kernel_call *call)
{
    heads h = backward_heads(call);
    const plan *p = call->state;
    const array *out = &call->out[ATTENTION_BIAS_GRADIENT_DBIAS];
    sharing s = sharing_of(&h, &call->in[ATTENTION_GRADIENT_BIAS]);
    memset(bias_sums(call), 0, p->sums);
    run_tasks(call, &h, s.matrices * s.slices, bias_backward_task);
    if (out->dtype == VT_F64)
        add_slices_f64((const double *)bias_sums(call), s.slices, out);
    else
        add_slices_f32((const float *)bias_sums(call), s.slices, out);
    return true;
}

enum {
    GRADIENT_IN_BF16 = 1 << ATTENTION_GRADIENT_G | 1 << ATTENTION_GRADIENT_Q | 1 << ATTENTION_GRADIENT_K |
                       1 << ATTENTION_GRADIENT_V | 1 << ATTENTION_GRADIENT_Y
};

#define FORWARD                                                                                                        \
    {                                                                                                                  \
        .run = run_forward, .prepare = prepare_forward, .strided = true, .strided_outputs = true,                      \
        .bf16_in = 1 << ATTENTION_Q | 1 << ATTENTION_K | 1 << ATTENTION_V, .bf16_out = 1 << ATTENTION_Y                \
    }
#define BACKWARD(kind)                                                                                                 \
    {                                                                                                                  \
        .run = run_##kind, .prepare = prepare_##kind, .strided = true, .strided_outputs = true,                        \
        .bf16_in = GRADIENT_IN_BF16, .bf16_out = 7                                                                     \
    }

const kernel_row cpu_attention_kernels[] = {
    { &op_attention, FORWARD },
    { &op_attention_gradient, BACKWARD(backward) },
    { &op_attention_bias_gradient, BACKWARD(bias_backward) },
    { &op_attention_dropout, FORWARD },
    { &op_attention_dropout_gradient, BACKWARD(backward) },
    { &op_attention_dropout_bias_gradient, BACKWARD(bias_backward) },
    { 0 },
};
