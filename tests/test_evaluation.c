/* test_evaluation.c - what plans promise of models in evaluation: batch norm goes into the weight of the convolution
 * before it, and what is made of parameters alone is made once, and again when one of them has changed. */
#include "left_behind.h"
#include "numbers.h"
#include "printed.h"
#include "refused.h"
#include "zoo.h"
#include <math.h>
#include <stdlib.h>
#include <vitro/vitro.h>

static void begin(void)
{
    vt_set_device("cpu");
    vt_set_precision(VT_F32);
    vt_set_training(false);
    vt_seed(1);
}

TestSuite(folding, .init = begin, .fini = expect_nothing_left);
TestSuite(once, .init = begin, .fini = expect_nothing_left);

/* -- A convolution and its norm ------------------------------------------------------------------------------------ */

enum { BATCH = 2, CHANNELS = 5, SIZE = 6, COUNT = BATCH * CHANNELS * SIZE * SIZE };

typedef struct layer {
    vt_model *model;
    vt_tensor weight, bias, scale, shift, mean, var;
} layer;

/* Numbers from `low` to `low` + 1 that f32 holds. */
static vt_tensor filled(vt_model *m, const char *name, vt_shape shape, double low)
{
    static uint64_t state = 1;
    double data[COUNT];
    for (int64_t i = 0; i < vt_shape_count(shape); i++) data[i] = low + next_f32(&state);
    vt_tensor x = vt_parameter(vt_root(m), name, shape);
    vt_assign(x, vt_cast(vt_from_data(data, shape, VT_F64), VT_F32));
    vt_flush();
    return x;
}

static layer layer_new(void)
{
    VT_SCOPE;
    vt_model *m = vt_model_new();
    vt_shape channels = VT_SHAPE(CHANNELS);
    return (layer){ .model = m,
                    .weight = filled(m, "weight", VT_SHAPE(CHANNELS, CHANNELS, 3, 3), -0.5),
                    .bias = filled(m, "bias", channels, -0.5),
                    .scale = filled(m, "scale", channels, 0.5),
                    .shift = filled(m, "shift", channels, -0.5),
                    .mean = filled(m, "mean", channels, -0.5),
                    .var = filled(m, "var", channels, 0.25) };
}

static vt_tensor pictures(void)
{
    return vt_normal(VT_SHAPE(BATCH, CHANNELS, SIZE, SIZE));
}

/* The norm's result; what it is of becomes `between`, where that is asked for. */
static vt_tensor forward(const layer *l, vt_tensor x, vt_tensor *between)
{
    vt_tensor y = vt_conv2d(x, l->weight, .bias = l->bias, .padding = 1);
    if (between) *between = y;
    return vt_batch_norm(y, l->mean, l->var, .weight = l->scale, .bias = l->shift);
}

static void read_numbers(vt_tensor x, double *data)
{
    cr_assert(vt_read(x, data, COUNT, VT_F64), "%s", vt_error_message());
}

static void expect_close(const double *got, const double *want, const char *what)
{
    for (int i = 0; i < COUNT; i++)
        cr_assert(fabs(got[i] - want[i]) < 1e-5 * (1 + fabs(want[i])), "%s %d is %.9g, not %.9g", what, i, got[i],
                  want[i]);
}

/* In f64, with nothing folded. */
static void ask_oracle(const layer *l, vt_tensor x, double *y, double *between)
{
    VT_SCOPE;
    vt_tensor of;
    vt_set_device("reference");
    vt_set_pass("all", false);
    vt_tensor normed = forward(l, x, &of);
    if (between) read_numbers(of, between);
    read_numbers(normed, y);
    vt_set_pass("all", true);
    vt_set_device("cpu");
}

static layer printed_layer;

static void run_relu_of_layer(void)
{
    VT_SCOPE;
    double y[COUNT];
    read_numbers(vt_relu(forward(&printed_layer, pictures(), NULL)), y);
}

static void run_layer_read_between(void)
{
    VT_SCOPE;
    double y[COUNT];
    vt_tensor between, z = vt_relu(forward(&printed_layer, pictures(), &between));
    vt_tensor both = vt_add(between, z);
    read_numbers(both, y);
}

static void run_training_step(void)
{
    VT_SCOPE;
    double g[CHANNELS];
    vt_backward(vt_sum(vt_square(forward(&printed_layer, pictures(), NULL))));
    vt_read(vt_grad(printed_layer.scale), g, CHANNELS, VT_F64);
}

static int folded_in(void (*function)(void))
{
    static char text[1 << 16];
    printed_layer = layer_new();
    setenv("VT_LOG", "program", 1);
    printed(function, text, sizeof text);
    unsetenv("VT_LOG");
    vt_model_free(printed_layer.model);
    cr_assert(count_of(text, "= conv2d "), "%s", text);
    return count_of(text, "[5, 5, 3, 3] = mul ");
}

Test(folding, scales_the_weight_in_place_of_the_picture)
{
    cr_assert(folded_in(run_relu_of_layer) == 1);
}

Test(folding, leaves_what_is_read_between)
{
    cr_assert(folded_in(run_layer_read_between) == 0);
}

Test(folding, leaves_a_scale_whose_gradient_is_asked_for)
{
    cr_assert(folded_in(run_training_step) == 0);
}

Test(folding, leaves_training)
{
    vt_set_training(true);
    cr_assert(folded_in(run_relu_of_layer) == 0);
}

Test(folding, gives_the_numbers_of_the_oracle)
{
    layer l = layer_new();
    {
        VT_SCOPE;
        double got[COUNT], want[COUNT], got_between[COUNT], want_between[COUNT];
        vt_tensor between, x = pictures(), y = forward(&l, x, NULL);
        read_numbers(y, got);
        ask_oracle(&l, x, want, want_between);
        expect_close(got, want, "y");
        y = forward(&l, x, &between);
        read_numbers(y, got);
        read_numbers(between, got_between); /* it was not computed, and is now */
        expect_close(got, want, "y");
        expect_close(got_between, want_between, "what the norm is of");
    }
    vt_model_free(l.model);
}

/* A norm in evaluation whose scale is trained, as where a backbone is tuned with its statistics left as they are. */
Test(folding, does_not_change_gradients)
{
    layer l = layer_new();
    {
        VT_SCOPE;
        double got[CHANNELS], want[CHANNELS];
        vt_tensor x = pictures(), y[2] = { 0 };
        for (int i = 0; i < 2; i++) {
            VT_SCOPE;
            vt_set_pass("batch_norm_folding", i == 0);
            y[i] = vt_sum(vt_square(forward(&l, x, NULL)));
            vt_item(y[i]); /* before it is known that a gradient will be taken */
            vt_backward(y[i]);
            vt_read(vt_grad(l.scale), i == 0 ? got : want, CHANNELS, VT_F64);
        }
        for (int i = 0; i < CHANNELS; i++) cr_assert(fabs(got[i] - want[i]) < 1e-4 * fabs(want[i]));
    }
    vt_set_pass("batch_norm_folding", true);
    vt_model_free(l.model);
}

/* -- What is made of parameters alone ------------------------------------------------------------------------------ */

/* Of no elements: there is no memory to keep. */
Test(once, what_is_empty_is_made)
{
    double y[1];
    vt_model *m = vt_model_new();
    vt_tensor empty = vt_parameter(vt_root(m), "empty", VT_SHAPE(0, 3));
    for (int i = 0; i < 2; i++) {
        VT_SCOPE;
        vt_tensor sums = vt_sum(vt_matmul(vt_softmax(empty, 1), vt_normal(VT_SHAPE(3, 2))));
        cr_assert(vt_read(sums, y, 1, VT_F64) && y[0] == 0, "%s", vt_error_message());
    }
    vt_model_free(m);
}

Test(once, follows_a_parameter_that_is_written)
{
    layer l = layer_new();
    for (int step = 0; step < 6; step++) {
        VT_SCOPE;
        double got[COUNT], want[COUNT];
        vt_tensor x = pictures();
        read_numbers(forward(&l, x, NULL), got);
        ask_oracle(&l, x, want, NULL);
        expect_close(got, want, "y");
        if (step == 1) vt_assign(l.scale, vt_scale(l.scale, 2));
        if (step == 3) vt_write(l.mean, ((float[CHANNELS]){ 1, -1, 2, -2, 3 }));
    }
    vt_model_free(l.model);
}

/* What runs once may be made of a result alone, which is made in every run: the first run makes both. */
Test(once, begins_with_what_is_read_as_well)
{
    vt_set_precision(VT_BF16);
    vt_model *m = vt_model_new();
    {
        VT_SCOPE;
        double squares[12], spread[16];
        const int64_t places[] = { 2, 1, 6, 0, 3, 7, 0, 2, 1, 3, 4, 5 };
        vt_tensor w = vt_parameter(vt_root(m), "w", VT_SHAPE(1, 2, 3, 2), .value = 0.5);
        vt_tensor square = vt_mul(w, w), index = vt_from_data(places, VT_SHAPE(1, 2, 3, 2), VT_I64);
        vt_tensor y = vt_max_unpool2d(vt_softsign(square), index, 2, 4);
        vt_read(square, squares, 12, VT_F64);
        cr_assert(vt_read(y, spread, vt_count(y), VT_F64), "%s", vt_error_message());
        cr_assert(fabs(spread[0] - squares[0] / (1 + squares[0])) < 1e-2, "%g", spread[0]);
    }
    vt_model_free(m);
    vt_set_precision(VT_F32);
}

/* Each step gives scale and mean what is made of the other as it was: here, and there in plain C. */
Test(once, follows_parameters_that_the_same_plan_writes)
{
    layer l = layer_new();
    double scale[CHANNELS], mean[CHANNELS], got[CHANNELS];
    vt_read(l.scale, scale, CHANNELS, VT_F64);
    vt_read(l.mean, mean, CHANNELS, VT_F64);
    for (int step = 0; step < 4; step++) {
        VT_SCOPE;
        vt_tensor less = vt_sub(vt_scale(l.mean, 0.5), vt_scale(l.scale, 0.25));
        vt_assign(l.scale, vt_add(vt_scale(l.scale, 0.5), vt_scale(l.mean, 0.25)));
        vt_assign(l.mean, less);
        vt_read(l.scale, got, CHANNELS, VT_F64);
        for (int i = 0; i < CHANNELS; i++) {
            const double was = scale[i];
            scale[i] = 0.5 * was + 0.25 * mean[i];
            mean[i] = 0.5 * mean[i] - 0.25 * was;
            cr_assert(fabs(got[i] - scale[i]) < 1e-6, "step %d: %.9g, not %.9g", step, got[i], scale[i]);
        }
    }
    vt_model_free(l.model);
}

Test(once, follows_from_model_to_model)
{
    layer l[] = { layer_new(), layer_new() };
    for (int step = 0; step < 6; step++) {
        VT_SCOPE;
        double got[COUNT], want[COUNT];
        vt_tensor x = pictures();
        read_numbers(forward(&l[step / 2 % 2], x, NULL), got);
        ask_oracle(&l[step / 2 % 2], x, want, NULL);
        expect_close(got, want, "y");
    }
    for (int i = 0; i < 2; i++) vt_model_free(l[i].model);
}

static int64_t reserved(void)
{
    return vt_statistics_get().reserved_bytes;
}

static void classify(classifier *net, int64_t batch)
{
    VT_SCOPE;
    float data[10 * 4];
    vt_read(classifier_forward(net, vt_normal(VT_SHAPE(batch, 3, 32, 32))), data, 40, VT_F32);
    cr_assert(!vt_failed(), "%s", vt_error_message());
}

/* What is kept is part of what a plan takes. */
Test(once, is_within_a_limit_of_memory)
{
    classifier *net = classifier_new("resnet18_cifar");
    classify(net, 4); /* draws the weights */
    int64_t there = vt_statistics_get().live_bytes;
    vt_set_memory_limit(there + there / 2);
    {
        VT_SCOPE;
        float data[40];
        vt_read(classifier_forward(net, vt_normal(VT_SHAPE(4, 3, 32, 32))), data, 40, VT_F32);
    }
    REFUSED(VT_ERROR_MEMORY, "a step takes at least");
    vt_set_memory_limit(0);
    classifier_free(net);
}

Test(once, holds_the_memory_of_one_plan_until_the_model_ends)
{
    classifier *net = classifier_new("resnet18_cifar");
    int64_t weights = 4 * vt_model_parameter_count(net->model);
    for (int64_t batch = 4; batch > 0; batch--) classify(net, batch);
    int64_t held = reserved();
    for (int64_t batch = 4; batch > 0; batch--) classify(net, batch);
    cr_assert(reserved() <= held && held > 2 * weights);
    classifier_free(net);
    {
        VT_SCOPE;
        vt_item(vt_sum(vt_normal(VT_SHAPE(2))));
    }
    cr_assert(reserved() < held - weights / 2);
}
