/* test_cpu.c - what the CPU backend's own kernels compute, at sizes and strides that samples of ops do not reach, and
 * which code of oneDNN serves the shapes that matter. */
#include "backends/cpu/machine/choose.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/level.h"
#include "backends/cpu/onednn/onednn.h"
#include "backends/cpu/machine/threads.h"
#include "core/context.h"
#include "refused.h"
#include "numbers.h"
#include <vitro/vitro.h>
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <time.h>

/* -- Numbers ------------------------------------------------------------------------------------------------------- */

typedef struct numbers {
    int64_t count;
    double *f64;
    float *f32;
} numbers;

/* Uniform in [-1, 1), the same in both precisions. */
static numbers numbers_new(int64_t count, uint64_t seed)
{
    numbers n = { count, malloc((size_t)(count + 1) * sizeof(double)), malloc((size_t)(count + 1) * sizeof(float)) };
    cr_assert(n.f64 && n.f32);
    for (int64_t i = 0; i < count; i++) {
        n.f32[i] = (float)(2 * next_f32(&seed) - 1);
        n.f64[i] = (double)n.f32[i];
    }
    return n;
}

static void numbers_free(numbers n)
{
    free(n.f64);
    free(n.f32);
}

static void expect_close(const char *what, const float *got, const double *want, int64_t count, int64_t terms)
{
    double limit = 8 * (double)FLT_EPSILON * sqrt((double)terms), scale = 1;
    for (int64_t i = 0; i < count; i++) scale = fmax(scale, fabs(want[i]));
    for (int64_t i = 0; i < count; i++)
        cr_assert(fabs((double)got[i] - want[i]) <= limit * scale, "%s: element %lld of %lld is %g, it must be %g",
                  what, (long long)i, (long long)count, (double)got[i], want[i]);
}

/* Prepares, executes and discards; the name of oneDNN's code, NULL where it has none. */
static const char *execute_once(onednn_plan *plan, void *const *data)
{
    static _Thread_local char name[64];
    if (!plan) return NULL;
    void *scratch = aligned_alloc(64, onednn_scratch(plan) + 64 - onednn_scratch(plan) % 64);
    cr_assert(scratch && onednn_execute(plan, data, scratch));
    snprintf(name, sizeof name, "%s", onednn_implementation(plan));
    onednn_discard(plan);
    free(scratch);
    return name;
}

static const char *matmul_by_onednn(const gemm_problem *p, float *a, float *b, float *bias, float *y)
{
    return execute_once(onednn_prepare_matmul(p, bias != NULL), (void *[]){ a, b, bias, y });
}

/* -- Matrix products ----------------------------------------------------------------------------------------------- */

/* A product, and the elements of a and b that it reads. */
typedef struct product {
    const char *name;
    gemm_problem problem;
    int64_t a_count, b_count;
    bool onednn; /* has fast code for it */
} product;

static const product products[] = {
    { "larger than every block", { 101, 530, 600, 600, 1, 530, 1 }, 101 * 600, 600 * 530, true },
    { "a transposed", { 203, 65, 300, 1, 203, 65, 1 }, 203 * 300, 300 * 65, true },
    { "b transposed", { 65, 203, 300, 300, 1, 1, 300 }, 65 * 300, 203 * 300, true },
    { "both transposed", { 65, 66, 67, 1, 65, 1, 67 }, 65 * 67, 66 * 67, true },
    { "a weight gradient", { 96, 48, 1040, 1, 96, 48, 1 }, 96 * 1040, 48 * 1040, true },
    { "rows far apart", { 33, 34, 35, 100, 1, 90, 1 }, 33 * 100, 35 * 90, true },
    { "every second element", { 33, 34, 35, 70, 2, 68, 2 }, 33 * 70, 35 * 68, false },
    { "one row of a for all", { 33, 34, 35, 0, 1, 34, 1 }, 35, 35 * 34, false },
    { "one element of b for all", { 33, 34, 35, 35, 1, 0, 0 }, 33 * 35, 1, false },
    { "a row", { 1, 257, 129, 129, 1, 257, 1 }, 129, 129 * 257, true },
    { "a column", { 257, 1, 129, 129, 1, 1, 1 }, 257 * 129, 129, true },
    { "a strided row and column", { 1, 1, 129, 3, 3, 2, 1 }, 3 * 129, 2 * 129, false },
    { "an outer product", { 65, 67, 1, 1, 1, 67, 1 }, 65, 67, true },
    { "heads apart",
      { 17, 19, 16, 48, 1, 1, 48, 2, { 5, 3 }, { 17 * 48, 16 }, { 19 * 48, 16 } },
      5 * 17 * 48,
      5 * 19 * 48,
      true },
    { "batches that share b", { 17, 19, 16, 16, 1, 19, 1, 1, { 5 }, { 17 * 16 }, { 0 } }, 5 * 17 * 16, 16 * 19, true },
    { "batches that share a", { 17, 19, 16, 16, 1, 19, 1, 1, { 5 }, { 0 }, { 16 * 19 } }, 17 * 16, 5 * 16 * 19, true },
    { "batches that share both", { 17, 19, 16, 16, 1, 19, 1, 1, { 5 }, { 0 }, { 0 } }, 17 * 16, 16 * 19, false },
    { "each side shared along one axis",
      { 7, 9, 8, 8, 1, 9, 1, 2, { 3, 4 }, { 7 * 8, 0 }, { 0, 8 * 9 } },
      3 * 7 * 8,
      4 * 8 * 9,
      true },
    { "six batch axes",
      { 3, 4, 5, 5, 1, 4, 1, 6, { 2, 2, 1, 2, 2, 2 }, { 0, 15, 0, 30, 0, 60 }, { 20, 0, 0, 40, 80, 0 } },
      8 * 15,
      8 * 20,
      true },
};

static int64_t offset_of(const gemm_problem *p, const int64_t *stride, int64_t batch)
{
    int64_t offset = 0;
    for (int i = (int)p->batch_rank - 1; i >= 0; batch /= p->batch[i--]) offset += batch % p->batch[i] * stride[i];
    return offset;
}

static int64_t batches_of(const gemm_problem *p)
{
    int64_t count = 1;
    for (int i = 0; i < p->batch_rank; i++) count *= p->batch[i];
    return count;
}

static void multiply(const gemm_problem *p, const double *a, const double *b, double *y)
{
    for (int64_t batch = 0; batch < batches_of(p); batch++) {
        const double *x = a + offset_of(p, p->a_batch, batch), *w = b + offset_of(p, p->b_batch, batch);
        for (int64_t i = 0; i < p->m; i++) {
            for (int64_t j = 0; j < p->n; j++) {
                double sum = 0;
                for (int64_t k = 0; k < p->k; k++)
                    sum += x[i * p->a_row + k * p->a_column] * w[k * p->b_row + j * p->b_column];
                *y++ = sum;
            }
        }
    }
}

static void test_product(const product *t)
{
    const gemm_problem *p = &t->problem;
    numbers a = numbers_new(t->a_count, 1), b = numbers_new(t->b_count, 2), bias = numbers_new(p->n, 3);
    int64_t count = batches_of(p) * p->m * p->n;
    numbers want = numbers_new(count, 4), got = numbers_new(count, 5);
    multiply(p, a.f64, b.f64, want.f64);

    cr_assert(level_kernels()->gemm_f32(p, &(gemm_operands){ .a = a.f32, .b = b.f32, .y = got.f32 }));
    expect_close(t->name, got.f32, want.f64, count, p->k);
    cr_assert(level_kernels()->gemm_f64(p, &(gemm_operands){ .a = a.f64, .b = b.f64, .y = got.f64 }));
    for (int64_t i = 0; i < count; i++) cr_assert(fabs(got.f64[i] - want.f64[i]) < 1e-12, "%s, f64", t->name);

    for (int64_t i = 0; i < count; i++) want.f64[i] += bias.f64[i % p->n];
    const char *done = matmul_by_onednn(p, a.f32, b.f32, bias.f32, got.f32);
#ifdef VITRO_HAVE_ONEDNN
    cr_assert(!done == !t->onednn, "%s: oneDNN %s", t->name, done ? done : "refuses");
#endif
    if (done) expect_close(t->name, got.f32, want.f64, count, p->k + 1);
    numbers_free(a);
    numbers_free(b);
    numbers_free(bias);
    numbers_free(want);
    numbers_free(got);
}

Test(matmul, strides)
{
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) test_product(&products[i]);
}

/* Transposed or not, with gaps between rows or without, alone, in batches, with one side shared, for sizes of which
 * some are 1: whatever oneDNN takes must be right. */
Test(matmul, every_arrangement)
{
    const int64_t sizes[] = { 1, 5, 18 };
    numbers a = numbers_new(3000, 1), b = numbers_new(3000, 2);
    for (int i = 0; i < 27 * 48; i++) {
        int64_t m = sizes[i % 3], n = sizes[i / 3 % 3], k = sizes[i / 9 % 3], rest = i / 27;
        int64_t a_gap = rest / 4 % 2 * 3, b_gap = rest / 8 % 2 * 3, shared = rest / 16;
        gemm_problem p = { m, n, k, k + a_gap, 1, n + b_gap, 1, 1, { 3 }, { 700 }, { 700 }, 0, 0, 0 };
        if (rest % 2) p.a_row = 1, p.a_column = m + a_gap;
        if (rest / 2 % 2) p.b_row = 1, p.b_column = k + b_gap;
        if (shared == 1) p.b_batch[0] = 0;
        if (shared == 2) p.batch_rank = 0;
        double want[3 * 18 * 18];
        float got[3 * 18 * 18];
        char name[160];
        snprintf(name, sizeof name, "m %d n %d k %d, a %d %d, b %d %d, batches %d %d", (int)m, (int)n, (int)k,
                 (int)p.a_row, (int)p.a_column, (int)p.b_row, (int)p.b_column, (int)p.batch_rank, (int)p.b_batch[0]);
        multiply(&p, a.f64, b.f64, want);
        cr_assert(level_kernels()->gemm_f32(&p, &(gemm_operands){ .a = a.f32, .b = b.f32, .y = got }));
        expect_close(name, got, want, batches_of(&p) * m * n, k);
        if (matmul_by_onednn(&p, a.f32, b.f32, NULL, got)) expect_close(name, got, want, batches_of(&p) * m * n, k);
    }
    numbers_free(a);
    numbers_free(b);
}

/* y = Σ a b over a batch: as one long product, since the batch follows the rows of b, and the columns of a. */
Test(matmul, sum_of_products)
{
    gemm_problem sum = { 9, 10, 4, 20, 1, 10, 1, .sum = 5, .a_sum = 4, .b_sum = 40 };
    gemm_problem whole = { 9, 10, 20, 20, 1, 10, 1 };
    numbers a = numbers_new(9 * 20, 1), b = numbers_new(20 * 10, 2), want = numbers_new(90, 3),
            got = numbers_new(90, 4);
    multiply(&whole, a.f64, b.f64, want.f64);
    cr_assert(level_kernels()->gemm_f32(&sum, &(gemm_operands){ .a = a.f32, .b = b.f32, .y = got.f32 }));
    expect_close("a sum of products", got.f32, want.f64, 90, 20);
    cr_assert(!matmul_by_onednn(&sum, a.f32, b.f32, NULL, got.f32));
    numbers_free(a);
    numbers_free(b);
    numbers_free(want);
    numbers_free(got);
}

static void *multiply_on_a_thread(void *failed)
{
    for (int64_t m = 2; m < 40; m++) {
        numbers a = numbers_new(m * m, 1), want = numbers_new(m * m, 2);
        float *y = calloc((size_t)(m * m), sizeof *y);
        gemm_problem p = { m, m, m, m, 1, m, 1 };
        multiply(&p, a.f64, a.f64, want.f64);
        if (matmul_by_onednn(&p, a.f32, a.f32, NULL, y))
            for (int64_t i = 0; i < m * m; i++) *(bool *)failed |= fabs((double)y[i] - want.f64[i]) > 1e-4;
        free(y);
        numbers_free(a);
        numbers_free(want);
    }
    return NULL;
}

Test(matmul, threads_of_the_user)
{
    pthread_t threads[4];
    bool failed[4] = { 0 };
    for (int i = 0; i < 4; i++) cr_assert(pthread_create(&threads[i], NULL, multiply_on_a_thread, &failed[i]) == 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        cr_assert(!failed[i]);
    }
}

/* A plan keeps its threads: oneDNN divides its scratchpad among them. */
Test(matmul, another_number_of_threads)
{
    gemm_problem p = { 65, 66, 67, 67, 1, 66, 1 };
    numbers a = numbers_new(65 * 67, 1), b = numbers_new(67 * 66, 2), want = numbers_new(65 * 66, 3),
            got = numbers_new(65 * 66, 4);
    multiply(&p, a.f64, b.f64, want.f64);
    onednn_plan *plan = onednn_prepare_matmul(&p, false);
    if (plan) {
        int threads = thread_count();
        vt_set_threads(threads + 2);
        cr_assert(execute_once(plan, (void *[]){ a.f32, b.f32, NULL, got.f32 }));
        expect_close("more threads", got.f32, want.f64, 65 * 66, 67);
        cr_assert(thread_count() == threads + 2);
    }
    numbers_free(a);
    numbers_free(b);
    numbers_free(want);
    numbers_free(got);
}

/* -- Choosing among candidates ------------------------------------------------------------------------------------- */

/* Candidates that take so much of the processor's time each, 0 where they cannot run. */
typedef struct workers {
    long milliseconds[3];
    int runs;
} workers;

static double seconds_of_this_thread(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool work_for(int candidate, void *context)
{
    workers *w = context;
    w->runs++;
    double end = seconds_of_this_thread() + 1e-3 * (double)w->milliseconds[candidate];
    while (seconds_of_this_thread() < end) continue;
    return w->milliseconds[candidate] != 0;
}

static int choose_worker(workers *w, int64_t key)
{
    choice c = { "work", work_for, w, &key, sizeof key, .candidates = 3, .expected = 1 };
    return choose(&c);
}

Test(choose, fastest)
{
    unsetenv("VT_TUNE");
    cr_assert(choose_worker(&(workers){ { 30, 40, 2 } }, 1) == 2, "a faster one displaces the expected one");
    cr_assert(choose_worker(&(workers){ { 90, 80, 79 } }, 2) == 1, "one that is hardly faster does not");
    cr_assert(choose_worker(&(workers){ { 5, 0, 40 } }, 3) == 0, "the expected one cannot run");
    cr_assert(choose_worker(&(workers){ { 0, 20, 0 } }, 4) == 1, "the others cannot run");
    cr_assert(choose_worker(&(workers){ { 0, 0, 0 } }, 5) == 1, "none can run");
}

Test(choose, once_for_each_key)
{
    unsetenv("VT_TUNE");
    workers w = { { 1, 20, 20 } }, reversed = { { 20, 20, 1 } };
    cr_assert(choose_worker(&w, 1) == 0 && w.runs > 0);
    cr_assert(choose_worker(&reversed, 1) == 0 && reversed.runs == 0, "remembered");
    cr_assert(choose_worker(&reversed, 2) == 2 && reversed.runs > 0, "another key");
    setenv("VT_TUNE", "0", 1);
    int runs = reversed.runs;
    cr_assert(choose_worker(&reversed, 1) == 1 && choose_worker(&reversed, 3) == 1 && reversed.runs == runs, "off");
}

/* A run that goes on in another process computes by the same algorithms. */
Test(choose, what_was_chosen_before)
{
    unsetenv("VT_TUNE");
    cr_assert(choices_restore("work/7 1 2;work/7 2 2;work/7,-3 2 0;"));
    workers w = { { 1, 20, 20 } };
    cr_assert(choose_worker(&w, 7) == 2 && w.runs == 0);
    cr_assert(choose_worker(&w, 8) == 0 && w.runs > 0);
    char *text = choices_text();
    cr_assert(text && strstr(text, "work/7 2 2;") && strstr(text, "work/8 "), "%s", text);
    cr_assert(choices_restore(text));
    free(text);
}

/* An answer of another version, say. */
Test(choose, times_anew_what_it_cannot_use)
{
    unsetenv("VT_TUNE");
    cr_assert(choices_restore("work/7 2 99;work/8 2 -1;work/9 2 fast;"));
    for (int64_t key = 7; key < 10; key++) {
        workers w = { { 1, 20, 20 } };
        cr_assert(choose_worker(&w, key) == 0 && w.runs > 0);
    }
}

Test(choose, refuses_a_text_that_is_none)
{
    const char *const none[] = { "work/7", "work/7 2 2", "work/7;", " 2;", "work/7 2 2; x" };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) cr_assert(!choices_restore(none[i]), "%s", none[i]);
    cr_assert(choices_restore(""));
}

/* -- Levels of processors ----------------------------------------------------------------------------------------- */

Test(level, that_there_is_none_of)
{
    setenv("VT_CPU", "avx3", 1);
    context_get();
    REFUSED(VT_ERROR_ARGUMENT, "VT_CPU is \"avx3\"; the levels of processors in this build are: ");
}

/* Where this processor has the highest, too, it is used. */
Test(level, that_the_processor_lacks)
{
    setenv("VT_CPU", "amx", 1);
    context_get();
    if (strcmp(vt_device_level(), "amx") == 0) return;
    cr_assert(vt_failed() && strstr(vt_error_message(), "VT_CPU is \"amx\"; "), "%s", vt_error_message());
}

Test(level, lower_than_the_processor)
{
    setenv("VT_CPU", "baseline", 1);
    context_get();
    if (strcmp(vt_device_level(), "native") == 0) {
        REFUSED(VT_ERROR_ARGUMENT, "VT_CPU is \"baseline\"; the levels of processors in this build are: native");
        return;
    }
    cr_assert(!vt_failed() && strcmp(vt_device_level(), "baseline") == 0, "%s", vt_error_message());
    cr_assert(!level_has_pairs() && !level_has_matrices());
}

/* -- Max pooling of what is not finite ----------------------------------------------------------------------------- */

Test(max_pool2d, special_values)
{
    const float x[16] = { NAN, 1, -INFINITY, -INFINITY, 2, 3, -INFINITY, -INFINITY, INFINITY, 5, 4, 4, 6, 7, 4, 4 };
    const float expected_gradient[16] = { 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0 };
    const char *devices[] = { "cpu", "reference" };
    for (int i = 0; i < 2; i++) {
        vt_set_device(devices[i]);
        VT_SCOPE;
        vt_tensor in = vt_from_data(x, VT_SHAPE(1, 1, 4, 4), VT_F32), gradient;
        vt_tensor y = vt_max_pool2d(in, 2);
        vt_gradients(y, VT_INERT, &in, 1, &gradient);
        float got[4], got_gradient[16];
        cr_assert(vt_read(y, got, 4, VT_F32) && vt_read(gradient, got_gradient, 16, VT_F32), "%s", vt_error_message());
        cr_assert(isnan(got[0]) && got[1] == -INFINITY && got[2] == INFINITY && got[3] == 4, "%s", devices[i]);
        cr_assert(memcmp(got_gradient, expected_gradient, sizeof got_gradient) == 0, "%s", devices[i]);
    }
    vt_set_device("cpu");
}
