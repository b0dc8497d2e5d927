/* test_running_statistics.c - batch norm moves its running statistics where it makes the moments of the batch, with the
 * bits that they have when they are moved by themselves; and it does not where that would read or write too early. */
#include "core/plan/program.h"
#include "ops/list.h"
#include "ops/normalization.h"
#include "passes/fuse.h"
#include "left_behind.h"
#include "printed.h"
#include "resnet.h"
#include "tested_device.h"
#include "zoo.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

static void begin(void)
{
    vt_set_device(tested_device());
    vt_set_training(true);
}

TestSuite(programs, .init = begin, .fini = expect_nothing_left);
TestSuite(runs, .init = begin, .fini = expect_nothing_left);

/* -- Programs of three instructions: a norm, another, and the running statistics ----------------------------------- */

enum { X, MEAN, VAR, WEIGHT, OTHER, LEAVES, Y = LEAVES, BATCH_MEAN, BATCH_VAR, RESULT };

static instruction *add_instruction(program *p, const op *op, const int *in, int inputs, const int *out, int outputs)
{
    instruction *i = program_add(p, op, inputs, outputs);
    memcpy(i->in, in, (size_t)inputs * sizeof *in);
    if (outputs) memcpy(i->out, out, (size_t)outputs * sizeof *out);
    return i;
}

/* In between: an op of one input that gives RESULT, or an effect on the first of two. */
static program program_with(const op *between, const int *in, int weight)
{
    static const batch_norm_attributes norm = { .eps = 1e-5 };
    static const running_statistics_attributes running = { .momentum = 0.1, .correction = 1 };
    program p = { .memory = { .block = NULL } };
    for (int t = 0; t <= RESULT; t++) {
        const bool of_channels = t != X && t != Y && t != BATCH_MEAN;
        program_add_term(&p, (spec){ VT_F32, of_channels ? VT_SHAPE(3) : VT_SHAPE(2, 3) });
        if (t < LEAVES) p.terms[t].leaf = p.leaves++;
    }
    instruction *i =
        add_instruction(&p, &op_batch_norm, (int[]){ X, weight, NO_TERM }, 3, (int[]){ Y, BATCH_MEAN, BATCH_VAR }, 3);
    i->attributes = &norm;
    i->attributes_size = sizeof norm;
    add_instruction(&p, between, in, between->writes ? 2 : 1, (int[]){ RESULT }, !between->writes);
    i = add_instruction(&p, &op_running_statistics, (int[]){ MEAN, VAR, BATCH_MEAN, BATCH_VAR, NO_TERM }, 5, NULL, 0);
    i->attributes = &running;
    i->attributes_size = sizeof running;
    program_index(&p);
    return p;
}

static void expect_fused(const op *between, const int *in, int weight, bool fused)
{
    program p = program_with(between, in, weight);
    fuse_batch_norm_tracking(&p);
    program_compact(&p);
    cr_assert(p.count == (fused ? 2 : 3), "%s: %d instructions", between->name, p.count);
    cr_assert(p.instructions[p.count - 2].op == between);
    cr_assert(p.instructions[p.count - 1].op == (fused ? &op_batch_norm_tracking : &op_running_statistics));
    arena_free(&p.memory);
}

Test(programs, what_lies_between_stays_before)
{
    expect_fused(&op_neg, (int[]){ X }, WEIGHT, true);
    expect_fused(&op_neg, (int[]){ MEAN }, WEIGHT, true);
    expect_fused(&op_assign, (int[]){ OTHER, WEIGHT }, WEIGHT, true);
    expect_fused(&op_assign, (int[]){ VAR, OTHER }, WEIGHT, true);
}

Test(programs, a_norm_that_is_read_before_stays)
{
    expect_fused(&op_neg, (int[]){ Y }, WEIGHT, false);
    expect_fused(&op_neg, (int[]){ BATCH_VAR }, WEIGHT, false);
}

Test(programs, a_norm_stays_before_what_overwrites_its_inputs)
{
    expect_fused(&op_assign, (int[]){ X, OTHER }, WEIGHT, false);
    expect_fused(&op_assign, (int[]){ WEIGHT, OTHER }, WEIGHT, false);
    expect_fused(&op_neg, (int[]){ X }, MEAN, false);
}

/* -- Runs ---------------------------------------------------------------------------------------------------------- */

enum { CHANNELS = 3, MOST = 1024 };

/* What the last run has left, one after another. */
static float seen[MOST];
static int64_t seen_count;

static void see(vt_tensor x)
{
    const int64_t count = vt_count(x);
    cr_assert(seen_count + count <= MOST && vt_read(x, seen + seen_count, count, VT_F32), "%s", vt_error_message());
    seen_count += count;
}

static vt_tensor numbers(vt_shape shape, int seed)
{
    float data[MOST];
    for (int64_t i = 0; i < vt_shape_count(shape); i++) data[i] = (float)((i + seed) * 37 % 17 + 1) / 8;
    return vt_from_data(data, shape, VT_F32);
}

typedef struct statistics {
    vt_tensor mean, var, batches;
} statistics;

static statistics statistics_new(int seed)
{
    const int64_t batches = seed;
    return (statistics){ numbers(VT_SHAPE(CHANNELS), seed), numbers(VT_SHAPE(CHANNELS), seed + 1),
                         vt_from_data(&batches, VT_SCALAR, VT_I64) };
}

static vt_tensor norm(vt_tensor x, statistics s, vt_tensor weight, vt_tensor bias)
{
    return vt_batch_norm(x, s.mean, s.var, .num_batches_tracked = s.batches, .weight = weight, .bias = bias);
}

static void see_statistics(statistics s)
{
    see(s.mean);
    see(s.var);
    see(s.batches);
}

/* Alone, before a ReLU, and with a shortcut before it; with their gradients. */
static void run_each_norm(void)
{
    VT_SCOPE;
    vt_tensor dx[3], x = numbers(VT_SHAPE(2, CHANNELS, 5, 4), 2);
    vt_tensor weight = numbers(VT_SHAPE(CHANNELS), 3), bias = numbers(VT_SHAPE(CHANNELS), 4);
    statistics s[3];
    for (int i = 0; i < 3; i++) s[i] = statistics_new(5 + i);
    vt_tensor y = norm(x, s[0], weight, bias);
    y = vt_relu(norm(vt_square(y), s[1], weight, VT_INERT));
    y = vt_relu(vt_add(norm(vt_square(y), s[2], VT_INERT, bias), x));
    const vt_tensor by[] = { x, weight, bias };
    vt_gradients(y, numbers(vt_shape_of(y), 1), by, 3, dx);
    for (int i = 0; i < 3; i++) see(dx[i]);
    for (int i = 0; i < 3; i++) see_statistics(s[i]);
    see(y);
}

/* The first moves what the second moves on. */
static void run_two_norms_in_turn(void)
{
    VT_SCOPE;
    statistics s = statistics_new(1);
    vt_tensor x = numbers(VT_SHAPE(4, CHANNELS), 2);
    see(norm(vt_square(norm(x, s, VT_INERT, VT_INERT)), s, VT_INERT, VT_INERT));
    see_statistics(s);
}

/* Two norms of one input, which are computed as one. */
static void run_one_norm_for_two(void)
{
    VT_SCOPE;
    statistics s[] = { statistics_new(1), statistics_new(2) };
    vt_tensor x = numbers(VT_SHAPE(4, CHANNELS), 2);
    see(vt_add(norm(x, s[0], VT_INERT, VT_INERT), norm(x, s[1], VT_INERT, VT_INERT)));
    for (int i = 0; i < 2; i++) see_statistics(s[i]);
}

static void run_weight_that_is_the_mean(void)
{
    VT_SCOPE;
    statistics s = statistics_new(1);
    see(norm(numbers(VT_SHAPE(4, CHANNELS), 2), s, s.mean, VT_INERT));
    see_statistics(s);
}

static void run_bias_that_is_a_view_of_the_variance(void)
{
    VT_SCOPE;
    statistics s = statistics_new(1);
    see(norm(numbers(VT_SHAPE(4, CHANNELS), 2), s, VT_INERT, vt_detach(s.var)));
    see_statistics(s);
}

static void run_input_that_is_a_view_of_the_mean(void)
{
    VT_SCOPE;
    statistics s = statistics_new(1);
    see(norm(vt_expand(vt_reshape(s.mean, VT_SHAPE(1, CHANNELS)), VT_SHAPE(4, CHANNELS)), s, VT_INERT, VT_INERT));
    see_statistics(s);
}

static void run_resnet(void)
{
    VT_SCOPE;
    const resnet_config config = { .common = { .height = 8, .width = 8, .channels = 3, .classes = 4 },
                                   .width = 4,
                                   .depths = { 2, 2, 2, 2 },
                                   .small_stem = true };
    vt_seed(1);
    classifier *net = classifier_new_of(&resnet_family, &config);
    vt_tensor loss = vt_cross_entropy(classifier_forward(net, vt_normal(VT_SHAPE(2, 3, 8, 8))),
                                      vt_zeros(VT_SHAPE(2), .dtype = VT_I64));
    vt_backward(loss);
    see(loss);
    see(vt_model_find(net->model, "layer4.1.bn2.running_var"));
    classifier_free(net);
}

static const char *program_of(void (*run)(void))
{
    static char text[1 << 18];
    seen_count = 0;
    setenv("VT_LOG", "program", 1);
    printed(run, text, sizeof text);
    unsetenv("VT_LOG");
    return text;
}

/* How many are moved with a norm, and how many alone; and in both ways the same bits. */
static void expect_moved(void (*run)(void), int with_norm, int alone)
{
    float bits[MOST];
    const char *text = program_of(run);
    cr_assert(count_of(text, " = batch_norm_tracking ") == with_norm, "%s", text);
    cr_assert(count_of(text, " = running_statistics ") == alone, "%s", text);
    memcpy(bits, seen, sizeof bits);
    vt_set_pass("batch_norm_tracking", false);
    text = program_of(run);
    cr_assert(count_of(text, " = batch_norm_tracking ") == 0, "%s", text);
    vt_set_pass("batch_norm_tracking", true);
    cr_assert(memcmp(bits, seen, (size_t)seen_count * sizeof *seen) == 0);
}

Test(runs, move_them_with_every_norm)
{
    expect_moved(run_each_norm, 3, 0);
    expect_moved(run_two_norms_in_turn, 2, 0);
    expect_moved(run_resnet, 20, 0);
}

Test(runs, move_those_of_one_where_a_norm_has_two)
{
    expect_moved(run_one_norm_for_two, 1, 1);
}

Test(runs, move_them_behind_a_norm_that_reads_them)
{
    expect_moved(run_weight_that_is_the_mean, 0, 1);
    expect_moved(run_bias_that_is_a_view_of_the_variance, 0, 1);
    expect_moved(run_input_that_is_a_view_of_the_mean, 0, 1);
}

/* Also one that is far off. */
Test(runs, move_them_alone_within_a_limit_of_memory)
{
    vt_set_memory_limit(1 << 30);
    expect_moved(run_each_norm, 0, 3);
    vt_set_memory_limit(0);
}
