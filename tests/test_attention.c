/* test_attention.c - a device's kernels of attention on memory as a plan lays it out: q, k and v in one array, heads
 * beside each other, gradients likewise, in f32, f64 or bf16. */
#include "sanitized.h"
#include "tested_device.h"
#include "core/backend.h"
#include "core/base/bf16.h"
#include "ops/attention.h"
#include "ops/list.h"
#include "numbers.h"
#include <vitro/vitro.h>
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- A problem, and its solution ----------------------------------------------------------------------------------- */

enum { HEADS = 3, MATRICES = 9 };
enum { Q, K, V, G, Y, LOGSUMEXP, DQ, DK, DV };

typedef struct problem {
    int64_t queries, keys, channels, width;
    double scale;
    bool causal, has_bias, has_mask;
    int64_t more_batches; /* than the two that there always are */
} problem;

/* Every matrix of every head, in double: [batches, HEADS, rows, columns]. */
typedef struct solution {
    int64_t batches;
    int64_t rows[MATRICES], columns[MATRICES];
    double *data[MATRICES];
    double *dbias; /* [HEADS, queries, keys], the sum of all batches */
} solution;

static int64_t batches_of(const problem *p)
{
    return 2 + p->more_batches;
}

static double *head_of(const solution *s, int which, int64_t head)
{
    return s->data[which] + head * s->rows[which] * s->columns[which];
}

static double next_number(uint64_t *state)
{
    return (double)bf16_to_f32(bf16_of_f32((float)(2 * next_f32(state) - 1)));
}

/* The same in every batch. */
static double bias_at(int64_t head, int64_t i, int64_t j)
{
    return (double)((head % HEADS * 5 + i * 3 + j * 7) % 16) / 8 - 1;
}

/* The same for every head of a batch. Some queries see no key. */
static bool mask_at(int64_t head, int64_t i, int64_t j)
{
    return (head / HEADS + i + j) % 3 != 0 && i % 7 != 5;
}

static double weight_of(const problem *p, int64_t head, int64_t i, int64_t j, double dot)
{
    if ((p->causal && j > i) || (p->has_mask && !mask_at(head, i, j))) return 0;
    return exp(p->scale * dot + (p->has_bias ? bias_at(head, i, j) : 0));
}

NOT_SANITIZED static void solve_query(const problem *p, const solution *s, int64_t head, int64_t i, double *weight)
{
    const double *q = head_of(s, Q, head) + i * p->channels, *g = head_of(s, G, head) + i * p->width;
    const double *k = head_of(s, K, head), *v = head_of(s, V, head);
    double *y = head_of(s, Y, head) + i * p->width, sum = 0, mean = 0;
    for (int64_t j = 0; j < p->keys; j++) {
        double dot = 0;
        for (int64_t d = 0; d < p->channels; d++) dot += q[d] * k[j * p->channels + d];
        weight[j] = weight_of(p, head, i, j, dot);
        sum += weight[j];
    }
    head_of(s, LOGSUMEXP, head)[i] = sum == 0 ? 0 : log(sum);
    for (int64_t j = 0; j < p->keys; j++) {
        if (sum != 0) weight[j] /= sum;
        for (int64_t e = 0; e < p->width; e++) y[e] += weight[j] * v[j * p->width + e];
    }
    for (int64_t e = 0; e < p->width; e++) mean += g[e] * y[e];
    for (int64_t j = 0; j < p->keys; j++) {
        double dweight = 0;
        for (int64_t e = 0; e < p->width; e++) {
            dweight += g[e] * v[j * p->width + e];
            head_of(s, DV, head)[j * p->width + e] += weight[j] * g[e];
        }
        double dlogit = p->scale * weight[j] * (dweight - mean);
        s->dbias[(head % HEADS * p->queries + i) * p->keys + j] += weight[j] * (dweight - mean);
        for (int64_t d = 0; d < p->channels; d++) {
            head_of(s, DQ, head)[i * p->channels + d] += dlogit * k[j * p->channels + d];
            head_of(s, DK, head)[j * p->channels + d] += dlogit * q[d];
        }
    }
}

static solution solve(const problem *p)
{
    solution s = {
        .batches = batches_of(p),
        .rows = { [Q] = p->queries,
                  [K] = p->keys,
                  [V] = p->keys,
                  [G] = p->queries,
                  [Y] = p->queries,
                  [LOGSUMEXP] = p->queries,
                  [DQ] = p->queries,
                  [DK] = p->keys,
                  [DV] = p->keys },
        .columns = { [Q] = p->channels,
                     [K] = p->channels,
                     [V] = p->width,
                     [G] = p->width,
                     [Y] = p->width,
                     [LOGSUMEXP] = 1,
                     [DQ] = p->channels,
                     [DK] = p->channels,
                     [DV] = p->width },
    };
    uint64_t state = 5;
    for (int m = 0; m < MATRICES; m++) {
        int64_t count = s.batches * HEADS * s.rows[m] * s.columns[m];
        s.data[m] = calloc((size_t)count, sizeof *s.data[m]);
        cr_assert(s.data[m]);
        for (int64_t i = 0; m <= G && i < count; i++) s.data[m][i] = next_number(&state);
    }
    double *weight = calloc((size_t)p->keys, sizeof *weight);
    s.dbias = calloc((size_t)(HEADS * p->queries * p->keys), sizeof *s.dbias);
    cr_assert(weight && s.dbias);
    for (int64_t head = 0; head < s.batches * HEADS; head++)
        for (int64_t i = 0; i < p->queries; i++) solve_query(p, &s, head, i, weight);
    free(weight);
    return s;
}

static void solution_free(solution s)
{
    for (int m = 0; m < MATRICES; m++) free(s.data[m]);
    free(s.dbias);
}

/* -- Memory -------------------------------------------------------------------------------------------------------- */

/* How matrices lie: heads of a token beside each other, one after another, or channels far apart. */
typedef enum layout {
    TOKENS_FIRST, /* [batch, token, head, channel], as slices of a larger array */
    HEADS_FIRST,  /* [batch, head, token, channel] */
    CHANNELS_FIRST
} layout;

enum { GAP = 8 }; /* so that rows of a multiple of 8 channels are aligned, and others are not */

/* What the array lies in. */
static size_t bytes_of(const array *a)
{
    int64_t most = 1;
    for (int i = 0; i < a->shape.rank; i++)
        if (a->shape.dim[i] * a->stride[i] > most) most = a->shape.dim[i] * a->stride[i];
    return (size_t)most * vt_dtype_size(a->dtype);
}

static array make_array(const solution *s, int which, layout l, vt_dtype dtype)
{
    int64_t rows = s->rows[which], columns = s->columns[which];
    array a = { .dtype = dtype, .shape = VT_SHAPE(s->batches, HEADS, rows, columns) };
    a.stride[3] = l == CHANNELS_FIRST ? rows : 1;
    a.stride[2] = l == CHANNELS_FIRST ? 1 : l == TOKENS_FIRST ? HEADS * columns + GAP : columns;
    a.stride[1] = l == TOKENS_FIRST ? columns : rows * columns;
    a.stride[0] = rows * (HEADS * columns + GAP);
    a.data = malloc(bytes_of(&a) + 64);
    cr_assert(a.data);
    memset(a.data, 0xff, bytes_of(&a)); /* NaN, in every dtype */
    array from = array_contiguous(s->data[which], VT_F64, a.shape);
    if (which <= G) array_copy(&a, &from);
    return a;
}

static array make_contiguous(vt_dtype dtype, vt_shape shape)
{
    void *data = calloc((size_t)vt_shape_count(shape), vt_dtype_size(dtype));
    cr_assert(data);
    return array_contiguous(data, dtype, shape);
}

/* [HEADS, queries, keys], or absent. */
static array make_bias(const problem *p, vt_dtype dtype)
{
    if (!p->has_bias) return (array){ .data = NULL };
    array bias = make_contiguous(dtype, VT_SHAPE(HEADS, p->queries, p->keys));
    for (int64_t head = 0, at = 0; head < HEADS; head++)
        for (int64_t i = 0; i < p->queries; i++)
            for (int64_t j = 0; j < p->keys; j++) array_set(&bias, at++, bias_at(head, i, j));
    return bias;
}

/* [batches, 1, queries, keys], or absent. */
static array make_mask(const problem *p)
{
    if (!p->has_mask) return (array){ .data = NULL };
    array mask = make_contiguous(VT_BOOL, VT_SHAPE(batches_of(p), 1, p->queries, p->keys));
    for (int64_t batch = 0, at = 0; batch < batches_of(p); batch++)
        for (int64_t i = 0; i < p->queries; i++)
            for (int64_t j = 0; j < p->keys; j++) array_set(&mask, at++, mask_at(batch * HEADS, i, j));
    return mask;
}

/* [..., rows, 1] as [..., rows] */
static array as_vector(array a)
{
    a.shape.rank--;
    return a;
}

static void expect_near(const char *what, const double *want, const array *a, double epsilon)
{
    int64_t count = vt_shape_count(a->shape);
    double *got = malloc((size_t)count * sizeof *got), scale = 1;
    array to = array_contiguous(got, VT_F64, a->shape);
    cr_assert(got);
    array_copy(&to, a);
    for (int64_t i = 0; i < count; i++) scale = fmax(scale, fabs(want[i]));
    for (int64_t i = 0; i < count; i++)
        cr_assert(fabs(got[i] - want[i]) <= epsilon * scale, "%s: element %lld is %g, it must be %g", what,
                  (long long)i, got[i], want[i]);
    free(got);
}

static void expect_close(const char *what, const solution *s, int which, const array *a, double epsilon)
{
    expect_near(what, s->data[which], a, epsilon);
}

/* What lies between the slices is not written. */
static void expect_gaps(const char *what, const array *a)
{
    size_t size = vt_dtype_size(a->dtype);
    for (int64_t row = 0; row < a->shape.dim[0] * a->shape.dim[2]; row++) {
        const unsigned char *gap =
            (const unsigned char *)a->data + (size_t)((row + 1) * (HEADS * a->shape.dim[3] + GAP) - GAP) * size;
        for (size_t b = 0; b < GAP * size; b++) cr_assert(gap[b] == 0xff, "%s: a gap is written", what);
    }
}

/* -- Running ------------------------------------------------------------------------------------------------------- */

static const backend *device(void)
{
    const backend *found = backend_find(tested_device());
    cr_assert(found && (!found->queue || found->queue->start()), "%s", vt_error_message());
    return found;
}

static const kernel *kernel_of(const op *op)
{
    const kernel *found = device()->kernel_of(op);
    cr_assert(found);
    return found;
}

static void copy_to(void *to, const void *from, size_t bytes)
{
    if (device()->queue)
        cr_assert(device()->queue->push(to, from, bytes));
    else
        memcpy(to, from, bytes);
}

static void copy_from(void *to, const void *from, size_t bytes)
{
    if (device()->queue)
        cr_assert(device()->queue->download(to, from, bytes), "%s", vt_error_message());
    else
        memcpy(to, from, bytes);
}

/* The arrays on the device, with the contents that they have on the host. */
static void copy_arrays_to(array *to, const array *from, int count)
{
    for (int i = 0; i < count; i++) {
        to[i] = from[i];
        if (!from[i].data) continue;
        to[i].data = device()->allocate(bytes_of(&from[i]) + 64);
        cr_assert(to[i].data);
        copy_to(to[i].data, from[i].data, bytes_of(&from[i]));
    }
}

/* And back; ends them. */
static void copy_arrays_from(const array *to, array *from, int count)
{
    for (int i = 0; i < count; i++) {
        if (!from[i].data) continue;
        copy_from(to[i].data, from[i].data, bytes_of(&from[i]));
        device()->release(from[i].data, bytes_of(&from[i]) + 64);
    }
}

static void run_kernel(const op *op, const problem *p, const array *in, int inputs, const array *out, int outputs)
{
    const kernel *k = kernel_of(op);
    attention_attributes attributes = { .scale = p->scale, .causal = p->causal };
    array there[12];
    copy_arrays_to(there, in, inputs);
    copy_arrays_to(there + inputs, out, outputs);
    kernel_call call = { .op = op, .attributes = &attributes, .inputs = inputs, .outputs = outputs, .in = there };
    call.out = there + inputs;
    preparation made = { 0 };
    cr_assert(!k->prepare || k->prepare(&call, &made));
    call.state = made.state;
    call.scratch = device()->allocate(made.scratch + 64);
    void *nan = malloc(made.scratch + 1);
    cr_assert(call.scratch && nan);
    memset(nan, 0xff, made.scratch); /* what was there before must not matter */
    copy_to(call.scratch, nan, made.scratch);
    cr_assert(k->run(&call), "%s", vt_error_message());
    copy_arrays_from(in, there, inputs);
    copy_arrays_from(out, there + inputs, outputs);
    device()->release(call.scratch, made.scratch + 64);
    free(nan);
    if (made.discard) made.discard(made.state);
}

/* The same gradients, and that of the bias. Where the device has no kernel, it decomposes the op. */
static void check_bias(const char *what, const problem *p, const solution *s, const array *in, const array *a,
                       double epsilon)
{
    if (!p->has_bias || !device()->kernel_of(&op_attention_bias_gradient)) return;
    array dbias = make_contiguous(in[ATTENTION_GRADIENT_BIAS].dtype, VT_SHAPE(HEADS, p->queries, p->keys));
    run_kernel(&op_attention_bias_gradient, p, in, 8, (array[]){ a[DQ], a[DK], a[DV], dbias }, 4);
    for (int m = DQ; m <= DV; m++) expect_close(what, s, m, &a[m], epsilon);
    expect_near(what, s->dbias, &dbias, epsilon);
    free(dbias.data);
}

/* Factors of products in memory as `dtype`, results as `result`. */
static void check(const char *what, const problem *p, layout l, vt_dtype dtype, vt_dtype result)
{
    solution s = solve(p);
    array a[MATRICES];
    vt_dtype number = dtype == VT_BF16 ? VT_F32 : dtype;
    double epsilon = dtype == VT_F64 ? 1e-13 : dtype == VT_F32 ? 2e-6 : 8e-3;
    epsilon *= fmax(1, fabs(p->scale)); /* y is rounded, and subtracted from what it nearly is */
    for (int m = 0; m < MATRICES; m++) a[m] = make_array(&s, m, l, m == LOGSUMEXP ? number : m < Y ? dtype : result);
    array logsumexp = as_vector(a[LOGSUMEXP]), bias = make_bias(p, number), mask = make_mask(p);
    run_kernel(&op_attention, p, (array[]){ a[Q], a[K], a[V], bias, mask }, 5, (array[]){ a[Y], logsumexp }, 2);
    run_kernel(&op_attention_gradient, p, (array[]){ a[G], a[Q], a[K], a[V], a[Y], logsumexp, bias, mask }, 8, &a[DQ],
               3);
    for (int m = Y; m < MATRICES; m++) {
        expect_close(what, &s, m, &a[m], m == LOGSUMEXP && dtype == VT_BF16 ? 2e-6 : epsilon);
        if (l == TOKENS_FIRST) expect_gaps(what, &a[m]);
    }
    check_bias(what, p, &s, (array[]){ a[G], a[Q], a[K], a[V], a[Y], logsumexp, bias, mask }, a, epsilon);
    for (int m = 0; m < MATRICES; m++) free(a[m].data);
    free(bias.data);
    free(mask.data);
    solution_free(s);
}

static const problem problems[] = {
    { 65, 65, 64, 64, 0.125, false },  { 197, 197, 64, 64, 0.125, false }, { 65, 65, 32, 32, 0.2, false },
    { 17, 17, 16, 16, 0.25, true },    { 130, 61, 20, 36, 0.2, true },     { 1, 1, 64, 64, 0.125, false },
    { 1, 33, 8, 8, 0.3, false },       { 33, 1, 8, 8, 0.3, false },        { 29, 43, 7, 5, 0.4, false },
    { 3, 1030, 16, 16, 0.25, false },  { 150, 700, 12, 20, 0.3, true },    { 300, 40, 1, 1, 1, false },
    { 257, 257, 64, 64, 0.125, true }, { 64, 256, 64, 64, 0.1, false },    { 200, 70, 64, 48, 0.125, true },
    { 70, 200, 40, 64, -0.1, true },   { 66, 129, 72, 72, 0.1, false },    { 80, 67, 128, 104, 0.1, true },
    { 300, 65, 64, 64, 0.125, false }, { 256, 250, 64, 64, 0.125, true },  { 1, 1, 8, 128, 0.125, false },
    { 16, 17, 96, 128, 0.1, false },   { 33, 1, 8, 8, 100, false }, /* logits far below 0 */
};
/* As many heads as an H200 has multiprocessors. */
static const problem many_heads = { 17, 19, 40, 40, 0.2, false, .more_batches = 42 };
enum { PROBLEMS = sizeof problems / sizeof *problems };

/* Among the smaller ones are those of several blocks, too. */
static bool is_for_a_sanitizer(const problem *p)
{
    return p->queries * p->keys <= 20000;
}

static void check_all(const char *what, layout l, vt_dtype dtype, vt_dtype result)
{
    for (int i = 0; i < PROBLEMS; i++)
        if (!SANITIZED || is_for_a_sanitizer(&problems[i])) check(what, &problems[i], l, dtype, result);
    check(what, &many_heads, l, dtype, result);
}

Test(attention, tokens_first)
{
    check_all("f32", TOKENS_FIRST, VT_F32, VT_F32);
    if (device_computes_f64()) check_all("f64", TOKENS_FIRST, VT_F64, VT_F64);
}

Test(attention, heads_first)
{
    check_all("f32", HEADS_FIRST, VT_F32, VT_F32);
}

Test(attention, channels_first)
{
    check_all("f32", CHANNELS_FIRST, VT_F32, VT_F32);
    if (device_computes_f64()) check_all("f64", CHANNELS_FIRST, VT_F64, VT_F64);
}

Test(attention, stored_as_bf16)
{
    check_all("bf16", TOKENS_FIRST, VT_BF16, VT_BF16);
    check_all("bf16, channels first", CHANNELS_FIRST, VT_BF16, VT_BF16);
}

Test(attention, from_bf16_to_f32)
{
    check_all("bf16 to f32", HEADS_FIRST, VT_BF16, VT_F32);
}

static const problem problems_with_more[] = {
    { 65, 65, 64, 64, 0.125, false, .has_bias = true },
    { 65, 65, 64, 64, 0.125, false, .has_mask = true },
    { 130, 61, 20, 36, 0.2, true, .has_bias = true, .has_mask = true },
    { 70, 200, 40, 64, -0.1, true, .has_mask = true },
    { 1, 33, 8, 8, 0.3, false, .has_bias = true, .has_mask = true },
    { 33, 1, 8, 8, 0.3, false, .has_bias = true, .has_mask = true },
    { 80, 67, 128, 104, 0.1, false, .has_bias = true },
    /* many heads that share a bias */
    { 49, 49, 32, 32, 0.2, false, .has_bias = true, .has_mask = true, .more_batches = 42 },
    { 65, 70, 24, 32, 0.2, true, .has_bias = true, .more_batches = 17 },
};

static void check_with_more(const char *what, layout l, vt_dtype dtype, vt_dtype result)
{
    for (size_t i = 0; i < sizeof problems_with_more / sizeof *problems_with_more; i++)
        check(what, &problems_with_more[i], l, dtype, result);
}

Test(attention, with_bias_and_mask)
{
    check_with_more("f32", TOKENS_FIRST, VT_F32, VT_F32);
    check_with_more("bf16", TOKENS_FIRST, VT_BF16, VT_BF16);
    check_with_more("bf16 to f32", HEADS_FIRST, VT_BF16, VT_F32);
    if (device_computes_f64()) check_with_more("f64", CHANNELS_FIRST, VT_F64, VT_F64);
}

/* -- Memory, and threads ------------------------------------------------------------------------------------------- */

static size_t scratch_of(const op *op, int64_t tokens)
{
    vt_shape shape = VT_SHAPE(1, 1, tokens, 64), vector = VT_SHAPE(1, 1, tokens);
    array x = array_contiguous(NULL, VT_F32, shape), logsumexp = array_contiguous(NULL, VT_F32, vector);
    array in[8] = { x, x, x, x, x, logsumexp }, out[3] = { x, op == &op_attention ? logsumexp : x, x };
    attention_attributes attributes = { .scale = 1 };
    kernel_call call = { .op = op, .attributes = &attributes, .inputs = 8, .outputs = 3, .in = in, .out = out };
    preparation made = { 0 };
    cr_assert(!kernel_of(op)->prepare || kernel_of(op)->prepare(&call, &made));
    if (made.discard) made.discard(made.state);
    return made.scratch;
}

Test(attention, scratch_memory_is_linear_in_tokens)
{
    cr_assert(scratch_of(&op_attention, 8192) <= 17 * scratch_of(&op_attention, 512));
    cr_assert(scratch_of(&op_attention_gradient, 8192) <= 17 * scratch_of(&op_attention_gradient, 512));
}

/* Of the gradient of a bias that windows share, 64 a picture; shifted ones have masks. */
static size_t scratch_with_windows(const op *op, int64_t windows, bool shifted)
{
    array x = array_contiguous(NULL, VT_F32, VT_SHAPE(windows / 64, 64, 3, 49, 32));
    array logsumexp = array_contiguous(NULL, VT_F32, VT_SHAPE(windows / 64, 64, 3, 49));
    array bias = array_contiguous(NULL, VT_F32, VT_SHAPE(3, 49, 49));
    array mask = array_contiguous(NULL, VT_BOOL, VT_SHAPE(64, 1, 49, 49));
    array in[8] = { x, x, x, x, x, logsumexp, bias, shifted ? mask : (array){ .data = NULL } };
    array out[4] = { x, x, x, bias };
    attention_attributes attributes = { .scale = 1, .dropout = op == &op_attention_dropout_bias_gradient ? 0.25 : 0 };
    kernel_call call = { .op = op, .attributes = &attributes, .inputs = 8, .outputs = 4 };
    call.in = in, call.out = out;
    preparation made = { 0 };
    cr_assert(kernel_of(op)->prepare(&call, &made));
    if (made.discard) made.discard(made.state);
    return made.scratch;
}

/* A GPU's kernels keep a number for each query, and as many sums as give all of it work. */
Test(attention, the_gradient_of_a_bias_needs_no_map_of_all_windows)
{
    const bool on_gpu = device()->queue != NULL;
    const int64_t few = on_gpu ? 1 << 12 : 64, many = 1 << 16, queries = on_gpu ? (many - few) * 3 * 49 : 0;
    if (!device()->kernel_of(&op_attention_bias_gradient)) cr_skip_test("the device decomposes it");
    for (int shifted = 0; shifted < 2; shifted++)
        for (int drops = 0; drops < 2; drops++) {
            const op *op = drops ? &op_attention_dropout_bias_gradient : &op_attention_bias_gradient;
            cr_assert(scratch_with_windows(op, many, shifted) <=
                      scratch_with_windows(op, few, shifted) + (size_t)queries * sizeof(float));
        }
}

enum { WINDOWS = 256, WINDOW = 64 };

static int64_t peak_of_a_step(double dropout)
{
    VT_SCOPE;
    static float gradient[WINDOW * WINDOW];
    vt_tensor x = vt_normal(VT_SHAPE(WINDOWS, WINDOW, 4)), bias = vt_normal(VT_SHAPE(WINDOW, WINDOW)), dbias;
    vt_set_training(true);
    vt_tensor y = vt_attention(x, x, x, .bias = bias, .dropout = dropout);
    vt_set_training(false);
    vt_statistics_reset_peak();
    vt_gradients(vt_sum(vt_square(y)), VT_INERT, &bias, 1, &dbias);
    cr_assert(vt_read(dbias, gradient, WINDOW * WINDOW, VT_F32), "%s", vt_error_message());
    return vt_statistics_get().peak_bytes;
}

Test(attention, a_step_with_a_trained_bias_has_no_map_of_all_windows)
{
    const int64_t map = (int64_t)sizeof(float) * WINDOWS * WINDOW * WINDOW;
    if (!device()->kernel_of(&op_attention_bias_gradient)) cr_skip_test("the device decomposes it");
    vt_set_device(tested_device());
    for (int drops = 0; drops < 2; drops++) {
        const int64_t peak = peak_of_a_step(drops ? 0.25 : 0);
        cr_assert(peak < map, "%lld bytes, dropout %d", (long long)peak, drops);
    }
}

/* Result and gradients, for one number of threads. */
static void compute(int threads, double dropout, float *result, int64_t count)
{
    VT_SCOPE;
    vt_set_threads(threads);
    vt_seed(3);
    vt_tensor in[2] = { vt_normal(VT_SHAPE(2, 70, 3, 3, 16)), vt_normal(VT_SHAPE(70, 70)) }, part[3], g[2];
    vt_unstack(vt_rearrange(in[0], "b n t h d -> t b h n d"), 0, 3, part);
    vt_set_training(true);
    vt_tensor y = vt_attention(part[0], part[1], part[2], .bias = in[1], .dropout = dropout);
    vt_set_training(false);
    vt_gradients(vt_sum(vt_square(y)), VT_INERT, in, 2, g);
    cr_assert(vt_read(y, result, count, VT_F32) && vt_read(g[0], result + count, 3 * count, VT_F32) &&
                  vt_read(g[1], result + 4 * count, 70 * 70, VT_F32),
              "%s", vt_error_message());
}

Test(attention, same_bits_for_any_number_of_threads)
{
    enum { COUNT = 2 * 70 * 3 * 16 };
    static float one[4 * COUNT + 70 * 70], three[4 * COUNT + 70 * 70];
    vt_set_device(tested_device());
    for (int drops = 0; drops < 2; drops++) {
        compute(1, drops ? 0.25 : 0, one, COUNT);
        compute(3, drops ? 0.25 : 0, three, COUNT);
        cr_assert(memcmp(one, three, sizeof one) == 0);
    }
}

/* -- Dropout ------------------------------------------------------------------------------------------------------- */

/* Heads that tensor cores take, [batches, heads, windows]; those of a number share a matrix of the bias. */
typedef struct dropping {
    int64_t batches, heads, windows, queries, keys;
    bool adjusted; /* by a bias and a mask */
} dropping;

enum { DROPPED_CHANNELS = 32, DROPPED_MOST = 1 << 17 };

static const dropping droppings[] = {
    { 2, 3, 1, 70, 81, false }, /* more than a tile of queries and of keys */
    { 2, 3, 1, 70, 81, true },
    { 5, 2, 3, 17, 24, true }, /* so many share a matrix that they are cut into parts */
};

static vt_tensor uniform(vt_shape shape)
{
    return vt_uniform(shape, .low = -1, .high = 1);
}

/* y, and the gradients of q, k, v and the bias, one after another. How many numbers they are. */
static int64_t attend_with_dropout(const char *device, const dropping *d, float *out)
{
    vt_seed(5);
    VT_SCOPE;
    vt_set_device(device);
    const vt_shape of_keys = VT_SHAPE(d->batches, d->heads, d->windows, d->keys, DROPPED_CHANNELS);
    vt_tensor in[4] = { uniform(VT_SHAPE(d->batches, d->heads, d->windows, d->queries, DROPPED_CHANNELS)),
                        uniform(of_keys), uniform(of_keys) };
    vt_tensor mask = VT_INERT, all[5];
    if (d->adjusted) {
        in[3] = uniform(VT_SHAPE(d->heads, 1, d->queries, d->keys));
        mask = vt_greater(vt_uniform(VT_SHAPE(d->queries, d->keys)), vt_full(VT_SCALAR, 0.2));
    }
    vt_set_training(true);
    all[0] = vt_attention(in[0], in[1], in[2], .bias = in[3], .mask = mask, .dropout = 0.25);
    vt_set_training(false);
    vt_gradients(all[0], vt_cos(all[0]), in, d->adjusted ? 4 : 3, all + 1);
    int64_t numbers = 0;
    for (int i = 0; i < (d->adjusted ? 5 : 4); numbers += vt_count(all[i++]))
        cr_assert(vt_read(all[i], out + numbers, DROPPED_MOST - numbers, VT_F32), "%s", vt_error_message());
    return numbers;
}

/* By the norm of the difference: the mask is the same to the last element. */
static void expect_same_dropout(vt_dtype precision, const dropping *d, double limit)
{
    static float want[DROPPED_MOST], got[DROPPED_MOST];
    double off = 0, size = 0;
    vt_set_precision(VT_F32);
    const int64_t numbers = attend_with_dropout("reference", d, want);
    vt_set_device(tested_device());
    vt_set_precision(precision);
    attend_with_dropout(tested_device(), d, got);
    for (int64_t i = 0; i < numbers; i++) {
        off += ((double)got[i] - (double)want[i]) * ((double)got[i] - (double)want[i]);
        size += (double)want[i] * (double)want[i];
    }
    cr_assert(off <= limit * limit * size, "%s, heads %lld, bias and mask %d: off by %g of %g",
              vt_dtype_name(precision), (long long)d->heads, d->adjusted, sqrt(off), sqrt(size));
}

Test(attention, with_dropout)
{
    setenv("VT_BF16", "emulate", 1);
    for (size_t i = 0; i < sizeof droppings / sizeof *droppings; i++) {
        expect_same_dropout(VT_F32, &droppings[i], 1e-5);
        expect_same_dropout(VT_BF16, &droppings[i], 0.02);
    }
}

/* -- What a query sees --------------------------------------------------------------------------------------------- */

/* The option's own words, for each pair of a query and a key. */
static bool sees(int64_t i, int64_t j, int64_t queries, int64_t keys, bool causal, bool last, int64_t window)
{
    int64_t place = last ? keys - queries + i : i;
    if (causal && j > place) return false;
    return window == VT_AUTO || (j > place ? j - place : place - j) < window;
}

static void compare_with_mask(int64_t queries, int64_t keys, bool causal, bool last, int64_t window)
{
    VT_SCOPE;
    uint8_t mask[64];
    double got[64], want[64], weights[64], wanted_weights[64];
    vt_tensor q = vt_normal(VT_SHAPE(queries, 4)), k = vt_normal(VT_SHAPE(keys, 4)), v = vt_normal(VT_SHAPE(keys, 3));
    vt_tensor by_option, by_mask;
    for (int64_t i = 0; i < queries * keys; i++)
        mask[i] = sees(i / keys, i % keys, queries, keys, causal, last, window);
    vt_tensor visible = vt_from_data(mask, VT_SHAPE(queries, keys), VT_BOOL);
    vt_tensor y = vt_attention(q, k, v, .causal = causal, .queries_last = last, .window = window);
    vt_tensor z = vt_attention(q, k, v, .mask = visible);
    vt_attention(q, k, v, .causal = causal, .queries_last = last, .window = window, .weights = &by_option);
    vt_attention(q, k, v, .mask = visible, .weights = &by_mask);
    cr_assert(vt_read(y, got, 64, VT_F64) && vt_read(z, want, 64, VT_F64), "%s", vt_error_message());
    cr_assert(vt_read(by_option, weights, 64, VT_F64) && vt_read(by_mask, wanted_weights, 64, VT_F64), "%s",
              vt_error_message());
    for (int64_t i = 0; i < queries * 3; i++) cr_assert(fabs(got[i] - want[i]) < 1e-5);
    for (int64_t i = 0; i < queries * keys; i++) cr_assert(fabs(weights[i] - wanted_weights[i]) < 1e-5);
}

Test(attention, sees_what_its_options_say)
{
    for (int64_t queries = 1; queries <= 5; queries += 2)
        for (int64_t keys = 1; keys <= 7; keys += 2)
            for (int causal = 0; causal < 2; causal++)
                for (int last = 0; last < 2; last++) {
                    compare_with_mask(queries, keys, causal, last, VT_AUTO);
                    for (int64_t window = 1; window <= 9; window += 2)
                        compare_with_mask(queries, keys, causal, last, window);
                }
    vt_shutdown();
}
