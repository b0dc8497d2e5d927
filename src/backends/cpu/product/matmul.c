/* matmul.c - which code runs a matrix product. */
#include "backends/cpu/product/matmul.h"
#include "backends/cpu/machine/choose.h"
#include "core/base/error.h"
#include "backends/cpu/onednn/onednn.h"
#include "backends/cpu/machine/threads.h"
#include <stdlib.h>

enum { OWN, ONEDNN, WAYS };

struct matmul {
    bool is_f64;
    gemm_plan own;
    onednn_plan *onednn; /* NULL: our own loops run */
};

static size_t scratch_of(const matmul *m, int way)
{
    return way == ONEDNN ? onednn_scratch(m->onednn) : m->own.scratch;
}

static bool run(const matmul *m, int way, const gemm_operands *o, void *scratch)
{
    if (way == ONEDNN)
        return onednn_execute(m->onednn, (void *[]){ (void *)o->a, (void *)o->b, (void *)o->bias, o->y }, scratch);
    (m->is_f64 ? gemm_run_f64 : gemm_run_f32)(&m->own, o, scratch);
    return true;
}

/* -- The choice -------------------------------------------------------------------------------------------------- */

/* Below this many multiplications timing tells little, above it takes long. */
static const double LEAST_WORK = 5e7, MOST_WORK = 1e11;

/* A problem on operands made up for timing. */
typedef struct trial {
    const matmul *m;
    gemm_operands o;
    float *memory;
    void *scratch[WAYS];
} trial;

static bool run_trial(int way, void *context)
{
    trial *t = context;
    return run(t->m, way, &t->o, t->scratch[way]);
}

/* Elements from the first to the last that a matrix of so many rows and columns has in all batches. */
static int64_t span_of(const gemm_problem *p, const int64_t *batch_stride, int64_t rows, int64_t columns, int64_t row,
                       int64_t column)
{
    int64_t span = 1 + (rows - 1) * row + (columns - 1) * column;
    for (int i = 0; i < p->batch_rank; i++) span += (p->batch[i] - 1) * batch_stride[i];
    return span;
}

/* Part of a problem, that takes less time and tells as much. */
static gemm_problem part_of(const gemm_problem *p)
{
    enum { ROWS = 512, DEPTH = 1024 };
    gemm_problem part = *p;
    if (part.m > ROWS) part.m = ROWS;
    if (part.k > DEPTH) part.k = DEPTH;
    return part;
}

static bool trial_begin(trial *t, const matmul *m, bool has_bias)
{
    const gemm_problem *p = &m->own.problem;
    int64_t a = span_of(p, p->a_batch, p->m, p->k, p->a_row, p->a_column);
    int64_t b = span_of(p, p->b_batch, p->k, p->n, p->b_row, p->b_column);
    int64_t y = m->own.batches * p->m * p->n, count = a + b + y + p->n;
    *t = (trial){ .m = m, .memory = malloc((size_t)count * sizeof *t->memory) };
    for (int way = 0; way < WAYS; way++) t->scratch[way] = aligned_alloc(64, (scratch_of(m, way) + 64) / 64 * 64);
    if (!t->memory || !t->scratch[OWN] || !t->scratch[ONEDNN])
        return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory to time a product");
    for (int64_t i = 0; i < count; i++) t->memory[i] = 1;
    t->o = (gemm_operands){ .a = t->memory, .b = t->memory + a, .y = t->memory + a + b };
    if (has_bias) t->o.bias = t->memory + a + b + y;
    return true;
}

static void trial_end(trial *t)
{
    free(t->memory);
    for (int way = 0; way < WAYS; way++) free(t->scratch[way]);
}

typedef struct choice_key {
    gemm_problem problem;
    int64_t has_bias;
} choice_key;

/* Both compute the same sums at nearly the same rate. Ours is ahead where a is read in place, as nothing is packed for
 * few multiplications then, and rows of y are whole vectors. */
static int choose_way(const matmul *m, bool has_bias)
{
    const gemm_problem *p = &m->own.problem;
    double work = (double)m->own.batches * (double)p->m * (double)p->n * (double)p->k;
    bool whole = p->n % 16 == 0 && !m->own.packs_a;
    choice_key key = { *p, has_bias };
    choice c = { .problem = "matmul", .run = run_trial, .key = &key, .key_size = sizeof key, .candidates = WAYS };
    c.expected = whole ? OWN : ONEDNN;
    int way = c.expected;
    if (work < LEAST_WORK || work > MOST_WORK || choice_is_made(&c, &way)) return way;
    int threads = thread_limit(1);
    gemm_problem part = part_of(p);
    matmul alone = { .own = gemm_plan_f32(&part), .onednn = onednn_prepare_matmul(&part, has_bias) };
    trial t;
    c.context = &t;
    if (alone.onednn && trial_begin(&t, &alone, has_bias)) way = choose(&c);
    if (alone.onednn) trial_end(&t);
    onednn_discard(alone.onednn);
    thread_limit(threads);
    return way;
}

/* -- Products ---------------------------------------------------------------------------------------------------- */

matmul *matmul_prepare(const gemm_problem *p, bool has_bias, bool is_f64)
{
    matmul *m = malloc(sizeof *m);
    if (!m) return NULL;
    *m = (matmul){ .is_f64 = is_f64, .own = is_f64 ? gemm_plan_f64(p) : gemm_plan_f32(p) };
    bool has_other_ways = !is_f64 && !p->row_sums && m->own.batches * p->m * p->n * p->k > 0;
    if (has_other_ways) m->onednn = onednn_prepare_matmul(p, has_bias);
    if (m->onednn && choose_way(m, has_bias) == OWN) {
        onednn_discard(m->onednn);
        m->onednn = NULL;
    }
    return m;
}

size_t matmul_scratch(const matmul *m)
{
    return scratch_of(m, m->onednn ? ONEDNN : OWN);
}

bool matmul_run(const matmul *m, const gemm_operands *o, void *scratch)
{
    return run(m, m->onednn ? ONEDNN : OWN, o, scratch);
}

void matmul_discard(matmul *m)
{
    if (m) onednn_discard(m->onednn);
    free(m);
}
