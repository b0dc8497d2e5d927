/* test_plan.c - what plans promise: a step is planned once and replayed, with what it is bound to and what its leaves
 * hold now; the same results eagerly, and with any pass off; memory that is neither lost nor used twice. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/level.h"
#include "core/plan/memory_plan.h"
#include "left_behind.h"
#include "printed.h"
#include "sanitized.h"
#include "tested_device.h"
#include "zoo.h"
#include "refused.h"
#include "numbers.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

static vt_dtype precision(void)
{
    return device_computes_f64() ? VT_F64 : VT_F32;
}

static void begin(void)
{
    vt_set_device(tested_device());
    vt_set_precision(precision());
    vt_set_training(true);
    vt_seed(1);
}

/* How far rounding takes apart what is computed in another order. */
static double rounding(double in_f64, double in_f32)
{
    return device_computes_f64() ? in_f64 : in_f32;
}

/* A leaf of that precision. */
static vt_tensor leaf(const double *numbers, vt_shape shape)
{
    if (precision() == VT_F64) return vt_from_data(numbers, shape, VT_F64);
    float data[512];
    int64_t count = vt_shape_count(shape);
    cr_assert(count <= (int64_t)(sizeof data / sizeof *data));
    for (int64_t i = 0; i < count; i++) data[i] = (float)numbers[i];
    return vt_from_data(data, shape, VT_F32);
}

#define SUITE(name) TestSuite(name, .init = begin, .fini = expect_nothing_left)
SUITE(cache);
SUITE(passes);
SUITE(programs);
SUITE(steps);

/* -- The cache ----------------------------------------------------------------------------------------------------- */

static double product_of(double a, double b, int64_t count)
{
    VT_SCOPE;
    vt_tensor x = vt_full(VT_SHAPE(count), a), y = vt_full(VT_SHAPE(count), b);
    double *data = calloc((size_t)count, sizeof *data);
    cr_assert(data);
    for (int64_t i = 0; i < count; i++) data[i] = (double)i;
    vt_tensor z = leaf(data, VT_SHAPE(count));
    free(data);
    return vt_item(vt_sum(vt_mul(vt_mul(x, y), vt_exp(vt_neg(z)))));
}

Test(cache, the_second_step_of_a_shape_finds_its_plan)
{
    product_of(1, 2, 8);
    vt_statistics before = vt_statistics_get();
    product_of(1, 2, 8);
    vt_statistics after = vt_statistics_get();
    cr_assert(after.plan_misses == before.plan_misses && after.plan_hits == before.plan_hits + 1);
    product_of(1, 2, 9);
    cr_assert(vt_statistics_get().plan_misses == after.plan_misses + 1);
    product_of(1, 2, 8);
    cr_assert(vt_statistics_get().plan_misses == after.plan_misses + 1);
}

Test(cache, an_attribute_is_part_of_the_key)
{
    double small = product_of(1, 2, 8), large = product_of(1, 4, 8);
    cr_assert(large == 2 * small);
}

Test(cache, more_plans_than_it_holds_are_made_again)
{
    double first = product_of(1, 2, 1);
    for (int64_t count = 1; count < 300; count++) product_of(1, 2, count);
    cr_assert(product_of(1, 2, 1) == first);
}

Test(cache, a_setting_is_part_of_the_key)
{
    product_of(1, 2, 8);
    int64_t misses = vt_statistics_get().plan_misses;
    vt_set_pass("dead_code", false);
    product_of(1, 2, 8);
    cr_assert(vt_statistics_get().plan_misses == misses + 1);
    vt_set_pass("dead_code", true);
    bool threaded = context_get()->device->threads() > 1; /* without OpenMP there is one */
    vt_set_threads(1);
    product_of(1, 2, 8);
    cr_assert(vt_statistics_get().plan_misses == misses + 1 + threaded);
}

Test(cache, replay_reads_what_the_leaves_hold_now)
{
    VT_SCOPE;
    vt_tensor x = leaf((double[]){ 1, 2, 3 }, VT_SHAPE(3));
    for (int step = 0; step < 3; step++) {
        VT_SCOPE;
        double want = 6 + 3 * step;
        cr_assert(vt_item(vt_sum(x)) == want);
        vt_assign(x, vt_shift(x, 1));
    }
    cr_assert(vt_statistics_get().plan_misses == 2);
}

static void run_two_shapes(void)
{
    product_of(1, 2, 8);
    product_of(1, 2, 8);
    product_of(1, 2, 9);
}

Test(cache, a_miss_is_explained_where_it_is_asked_for)
{
    static char text[4096];
    printed(run_two_shapes, text, sizeof text);
    cr_assert(text[0] == 0, "%s", text);
    vt_shutdown();
    setenv("VT_LOG", "plan", 1);
    printed(run_two_shapes, text, sizeof text);
    const char *first = strstr(text, "new: "), *second = first ? strstr(first + 1, "new: ") : NULL;
    cr_assert(second && !strstr(second + 1, "new: "), "not two plans: %s", text);
    cr_assert(strstr(second, "op 0, full at ") && strstr(second, "test_plan.c:"), "%s", text);
}

/* -- Passes -------------------------------------------------------------------------------------------------------- */

/* The gradients of a linear layer's parameters, and of another whose bias is summed over columns. */
static void run_linear_gradients(void)
{
    VT_SCOPE;
    double data[20];
    vt_tensor g[4], x = vt_normal(VT_SHAPE(7, 5)), weight = vt_normal(VT_SHAPE(4, 5)), bias = vt_normal(VT_SHAPE(4));
    vt_tensor y = vt_linear(x, weight, .bias = bias), column = vt_normal(VT_SHAPE(7, 1));
    vt_tensor z = vt_add(vt_linear(x, weight), column);
    const vt_tensor of_y[] = { weight, bias }, of_z[] = { weight, column };
    vt_gradients(y, vt_normal(VT_SHAPE(7, 4)), of_y, 2, g);
    vt_gradients(z, vt_normal(VT_SHAPE(7, 4)), of_z, 2, g + 2);
    vt_read(g[0], data, 20, VT_F64);
}

/* What VT_LOG=program tells of a run. */
static const char *program_of(void (*run)(void))
{
    static char text[1 << 16];
    setenv("VT_LOG", "program", 1);
    printed(run, text, sizeof text);
    unsetenv("VT_LOG");
    return text;
}

Test(passes, gradients_of_weight_and_bias_are_one_op)
{
    vt_set_device("cpu");
    const char *text = program_of(run_linear_gradients);
    cr_assert(count_of(text, "= linear_gradient") == 1 && count_of(text, "= matmul") == 1, "%s", text);
}

/* Of a residual block, whose result is read twice. */
static void run_residual_gradient(void)
{
    VT_SCOPE;
    float zeros[3] = { 0 }, ones[3] = { 1, 1, 1 };
    double data[96];
    vt_tensor g[2], x = vt_normal(VT_SHAPE(2, 3, 4, 4)), shortcut = vt_normal(VT_SHAPE(2, 3, 4, 4));
    vt_tensor mean = vt_from_data(zeros, VT_SHAPE(3), VT_F32), var = vt_from_data(ones, VT_SHAPE(3), VT_F32);
    vt_tensor y = vt_relu(vt_add(vt_batch_norm(x, mean, var), shortcut));
    const vt_tensor of[] = { x, shortcut };
    vt_tensor z = vt_matmul(y, vt_normal(VT_SHAPE(4, 4))), w = vt_matmul(y, vt_normal(VT_SHAPE(4, 4)));
    vt_gradients(vt_sub(z, w), vt_normal(VT_SHAPE(2, 3, 4, 4)), of, 2, g);
    vt_read(g[0], data, 96, VT_F64);
    vt_read(g[1], data, 96, VT_F64);
}

Test(passes, the_gradients_of_a_residual_block_are_summed_in_its_norm)
{
    vt_set_device("cpu");
    vt_set_precision(VT_F32);
    const char *text = program_of(run_residual_gradient);
    cr_assert(count_of(text, "= batch_norm_add_relu_gradient") == 1 && count_of(text, "= add") == 0, "%s", text);
}

/* Reads the gradients of x [2, 32, 5, 6], of weight and of bias, one after another. */
enum { GROUPED_X = 2 * 32 * 5 * 6, GROUPED_MOST = GROUPED_X + 32 * 32 * 9 + 32 };
static double grouped_read[GROUPED_MOST];

static void read_convolution_gradients(int groups, bool biased)
{
    VT_SCOPE;
    vt_seed(3);
    vt_tensor g[3], of[] = { vt_normal(VT_SHAPE(2, 32, 5, 6)), vt_normal(VT_SHAPE(32, 32 / groups, 3, 3)),
                             vt_normal(VT_SHAPE(32)) };
    vt_tensor y = vt_conv2d(of[0], of[1], .bias = biased ? of[2] : VT_INERT, .padding = 1, .groups = groups);
    vt_gradients(y, vt_normal(VT_SHAPE(2, 32, 5, 6)), of, biased ? 3 : 2, g);
    for (int i = 0, at = 0; i < (biased ? 3 : 2); i++) {
        int64_t count = vt_shape_count(vt_shape_of(g[i]));
        vt_read(g[i], grouped_read + at, count, VT_F64);
        at += (int)count;
    }
}

static void run_depth_wise(void)
{
    read_convolution_gradients(32, true);
}

static void run_depth_wise_without_bias(void)
{
    read_convolution_gradients(32, false);
}

static void run_grouped(void)
{
    read_convolution_gradients(8, true);
}

/* The convolution of run_depth_wise. */
static const convolution depth_wise = { .batch = 2,
                                        .channels = 32,
                                        .size = { 5, 6 },
                                        .outputs = 32,
                                        .output = { 5, 6 },
                                        .kernel = { 3, 3 },
                                        .stride = { 1, 1 },
                                        .padding = { 1, 1 },
                                        .dilation = { 1, 1 },
                                        .groups = 32 };

Test(passes, the_gradients_of_a_depth_wise_convolution_are_one_step_where_that_pays)
{
    static double fused[GROUPED_MOST];
    void (*const runs[])(void) = { run_depth_wise, run_depth_wise_without_bias, run_grouped };
    vt_set_device("cpu");
    const bool pays = level_kernels()->depth_wise_gradients_pay(&depth_wise, 2); /* with vectors of 64 bytes */
    vt_set_precision(VT_F32);
    for (int i = 0; i < 3; i++) {
        const char *text = program_of(runs[i]);
        cr_assert(count_of(text, "= conv2d_gradients") == (i < 2 && pays), "%s", text);
        memcpy(fused, grouped_read, sizeof fused);
        vt_set_pass("convolution_gradients", false);
        cr_assert(count_of(program_of(runs[i]), "= conv2d_gradients") == 0);
        vt_set_pass("convolution_gradients", true);
        for (int k = 0; k < GROUPED_MOST; k++) cr_assert(fabs(fused[k] - grouped_read[k]) <= 1e-4);
    }
    setenv("VT_BF16", "emulate", 1);
    vt_set_precision(VT_BF16);
    const char *text = program_of(run_depth_wise);
    cr_assert(count_of(text, "= conv2d_gradients") == 0, "factors are rounded, sums are not: %s", text);
}

/* Of attention with a bias that stays as it is, and with one that is trained. */
static void run_attention_gradients(void)
{
    VT_SCOPE;
    double data[24];
    vt_tensor g[3], x = vt_normal(VT_SHAPE(2, 3, 4)), bias[] = { vt_normal(VT_SHAPE(3, 3)), vt_normal(VT_SHAPE(3, 3)) };
    for (int i = 0; i < 2; i++) {
        vt_tensor y = vt_attention(x, x, x, .bias = bias[i]);
        const vt_tensor of[] = { x, bias[i] };
        vt_gradients(y, vt_normal(VT_SHAPE(2, 3, 4)), of, i + 1, g + i);
    }
    vt_read(g[0], data, 24, VT_F64);
    vt_read(g[2], data, 9, VT_F64);
}

Test(passes, a_gradient_of_attentions_bias_that_nobody_reads_is_not_computed)
{
    vt_set_device("cpu");
    const char *text = program_of(run_attention_gradients);
    cr_assert(count_of(text, "= attention_gradient") == 1 && count_of(text, "= attention_bias_gradient") == 1, "%s",
              text);
}

static void run_cct_step(void)
{
    VT_SCOPE;
    classifier *net = classifier_new("cct_2_3x2_32", .depth = 1);
    vt_optimizer *adamw = vt_adamw(net->model);
    vt_tensor labels = vt_zeros(VT_SHAPE(2), .dtype = VT_I64);
    vt_backward(vt_cross_entropy(classifier_forward(net, vt_normal(VT_SHAPE(2, 3, 32, 32))), labels));
    vt_optimizer_step(adamw);
    vt_flush();
    vt_optimizer_free(adamw);
    classifier_free(net);
}

Test(passes, attention_of_a_model_that_drops_weights_is_one_op)
{
    vt_set_precision(VT_F32);
    const char *text = program_of(run_cct_step);
    cr_assert(count_of(text, "= attention_dropout ") == 1 && count_of(text, "= attention_dropout_gradient ") == 1 &&
                  count_of(text, "= dropout ") == 0 && count_of(text, "= attention_weights ") == 0,
              "%s", text);
}

static void run_product_and_sum(void)
{
    VT_SCOPE;
    float data[6] = { 1, 2, 3, 4, 5, 6 }, read[2];
    vt_tensor a = vt_from_data(data, VT_SHAPE(2, 3), VT_F32), b = vt_from_data(data, VT_SHAPE(3, 2), VT_F32);
    vt_read(vt_sum(vt_matmul(a, b), .axes = VT_AXES(1)), read, 2, VT_F32);
}

/* VT_LOG=program */
Test(passes, leave_a_program_that_is_told_of)
{
    cr_assert_str_eq(program_of(run_product_and_sum), "vitro program: 0: 2[2, 2] = matmul leaf 0[2, 3] leaf 1[3, 2]\n"
                                                      "vitro program: 1: 3[2]! = sum 2[2, 2]\n");
}

Test(passes, have_names_that_turn_them_off_and_on)
{
    context *c = context_get();
    vt_set_pass("all", true);
    int count = 0;
    for (; vt_pass_name(count); count++) {
        vt_set_pass(vt_pass_name(count), false);
        cr_assert(c->passes_off == (uint64_t)1 << count);
        vt_set_pass(vt_pass_name(count), true);
        cr_assert(c->passes_off == 0);
    }
    cr_assert(count > 5 && !vt_pass_name(-1));
    vt_set_pass("all", false);
    cr_assert(c->passes_off == ((uint64_t)1 << count) - 1);
    vt_set_pass("no such pass", true);
    REFUSED(VT_ERROR_ARGUMENT, "no pass \"no such pass\"");
}

/* A node that has run. */
static const node *node_that_ran(void)
{
    vt_tensor y = vt_neg(vt_full(VT_SHAPE(2), 1));
    vt_read(y, (double[2]){ 0 }, 2, VT_F64);
    return value_of(context_get(), y)->producer;
}

/* What an op makes of its own result: no pass may leave that. */
Test(passes, what_is_read_before_it_is_made_is_an_error)
{
    context *c = context_get();
    VT_SCOPE;
    const node *n = node_that_ran();
    program p = { .memory = { .block = NULL } };
    int t = program_add_term(&p, (spec){ VT_F32, VT_SHAPE(2) });
    instruction *i = program_add(&p, n->op, 1, 1);
    i->in[0] = i->out[0] = t;
    i->source = n->number;
    program_index(&p);
    cr_assert(!program_is_in_order(&p, c));
    cr_assert(strstr(vt_error_message(), "neg: the plan reads input 0 before it is made") &&
                  strstr(vt_error_message(), "test_plan.c:"),
              "%s", vt_error_message());
    vt_error_clear();
    i->in[0] = NO_TERM;
    program_index(&p);
    cr_assert(program_is_in_order(&p, c));
    p.terms[program_add_term(&p, (spec){ VT_F32, VT_SHAPE(2) })].result = true;
    cr_assert(!program_is_in_order(&p, c) && strstr(vt_error_message(), "the plan does not make a result"));
    vt_error_clear();
    arena_free(&p.memory);
}

/* A step that reads what is written by the next one. */
Test(passes, memory_that_is_read_before_it_is_written_is_an_error)
{
    context *c = context_get();
    VT_SCOPE;
    const node *n = node_that_ran();
    storage storages[] = { { .kind = STORAGE_WORK, .bytes = 16, .first = 0, .last = 1 } };
    array a = array_contiguous(NULL, VT_F64, VT_SHAPE(2));
    step steps[] = { { .call = { .op = n->op, .inputs = 1, .in = &a }, .storage = (int[]){ 0 }, .source = n->number },
                     { .call = { .op = n->op, .outputs = 1, .in = &a }, .storage = (int[]){ 0 } } };
    plan p = { .steps = steps, .step_count = 2, .storages = storages, .storage_count = 1 };
    cr_assert(!plan_memory(&p, c));
    REFUSED(VT_ERROR_UNSUPPORTED, "neg: the plan reads input 0 where nothing has been written");
    arena_free(&p.program.memory);
    p = (plan){ .steps = (step[]){ steps[1], steps[0] }, .step_count = 2, .storages = storages, .storage_count = 1 };
    cr_assert(plan_memory(&p, c) && p.work_bytes == c->device->alignment);
    arena_free(&p.program.memory);
}

/* The first use of the library in a process, which is when the environment is looked at. */
static void expect_refusal(const char *variable, const char *value, const char *message)
{
    setenv(variable, value, 1);
    context_get();
    REFUSED(VT_ERROR_ARGUMENT, message);
}

Test(environment, names_a_pass_that_it_does_not_know)
{
    expect_refusal("VT_PASSES", "none,softmaks", "VT_PASSES: no pass \"softmaks\"");
}

Test(environment, names_a_mode_that_it_does_not_know)
{
    expect_refusal("VT_MODE", "eagre", "VT_MODE is \"eagre\"");
}

Test(environment, turns_passes_off_word_by_word)
{
    setenv("VT_PASSES", "none,-in_place,all", 1);
    cr_assert(context_get()->passes_off == 0 && !vt_failed());
}

/* -- Random programs: planned, eager, and with passes off
 * --------------------------------------------------------------
 */

/* On a GPU the last of the replays is a launch of the whole. */
enum { PROGRAMS = 2000, RUNS = 4, OPS = 40, LEAVES = 3, ROWS = 3, COLUMNS = 4, MAX_LIVE = 64 };

typedef struct generator {
    uint64_t state;
} generator;

static int pick(generator *g, int count)
{
    return (int)next_below(&g->state, (uint64_t)count);
}

/* Every tensor is [ROWS, COLUMNS]; ops in between may have other shapes. */
static vt_tensor random_op(generator *g, vt_tensor a, vt_tensor b)
{
    switch (pick(g, 13)) {
    case 0: return vt_add(a, b);
    case 1: return vt_mul(a, vt_tanh(b));
    case 2: return vt_relu(vt_add(a, b));
    case 3: return vt_permute(vt_reshape(a, VT_SHAPE(COLUMNS, ROWS)), VT_AXES(1, 0));
    case 4: return vt_slice(vt_concat(((vt_tensor[]){ a, b }), 2, 1), 1, 2, 2 + COLUMNS);
    case 5: return vt_matmul(vt_tanh(a), vt_matmul(b, vt_tanh(a), .transpose_a = true));
    case 6: return vt_softmax(a, -1);
    case 7: return vt_gelu(vt_affine(a, 0.5, 0.125));
    case 8: return vt_add(a, vt_expand(vt_slice(b, 0, 0, 1), VT_SHAPE(ROWS, COLUMNS)));
    case 9: return vt_layer_norm(vt_add(a, b));
    case 10: return vt_flip(vt_sub(a, b), VT_AXES(1));
    case 11: return vt_dropout(a, 0.25);
    default: return vt_square(vt_tanh(a));
    }
}

static void read_into(double *all, size_t *count, vt_tensor x)
{
    if (vt_read(x, all + *count, ROWS * COLUMNS, VT_F64)) *count += ROWS * COLUMNS;
}

/* Runs program number `seed`; all that it reads, and what its leaves hold in the end, goes into `all`. */
static size_t run_program(uint64_t seed, double *all)
{
    generator g = { seed };
    size_t count = 0;
    VT_SCOPE;
    vt_seed(seed);
    vt_tensor live[MAX_LIVE];
    for (int i = 0; i < LEAVES; i++) {
        double data[ROWS * COLUMNS];
        for (int k = 0; k < ROWS * COLUMNS; k++) data[k] = (double)pick(&g, 1000) / 500 - 1;
        live[i] = leaf(data, VT_SHAPE(ROWS, COLUMNS));
        vt_set_trainable(live[i], i == 0);
    }
    int made = LEAVES;
    for (int i = 0; i < OPS && !vt_failed(); i++) {
        vt_tensor a = live[pick(&g, made)], b = live[pick(&g, made)];
        int kind = pick(&g, 30);
        if (kind == 0)
            vt_assign(live[1 + pick(&g, LEAVES - 1)], vt_tanh(a));
        else if (kind == 1 && made < MAX_LIVE)
            live[made++] = vt_reshape(live[1], VT_SHAPE(ROWS, COLUMNS)); /* a view that later updates leave alone */
        else if (kind < 4)
            read_into(all, &count, vt_neg(vt_detach(live[made - 1])));
        else if (made < MAX_LIVE)
            live[made++] = random_op(&g, a, b);
    }
    for (int i = 0; i < made && !vt_failed(); i++) read_into(all, &count, live[i]);
    return count;
}

/* Some programs read a value late, after an update of what it was computed from: that is an error in any mode, which
 * ends them, though not always at the same place. */
static bool run_or_refuse(uint64_t seed, double *all, size_t *count)
{
    *count = run_program(seed, all);
    bool refused = vt_failed();
    if (refused) cr_assert(strstr(vt_error_message(), "updated"), "%s", vt_error_message());
    vt_error_clear();
    return !refused;
}

static void expect_same(uint64_t seed, const char *how, const double *got, const double *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_assert(fabs(got[i] - want[i]) <= rounding(1e-11, 1e-3) * (1 + fabs(want[i])),
                  "program %llu, %s: number %zu is %.17g, not %.17g", (unsigned long long)seed, how, i, got[i],
                  want[i]);
}

Test(programs, give_the_same_planned_replayed_eagerly_and_without_passes)
{
    static double want[(OPS + MAX_LIVE) * ROWS * COLUMNS], got[(OPS + MAX_LIVE) * ROWS * COLUMNS];
    /* CUDA's kernels on the host are slow, as is what sanitizers watch; both have random programs of their own. */
    int compared = 0, programs = SANITIZED || !device_computes_f64() ? PROGRAMS / 5 : PROGRAMS;
    for (uint64_t seed = 1; seed <= (uint64_t)programs; seed++) {
        size_t count, other;
        vt_set_eager(true);
        bool ok = run_or_refuse(seed, want, &count);
        vt_set_eager(false);
        for (int again = 0; again < RUNS; again++) {
            if (!run_or_refuse(seed, got, &other) || !ok) continue;
            cr_assert(other == count);
            expect_same(seed, again ? "replayed" : "planned", got, want, count);
            compared++;
        }
        vt_set_pass("all", false);
        if (run_or_refuse(seed, got, &other) && ok) expect_same(seed, "without passes", got, want, count);
        vt_set_pass("all", true);
    }
    cr_assert(compared > programs / 2, "only %d of the programs say anything", compared);
}

/* -- Training steps ------------------------------------------------------------------------------------------------ */

enum { STEPS = 2, BATCH = 4, SIZE = 32 };

typedef struct training {
    double loss[STEPS], sum;
} training;

static vt_tensor pictures(void)
{
    return vt_normal(VT_SHAPE(BATCH, 3, SIZE, SIZE));
}

static vt_tensor labels(void)
{
    return vt_from_data(((int64_t[]){ 1, 3, 0, 2 }), VT_SHAPE(BATCH), VT_I64);
}

/* A few steps with a learning rate that changes; the sum of the parameters tells where they ended. */
static training train(const char *name, bool dropout)
{
    training t = { .sum = 0 };
    bool is_vit = strncmp(name, "vit", 3) == 0;
    vt_seed(5);
    classifier *net =
        classifier_new(name, .classes = 10, .depth = is_vit ? 2 : VT_AUTO, .dropout = dropout ? VT_AUTO : 0);
    cr_assert(net, "%s", vt_error_message());
    vt_optimizer *adamw = vt_adamw(net->model, .lr = 1e-3);
    for (int step = 0; step < STEPS; step++) {
        VT_SCOPE;
        vt_tensor loss = vt_cross_entropy(classifier_forward(net, pictures()), labels(), .label_smoothing = 0.1);
        vt_backward(loss);
        vt_optimizer_set_lr(adamw, 1e-3 / (1 + step));
        vt_clip_gradients(adamw, 1);
        vt_optimizer_step(adamw);
        t.loss[step] = vt_item(loss);
    }
    for (int i = 0; i < vt_model_size(net->model); i++) {
        VT_SCOPE;
        vt_tensor x = vt_cast(vt_model_entry(net->model, i).tensor, precision());
        t.sum += vt_item(vt_sum(vt_square(x)));
    }
    cr_assert(!vt_failed(), "%s", vt_error_message());
    vt_optimizer_free(adamw);
    classifier_free(net);
    return t;
}

static const char *const nets[] = { "vit_nano_patch4_32", "resnet18_cifar" };

static void expect_close(const char *net, const char *how, const training *got, const training *want, double limit)
{
    for (int i = 0; i < STEPS; i++)
        cr_assert(fabs(got->loss[i] - want->loss[i]) <= limit * fabs(want->loss[i]),
                  "%s, %s: loss %d is %.17g, not %.17g", net, how, i, got->loss[i], want->loss[i]);
    cr_assert(fabs(got->sum - want->sum) <= limit * want->sum, "%s, %s: parameters' sum is %.17g, not %.17g", net, how,
              got->sum, want->sum);
}

static void compare_modes(const char *net, bool dropout, double limit)
{
    training want = train(net, dropout);
    vt_set_eager(true);
    training eager = train(net, dropout);
    vt_set_eager(false);
    vt_set_pass("all", false);
    training plain = train(net, dropout);
    vt_set_pass("all", true);
    expect_close(net, "eager", &eager, &want, limit);
    expect_close(net, "without passes", &plain, &want, limit);
    cr_assert(want.loss[0] != want.loss[1]);
}

Test(steps, of_the_vit_are_the_same_eagerly_and_without_passes)
{
    compare_modes(nets[0], true, rounding(1e-9, 1e-3));
}

Test(steps, of_the_resnet_are_the_same_eagerly_and_without_passes)
{
    vt_set_precision(VT_F32);
    compare_modes(nets[1], false, 2e-3);
}

Test(steps, are_the_same_with_any_one_pass_off)
{
    training want = train(nets[0], false);
    for (int i = 0; vt_pass_name(i); i++) {
        vt_set_pass(vt_pass_name(i), false);
        training got = train(nets[0], false);
        vt_set_pass(vt_pass_name(i), true);
        expect_close(nets[0], vt_pass_name(i), &got, &want, rounding(1e-9, 1e-3));
    }
}

Test(steps, repeat_bit_for_bit)
{
    vt_set_precision(VT_F32);
    for (int i = 0; i < 2; i++) {
        training a = train(nets[i], false), b = train(nets[i], false);
        cr_assert(memcmp(&a, &b, sizeof a) == 0, "%s", nets[i]);
    }
}

/* A GPU has one more to come, which is captured. */
Test(steps, allocate_nothing_from_the_second_on)
{
    int settled = device_computes_f64() ? 1 : 2;
    vt_set_precision(VT_F32);
    classifier *net = classifier_new(nets[0], .classes = 10);
    vt_optimizer *adamw = vt_adamw(net->model, .lr = 1e-3);
    vt_statistics first = { 0 };
    for (int step = 0; step < settled + 3; step++) {
        VT_SCOPE;
        vt_tensor loss = vt_cross_entropy(classifier_forward(net, pictures()), labels());
        vt_backward(loss);
        vt_optimizer_step(adamw);
        vt_item(loss);
        vt_statistics now = vt_statistics_get();
        if (step == settled) first = now;
        cr_assert(step <= settled ||
                  (now.reserved_bytes == first.reserved_bytes && now.plan_misses == first.plan_misses));
    }
    vt_optimizer_free(adamw);
    classifier_free(net);
}

/* A leaf for what changes, as examples/lion.c has it. */
static void sign_descent(const vt_model *model, double lr)
{
    vt_tensor rate = leaf(&lr, VT_SCALAR);
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_tensor p = vt_model_entry(model, i).tensor;
        vt_assign(p, vt_sub(p, vt_mul(rate, vt_sign(vt_grad(p)))));
    }
}

/* How many plans three steps take beyond that of the first, whose learning rate is 0. */
static int64_t later_plans(bool in_plain_ops)
{
    classifier *net = classifier_new(nets[0], .classes = 10, .depth = 1, .dropout = 0);
    vt_optimizer *adamw = vt_adamw(net->model);
    int64_t misses = 0;
    for (int step = 0; step < 4; step++) {
        VT_SCOPE;
        if (step == 1) misses = vt_statistics_get().plan_misses;
        vt_tensor loss = vt_cross_entropy(classifier_forward(net, pictures()), labels());
        vt_backward(loss);
        vt_optimizer_set_lr(adamw, 1e-3 * step);
        if (in_plain_ops)
            sign_descent(net->model, 1e-3 * step);
        else
            vt_optimizer_step(adamw);
        vt_item(loss);
    }
    cr_assert(!vt_failed(), "%s", vt_error_message());
    vt_optimizer_free(adamw);
    classifier_free(net);
    return vt_statistics_get().plan_misses - misses;
}

Test(steps, of_any_optimiser_are_planned_once)
{
    int64_t plans = later_plans(false);
    cr_assert(plans == 0, "%lld plans", (long long)plans);
    plans = later_plans(true);
    cr_assert(plans == 0, "%lld plans of an optimiser in plain ops", (long long)plans);
}

/* -- bf16 ---------------------------------------------------------------------------------------------------------- */

Test(steps, in_bf16_are_those_of_f32_but_for_its_rounding)
{
    setenv("VT_BF16", "emulate", 1);
    for (int i = 0; i < 2; i++) {
        vt_set_precision(VT_F32);
        training want = train(nets[i], false);
        vt_set_precision(VT_BF16);
        training got = train(nets[i], false);
        double off = fabs(got.loss[0] - want.loss[0]) / want.loss[0]; /* later ones drift apart */
        cr_assert(off > 0 && off < 0.01, "%s: the loss is %.9g, in f32 %.9g", nets[i], got.loss[0], want.loss[0]);
    }
    vt_set_precision(VT_F32);
}

/* The bias is the running mean as well, which is updated between the norm and its gradient. */
Test(passes, a_gradient_reads_the_bias_that_the_norm_has_read)
{
    static const char *const without[] = { "elementwise_chain", "in_place", "batch_norm_relu" };
    vt_set_device("cpu");
    vt_set_precision(VT_F64);
    vt_set_training(true);
    for (int i = -1; i < 3; i++) {
        vt_model *model = vt_model_new();
        vt_tensor both = vt_parameter(vt_root(model), "both", VT_SHAPE(1), .value = 2.220703125);
        if (i >= 0) vt_set_pass(without[i], false);
        {
            VT_SCOPE;
            vt_tensor x = vt_from_data(((double[]){ -0.5283203125, -0.421875 }), VT_SHAPE(2, 1, 1), VT_F64);
            vt_tensor var = vt_from_data(((double[]){ 0.4404296875 }), VT_SHAPE(1), VT_F64);
            vt_tensor weight = vt_from_data(((double[]){ -1.6435546875 }), VT_SHAPE(1), VT_F64);
            double dx[2];
            vt_set_trainable(x, true);
            vt_backward(vt_sum(vt_relu(vt_batch_norm(x, both, var, .weight = weight, .bias = both, .momentum = 0.25))));
            cr_assert(vt_read(vt_grad(x), dx, 2, VT_F64), "%s", vt_error_message());
            cr_assert(fabs(dx[0]) < 1e-9 && fabs(dx[1]) < 1e-9, "%g and %g, where both are above 0", dx[0], dx[1]);
        }
        if (i >= 0) vt_set_pass(without[i], true);
        vt_model_free(model);
    }
    vt_set_training(false);
    vt_set_precision(VT_F32);
}
