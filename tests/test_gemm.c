/* test_gemm.c - this library's own matrix products, of random shapes and strides, against plain loops in f64. */
#include "core/base/bf16.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/level.h"
#include "numbers.h"
#include "sanitized.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* -- Random problems ---------------------------------------------------------------------------------------------- */

static uint64_t seed;

static int64_t random_below(int64_t n)
{
    return (int64_t)next_below(&seed, (uint64_t)n);
}

/* Around the sizes at which blocks end, and everything below. */
static int64_t random_size(void)
{
    static const int64_t edges[] = { 1, 6, 16, 32, 48, 64, 128, 192, 384 };
    if (random_below(3) == 0) return edges[random_below(9)] + random_below(2);
    return 1 + random_below(random_below(4) ? 70 : 300);
}

/* Strides of a matrix, so that elements are distinct: rows or columns are contiguous, or neither; with gaps or without.
 * Returns how many elements it spans. */
static int64_t random_strides(int64_t rows, int64_t columns, int64_t *row, int64_t *column)
{
    int64_t gap = random_below(2) * random_below(9), step = random_below(8) ? 1 : 3;
    bool transposed = random_below(2);
    *column = transposed ? rows * step + gap : step;
    *row = transposed ? step : columns * step + gap;
    return transposed ? columns * *column : rows * *row;
}

/* The strides of batches of a matrix of `span` elements, outermost first, some of which repeat. Returns the span. */
static int64_t random_batches(const gemm_problem *p, int64_t span, int64_t *stride)
{
    for (int i = (int)p->batch_rank - 1; i >= 0; i--) {
        stride[i] = random_below(3) ? span : 0;
        if (stride[i]) span *= p->batch[i];
    }
    return span;
}

typedef struct trial {
    gemm_problem p;
    int64_t a_span, b_span, batches, count;
    bool biased;
} trial;

static trial random_trial(bool bf16)
{
    trial t = { .batches = 1, .biased = random_below(2) };
    gemm_problem *p = &t.p;
    p->m = random_size();
    p->n = random_size();
    p->k = random_below(20) ? random_size() : random_below(2) * (700 + random_below(300));
    p->batch_rank = random_below(4) ? 0 : 1 + random_below(3);
    for (int i = 0; i < p->batch_rank; i++) t.batches *= p->batch[i] = 1 + random_below(3);
    t.a_span = random_batches(p, random_strides(p->m, p->k, &p->a_row, &p->a_column), p->a_batch);
    t.b_span = random_batches(p, random_strides(p->k, p->n, &p->b_row, &p->b_column), p->b_batch);
    if (random_below(8) == 0) {
        p->sum = 1 + random_below(3);
        p->a_sum = random_below(2) * t.a_span;
        p->b_sum = t.b_span;
        t.a_span *= p->sum;
        t.b_span *= p->sum;
    }
    p->row_sums = random_below(3) == 0;
    if (random_below(16) == 0) p->a_row = 0;
    if (random_below(16) == 0) p->b_column = 0;
    int64_t *dtypes[] = { &p->a_dtype, &p->b_dtype, &p->y_dtype, &p->other_dtype };
    for (int i = 0; bf16 && i < 4; i++) *dtypes[i] = random_below(2) ? VT_BF16 : VT_DTYPE_DEFAULT;
    p->epilogue = random_below(2) ? random_below(GEMM_ADD + 1) : GEMM_NOTHING;
    t.count = t.batches * p->m * p->n;
    return t;
}

/* Few elements, each the sum of many. */
static trial long_trial(void)
{
    trial t = random_trial(false);
    gemm_problem *p = &t.p;
    bool transposed = random_below(4), bf16 = random_below(2);
    *p = (gemm_problem){ .m = 1 + random_below(40), .n = 16 * (1 + random_below(4)), .k = 1500 + random_below(3000) };
    p->a_row = transposed ? 1 : p->k;
    p->a_column = transposed ? p->m : 1;
    p->b_row = p->n;
    p->b_column = 1;
    p->row_sums = random_below(2);
    if (bf16) p->a_dtype = p->b_dtype = VT_BF16;
    return (trial){ *p, p->m * p->k, p->k * p->n, 1, p->m * p->n, t.biased };
}

/* More elements, also each the sum of many: all of b is packed at once. */
static trial large_trial(bool bf16)
{
    trial t = random_trial(bf16);
    gemm_problem *p = &t.p;
    p->m = 1024 + random_below(20);
    p->n = 257 + random_below(40);
    p->k = 1600 + random_below(50);
    p->batch_rank = p->sum = p->a_sum = p->b_sum = 0;
    if (bf16) p->a_dtype = p->b_dtype = VT_BF16;
    t.batches = 1;
    p->a_row = p->k;
    p->a_column = 1;
    t.a_span = p->m * p->k;
    t.b_span = random_strides(p->k, p->n, &p->b_row, &p->b_column);
    t.count = p->m * p->n;
    return t;
}

/* A weight's gradient of several blocks of rows: each step of all blocks is made before the next. */
static trial gradient_trial(void)
{
    gemm_problem p = { .m = 803, .n = 336, .k = 800, .a_row = 1, .a_column = 803, .b_row = 336, .b_column = 1 };
    p.row_sums = 1;
    return (trial){ p, p.m * p.k, p.k * p.n, 1, p.m * p.n, true };
}

/* -- Matrices in memory ------------------------------------------------------------------------------------------- */

/* Numbers, and the same in the memory of a dtype. */
typedef struct matrix {
    int64_t count, dtype;
    double *value;
    void *data;
} matrix;

static size_t element_size(int64_t dtype)
{
    return dtype == VT_BF16 ? sizeof(uint16_t) : dtype == VT_F64 ? sizeof(double) : sizeof(float);
}

static double element(const matrix *x, int64_t i)
{
    return x->dtype == VT_BF16  ? (double)bf16_to_f32(((uint16_t *)x->data)[i])
           : x->dtype == VT_F64 ? ((double *)x->data)[i]
                                : (double)((float *)x->data)[i];
}

/* Uniform in [-1, 1), in the dtype of memory, exact in all; in memory of just that size, so that a sanitizer sees what
 * is read or written beyond it. */
static matrix matrix_new(int64_t count, int64_t dtype, bool f64)
{
    matrix x = { count,
                 dtype == VT_BF16 ? VT_BF16
                 : f64            ? VT_F64
                                  : VT_F32,
                 malloc((size_t)(count + 1) * sizeof(double)),
                 malloc((size_t)count * element_size(dtype == VT_BF16 ? VT_BF16
                                                     : f64            ? VT_F64
                                                                      : VT_F32) +
                        1) };
    cr_assert(x.value && x.data);
    for (int64_t i = 0; i < count; i++) {
        float value = (float)(next_bits(&seed) >> 33) * 0x1p-30f - 1;
        if (dtype == VT_BF16) value = bf16_to_f32(((uint16_t *)x.data)[i] = bf16_of_f32(value));
        if (x.dtype == VT_F32) ((float *)x.data)[i] = value;
        if (x.dtype == VT_F64) ((double *)x.data)[i] = (double)value;
        x.value[i] = (double)value;
    }
    return x;
}

static void matrix_free(matrix x)
{
    free(x.value);
    free(x.data);
}

/* -- What must come out ------------------------------------------------------------------------------------------- */

static int64_t offset_of(const gemm_problem *p, const int64_t *stride, int64_t batch)
{
    int64_t offset = 0;
    for (int i = (int)p->batch_rank - 1; i >= 0; batch /= p->batch[i--]) offset += batch % p->batch[i] * stride[i];
    return offset;
}

NOT_SANITIZED static double dot(const gemm_problem *p, const double *a, const double *b)
{
    double sum = 0;
    for (int64_t s = 0; s < (p->sum ? p->sum : 1); s++)
        for (int64_t k = 0; k < p->k; k++) sum += a[s * p->a_sum + k * p->a_column] * b[s * p->b_sum + k * p->b_row];
    return sum;
}

static double gelu_gradient(double x)
{
    return 0.5 * erfc(-M_SQRT1_2 * x) + x * exp(-0.5 * x * x) * 0.39894228040143267794;
}

static double finish(int64_t epilogue, double z, double other)
{
    switch (epilogue) {
    case GEMM_RELU: return z <= 0 ? 0 : z;
    case GEMM_GELU: return z * 0.5 * erfc(-M_SQRT1_2 * z);
    case GEMM_GELU_GRADIENT: return z * gelu_gradient(other);
    case GEMM_ADD: return z + other;
    default: return z;
    }
}

/* Fills y, and z with what it was before the epilogue. */
static void compute(const trial *t, const double *a, const double *b, const double *bias, const double *other,
                    double *y, double *z)
{
    const gemm_problem *p = &t->p;
    for (int64_t i = 0; i < t->count; i++) {
        int64_t batch = i / p->n / p->m, row = i / p->n % p->m, column = i % p->n;
        z[i] = dot(p, a + offset_of(p, p->a_batch, batch) + row * p->a_row,
                   b + offset_of(p, p->b_batch, batch) + column * p->b_column) +
               (t->biased ? bias[column] : 0);
        y[i] = finish(p->epilogue, z[i], other[i]);
    }
}

/* Sums of a's rows, of all batches. */
static void add_rows(const trial *t, const double *a, double *sums)
{
    const gemm_problem *p = &t->p;
    for (int64_t i = 0; i < t->batches * p->m; i++) {
        const double *row = a + offset_of(p, p->a_batch, i / p->m) + i % p->m * p->a_row;
        sums[i] = 0;
        for (int64_t s = 0; s < (p->sum ? p->sum : 1); s++)
            for (int64_t k = 0; k < p->k; k++) sums[i] += row[s * p->a_sum + k * p->a_column];
    }
}

static void describe(const gemm_problem *p, char *text, size_t size)
{
    snprintf(text, size,
             "m %d n %d k %d, a %d %d, b %d %d, %d batch axes, sum %d, dtypes %d %d %d %d, epilogue %d, row sums %d",
             (int)p->m, (int)p->n, (int)p->k, (int)p->a_row, (int)p->a_column, (int)p->b_row, (int)p->b_column,
             (int)p->batch_rank, (int)p->sum, (int)p->a_dtype, (int)p->b_dtype, (int)p->y_dtype, (int)p->other_dtype,
             (int)p->epilogue, (int)p->row_sums);
}

static void expect_close(const trial *t, const char *what, const matrix *got, const double *want)
{
    int64_t count = got->count;
    char text[256];
    double eps = got->dtype == VT_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    double terms = (double)(t->p.k * (t->p.sum ? t->p.sum : 1) + 2), scale = 1;
    describe(&t->p, text, sizeof text);
    for (int64_t i = 0; i < count; i++) scale = fmax(scale, fabs(want[i]));
    double rounding = got->dtype == VT_BF16 ? 0x1p-8 : 0, limit = 8 * eps * sqrt(terms) * scale;
    for (int64_t i = 0; i < count; i++)
        cr_assert(fabs(element(got, i) - want[i]) <= limit + rounding * fabs(want[i]),
                  "%s: element %lld of %s is %g, it must be %g", text, (long long)i, what, element(got, i), want[i]);
}

/* -- The trials --------------------------------------------------------------------------------------------------- */

/* By one of the machine's units; in memory of just the size that was asked for. */
static void run_by(const trial *t, gemm_unit unit, const gemm_operands *o)
{
    gemm_plan plan = level_kernels()->gemm_plan_for(&t->p, unit);
    void *scratch = aligned_alloc(64, plan.scratch);
    cr_assert(scratch);
    level_kernels()->gemm_run_f32(&plan, o, scratch);
    free(scratch);
}

static void run(const trial *t, bool f64, gemm_unit unit, const gemm_operands *o)
{
    if (f64)
        cr_assert(level_kernels()->gemm_f64(&t->p, o));
    else
        run_by(t, unit, o);
}

static void try_unit(trial t, bool f64, gemm_unit unit)
{
    const gemm_problem *p = &t.p;
    bool adds_in_place = p->epilogue == GEMM_ADD && p->other_dtype == p->y_dtype && random_below(2);
    matrix a = matrix_new(t.a_span, p->a_dtype, f64), b = matrix_new(t.b_span, p->b_dtype, f64);
    matrix bias = matrix_new(p->n, 0, f64), y = matrix_new(t.count, p->y_dtype, f64);
    matrix other = matrix_new(t.count, p->other_dtype, f64);
    matrix want = matrix_new(t.count, 0, true), before = matrix_new(t.count, 0, true);
    matrix sums = matrix_new(t.batches * p->m, 0, f64), want_sums = matrix_new(sums.count, 0, true);
    compute(&t, a.value, b.value, bias.value, adds_in_place ? y.value : other.value, want.value, before.value);
    run(&t, f64, unit,
        &(gemm_operands){ .a = a.data,
                          .b = b.data,
                          .bias = t.biased ? bias.data : NULL,
                          .y = y.data,
                          .other = adds_in_place ? y.data : other.data,
                          .row_sums = p->row_sums ? sums.data : NULL });
    expect_close(&t, "y", &y, want.value);
    if (p->epilogue == GEMM_GELU) expect_close(&t, "what goes into gelu", &other, before.value);
    add_rows(&t, a.value, want_sums.value);
    if (p->row_sums) expect_close(&t, "a's sums", &sums, want_sums.value);
    matrix all[] = { a, b, bias, y, other, want, before, sums, want_sums };
    for (int i = 0; i < 9; i++) matrix_free(all[i]);
}

static void try_one(trial t, bool f64)
{
    for (gemm_unit unit = GEMM_VECTORS; unit <= GEMM_MATRICES; unit++)
        if (unit == GEMM_VECTORS || (!f64 && level_kernels()->gemm_can(&t.p, unit))) try_unit(t, f64, unit);
}

Test(gemm, random_f32)
{
    seed = 1;
    for (int i = 0; i < 400; i++) try_one(random_trial(false), false);
}

Test(gemm, random_f64)
{
    seed = 2;
    for (int i = 0; i < 400; i++) try_one(random_trial(false), true);
}

Test(gemm, random_bf16_in_memory)
{
    seed = 3;
    for (int i = 0; i < 800; i++) try_one(random_trial(true), false);
}

/* Several blocks of rows, columns and k, which the random sizes do not reach: with every storage and epilogue. */
Test(gemm, many_blocks)
{
    seed = 4;
    for (int i = 0; i < 2 * (GEMM_ADD + 1); i++) {
        gemm_problem p = { .m = 401, .n = 803, .k = 1000, .a_row = 1000, .a_column = 1, .b_row = 803, .b_column = 1 };
        if (i % 2)
            p = (gemm_problem){
                .m = 803, .n = 401, .k = 1000, .a_row = 1, .a_column = 803, .b_row = 1, .b_column = 1000
            };
        if (i % 4 > 1) p.a_dtype = p.b_dtype = p.y_dtype = p.other_dtype = VT_BF16;
        p.epilogue = i / 2;
        try_one((trial){ p, p.m * p.k, p.k * p.n, 1, p.m * p.n, true }, false);
    }
}

Test(gemm, long_sums)
{
    seed = 6;
    for (int i = 0; i < 40; i++) {
        trial t = long_trial();
        try_one(t, false);
        if (!t.p.a_dtype) try_one(t, true);
    }
}

Test(gemm, long_sums_of_many_elements)
{
    seed = 7;
    for (int i = 0; i < 4; i++) {
        trial t = large_trial(i % 2);
        gemm_unit fastest = gemm_bf16_unit();
        try_unit(t, false, level_kernels()->gemm_can(&t.p, fastest) ? fastest : GEMM_VECTORS);
    }
}

Test(gemm, long_sums_in_several_blocks_of_rows)
{
    seed = 8;
    try_one(gradient_trial(), false);
}

Test(gemm, empty_sum)
{
    for (int i = 0; i < 2; i++) {
        double y[6] = { 1, 2, 3, 4, 5, 6 }, bias[3] = { 10, 20, 30 };
        gemm_problem p = { .m = 2, .n = 3, .epilogue = i ? GEMM_ADD : GEMM_NOTHING };
        cr_assert(level_kernels()->gemm_f64(&p, &(gemm_operands){ .y = y, .other = y, .bias = bias }));
        cr_assert(y[0] == 10 + i * 1 && y[5] == 30 + i * 6);
    }
}

Test(gemm, nothing)
{
    double y[6] = { 7 };
    cr_assert(level_kernels()->gemm_f64(&(gemm_problem){ .n = 3, .k = 2, .a_row = 2, .a_column = 1 },
                                        &(gemm_operands){ .y = y }));
    cr_assert(level_kernels()->gemm_f64(&(gemm_problem){ .m = 3, .k = 2, .a_row = 2, .a_column = 1 },
                                        &(gemm_operands){ .y = y }));
    cr_assert(level_kernels()->gemm_f64(&(gemm_problem){ .m = 3, .n = 2, .k = 2, .batch_rank = 1 },
                                        &(gemm_operands){ .y = y }));
    cr_assert(y[0] == 7);
}

/* Threads get other blocks where they are more or fewer, and every element is still summed in the same order. */
#ifdef _OPENMP
Test(gemm, same_bits_for_any_number_of_threads)
{
    seed = 5;
    for (int i = 0; i < 85; i++) {
        trial t = i < 60 ? random_trial(true) : i < 80 ? long_trial() : i < 84 ? large_trial(i % 2) : gradient_trial();
        gemm_unit unit = level_kernels()->gemm_can(&t.p, (gemm_unit)(i % 3)) ? (gemm_unit)(i % 3) : GEMM_VECTORS;
        matrix a = matrix_new(t.a_span, t.p.a_dtype, false), b = matrix_new(t.b_span, t.p.b_dtype, false);
        matrix y = matrix_new(t.count, t.p.y_dtype, false), other = matrix_new(t.count, t.p.other_dtype, false);
        matrix sums = matrix_new(t.batches * t.p.m, 0, false);
        size_t bytes = (size_t)t.count * element_size(y.dtype), sums_bytes = (size_t)sums.count * sizeof(float);
        char *first = malloc(bytes + sums_bytes);
        for (int threads = 1; threads <= 5; threads++) {
            omp_set_num_threads(threads);
            run(&t, false, unit,
                &(gemm_operands){ .a = a.data,
                                  .b = b.data,
                                  .y = y.data,
                                  .other = other.data,
                                  .row_sums = t.p.row_sums ? sums.data : NULL });
            if (threads == 1) memcpy(first, y.data, bytes);
            if (threads == 1) memcpy(first + bytes, sums.data, sums_bytes);
            char text[256];
            describe(&t.p, text, sizeof text);
            cr_assert(memcmp(first, y.data, bytes) == 0, "%s: %d threads", text, threads);
            cr_assert(memcmp(first + bytes, sums.data, sums_bytes) == 0, "%s: a's sums, %d threads", text, threads);
        }
        free(first);
        matrix all[] = { a, b, y, other, sums };
        for (int k = 0; k < 5; k++) matrix_free(all[k]);
    }
}
#endif
