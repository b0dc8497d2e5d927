/* test_defaults.c - an option that is left out has its default, one that is given means what it says: 0 is 0. */
#include "left_behind.h"
#include "refused.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <vitro/vitro.h>

TestSuite(defaults, .fini = expect_nothing_left);

static vt_tensor pair(float a, float b)
{
    return vt_from_data(((float[]){ a, b }), VT_SHAPE(1, 2), VT_F32);
}

static void expect(vt_tensor x, double first, double second)
{
    double data[2] = { NAN, NAN };
    cr_assert(vt_read(x, data, 2, VT_F64), "%s", vt_error_message());
    cr_assert(fabs(data[0] - first) < 1e-6 && fabs(data[1] - second) < 1e-6, "%.9g and %.9g, not %.9g and %.9g",
              data[0], data[1], first, second);
}

static void expect_refused(bool refused, const char *text)
{
    cr_assert(refused, "\"%s\" was not refused", text);
    REFUSED(VT_ERROR_ARGUMENT, text);
}

Test(defaults, zero_is_no_eps)
{
    VT_SCOPE;
    vt_tensor tiny = pair(1e-3F, -1e-3F); /* its variance is 1e-6 */
    expect(vt_layer_norm(tiny, .eps = 0), 1, -1);
    expect(vt_layer_norm(tiny), 1 / sqrt(11), -1 / sqrt(11));
    expect(vt_rms_norm(tiny, .eps = 0), 1, -1);
    expect(vt_rms_norm(tiny), 1 / sqrt(11), -1 / sqrt(11));
    vt_tensor channels = vt_reshape(tiny, VT_SHAPE(1, 1, 2));
    expect(vt_group_norm(channels, 1, .eps = 0), 1, -1);
}

Test(defaults, numbers_drawn_may_have_no_width)
{
    VT_SCOPE;
    expect(vt_normal(VT_SHAPE(2), .mean = 3, .std = 0), 3, 3);
    expect(vt_truncated_normal(VT_SHAPE(2), .std = 0), 0, 0);
    expect(vt_uniform(VT_SHAPE(2), .low = 0, .high = 0), 0, 0);
    expect(vt_uniform(VT_SHAPE(2), .low = 2, .high = 2), 2, 2);
}

Test(defaults, axes_that_are_none_are_not_all_of_them)
{
    VT_SCOPE;
    vt_axes none = { .count = 0 };
    expect(vt_sum(pair(3, 5), .axes = none), 3, 5);
    expect(vt_max(pair(3, 5), .axes = none), 3, 5);
    expect(vt_std(pair(3, 5), .axes = none), 0, 0);
    expect(vt_norm(pair(3, -5), .axes = none), 3, 5);
    cr_assert(vt_item(vt_sum(pair(3, 5))) == 8 && vt_item(vt_norm(pair(3, 4))) == 5);
}

Test(defaults, a_matrix_may_have_no_columns)
{
    VT_SCOPE;
    vt_tensor eye = vt_eye(3), thin = vt_eye(3, .columns = 0);
    cr_assert(vt_dim(eye, 1) == 3 && vt_rank(thin) == 2 && vt_dim(thin, 1) == 0);
}

Test(defaults, a_scale_of_0_makes_attention_even)
{
    VT_SCOPE;
    vt_tensor q = vt_from_data(((float[]){ 4 }), VT_SHAPE(1, 1), VT_F32);
    vt_tensor k = vt_from_data(((float[]){ 0, 100 }), VT_SHAPE(2, 1), VT_F32);
    vt_tensor v = vt_from_data(((float[]){ 2, 6, 4, 8 }), VT_SHAPE(2, 2), VT_F32);
    expect(vt_attention(q, k, v, .scale = 0), 3, 7);
    expect(vt_attention(q, k, v), 4, 8);
}

Test(defaults, a_share_of_0_mixes_nothing)
{
    VT_SCOPE;
    vt_tensor images = vt_from_data(((float[]){ 3, 5 }), VT_SHAPE(2, 1, 1, 1), VT_F32);
    vt_tensor targets = vt_eye(2);
    vt_mixed up = vt_mixup(images, targets, .alpha = 0), cut = vt_cutmix(images, targets, .alpha = 0);
    expect(up.images, 3, 5);
    expect(cut.images, 3, 5);
    expect(vt_select(up.targets, 0, 0), 1, 0);
    expect(vt_select(cut.targets, 0, 1), 0, 1);
}

Test(defaults, a_rate_that_falls_by_0_is_0)
{
    cr_assert(vt_step_lr(5, 1, 10, .factor = 0) == 1 && vt_step_lr(15, 1, 10, .factor = 0) == 0);
    cr_assert(fabs(vt_step_lr(15, 1, 10) - 0.1) < 1e-12);
}

/* The running mean behind a batch whose mean is 1. */
static double moved(double momentum, bool given)
{
    VT_SCOPE;
    vt_tensor mean = vt_from_data(((float[]){ 5 }), VT_SHAPE(1), VT_F32);
    vt_tensor var = vt_from_data(((float[]){ 1 }), VT_SHAPE(1), VT_F32);
    vt_tensor x = vt_from_data(((float[]){ 0, 2 }), VT_SHAPE(2, 1), VT_F32);
    vt_set_training(true);
    vt_tensor y = given ? vt_batch_norm(x, mean, var, .momentum = momentum) : vt_batch_norm(x, mean, var);
    vt_set_training(false);
    vt_flush();
    cr_assert(y.id && !vt_failed(), "%s", vt_error_message());
    return vt_item(mean);
}

Test(defaults, a_momentum_of_0_leaves_running_statistics_as_they_are)
{
    cr_assert(fabs(moved(0, true) - 5) < 1e-6);
    cr_assert(fabs(moved(1, true) - 1) < 1e-6);
    cr_assert(fabs(moved(0, false) - 4.6) < 1e-6);
}

enum kind { SGD, ADAM, ADAMW };
enum { DEFAULTS, NO_RATE, NO_DECAY, NO_BETA1 };

static vt_optimizer *optimizer_of(vt_model *m, enum kind kind, int what)
{
    if (kind == SGD) return what == NO_RATE ? vt_sgd(m, .lr = 0) : vt_sgd(m, .lr = 0.5);
    if (kind == ADAM) return what == NO_BETA1 ? vt_adam(m, .lr = 0.5, .beta1 = 0) : vt_adam(m, .lr = 0.5);
    return what == NO_DECAY ? vt_adamw(m, .lr = 0.5, .weight_decay = 0) : vt_adamw(m, .lr = 0.5);
}

/* A parameter of 2 behind two steps, with gradients of 1 and then of -3. */
static double trained(enum kind kind, int what)
{
    vt_model *m = vt_model_new();
    vt_tensor p = vt_parameter(vt_root(m), "weight", VT_SHAPE(1, 1), VT_INIT_CONSTANT, 2);
    vt_optimizer *o = optimizer_of(m, kind, what);
    for (int step = 0; step < 2; step++) {
        VT_SCOPE;
        vt_backward(vt_sum(vt_scale(p, step ? -3 : 1)));
        vt_optimizer_step(o);
    }
    double x = vt_item(p);
    cr_assert(!vt_failed(), "%s", vt_error_message());
    vt_optimizer_free(o);
    vt_model_free(m);
    return x;
}

Test(defaults, optimisers_take_0_for_what_it_is)
{
    cr_assert(fabs(trained(SGD, NO_RATE) - 2) < 1e-6);
    cr_assert(fabs(trained(SGD, DEFAULTS) - 3) < 1e-6);
    double plain = trained(ADAM, DEFAULTS);
    cr_assert(fabs(trained(ADAMW, NO_DECAY) - plain) < 1e-6, "a weight decay of 0 decays");
    cr_assert(fabs(trained(ADAMW, DEFAULTS) - plain) > 1e-3, "the default does not");
    /* With beta1 = 0 each step is along its own gradient: -0.5, then 0.5 * 3 / sqrt(v), v = (0.999 + 9) / 1.999. */
    double want = 2 - 0.5 + 0.5 * 3 / sqrt(9.999 / 1.999);
    cr_assert(fabs(trained(ADAM, NO_BETA1) - want) < 1e-4, "%.9g, not %.9g", trained(ADAM, NO_BETA1), want);
}

/* What is left of the 2 of a parameter of a group behind one step with a gradient of 1, at a rate of 0.5. */
static double trained_in_group(double lr, double weight_decay)
{
    vt_model *m = vt_model_new();
    vt_tensor p = vt_parameter(vt_root(m), "weight", VT_SHAPE(1, 1), VT_INIT_CONSTANT, 2);
    vt_optimizer *o = vt_sgd(m, .lr = 0.5, .weight_decay = 0.25);
    cr_assert(vt_optimizer_group(o, NULL, .lr = lr, .weight_decay = weight_decay) == 1, "%s", vt_error_message());
    {
        VT_SCOPE;
        vt_backward(vt_sum(p));
        vt_optimizer_step(o);
    }
    double x = vt_item(p);
    vt_optimizer_free(o);
    vt_model_free(m);
    return x;
}

Test(defaults, groups_take_0_for_what_it_is)
{
    cr_assert(trained_in_group(0, 0) == 2);
    cr_assert(trained_in_group(0.5, 0) == 1.5);
    cr_assert(trained_in_group(VT_AUTO, VT_AUTO) == 1.25);
}

Test(defaults, what_makes_no_sense_is_refused_by_name)
{
    VT_SCOPE;
    vt_tensor x = pair(1, 2), image = vt_zeros(VT_SHAPE(1, 1, 4, 4)), kernel = vt_zeros(VT_SHAPE(1, 1, 2, 2));
    vt_model *m = vt_model_new();
    vt_parameter(vt_root(m), "weight", VT_SHAPE(1), VT_INIT_CONSTANT, 2);
    expect_refused(!vt_layer_norm(x, .eps = NAN).id, "eps is nan; it must be finite, 0 or more");
    expect_refused(!vt_layer_norm(x, .eps = -1).id, "eps is -1");
    expect_refused(!vt_rms_norm(x, .eps = INFINITY).id, "eps is inf");
    expect_refused(!vt_layer_norm(x, .rank = 0).id, "layer_norm");
    expect_refused(!vt_arange(0, 3, .step = 0).id, "arange");
    expect_refused(!vt_conv2d(image, kernel, .stride = 0).id, "stride 0");
    expect_refused(!vt_normal(VT_SHAPE(2), .std = -1).id, "normal");
    expect_refused(!vt_normal(VT_SHAPE(2), .std = NAN).id, "normal");
    expect_refused(!vt_sgd(m, .lr = NAN), "lr");
    expect_refused(!vt_adam(m, .beta1 = 1), "beta1");
    expect_refused(!vt_conv2d(image, kernel, .stride_hw = { 0, 0 }).id, "stride 0, 0");
    expect_refused(!vt_conv2d(image, kernel, .dilation = 0).id, "dilation 0");
    expect_refused(!vt_conv2d(image, kernel, .groups = 0).id, "groups = 0");
    expect_refused(!vt_max_pool2d(image, 2, .stride = 0).id, "stride 0");
    expect_refused(!vt_avg_pool2d(image, 2, .kernel_hw = { 0, 0 }).id, "kernel");
    expect_refused(!vt_interpolate(image, .height = 0).id, "height is 0; it must be 1 or more");
    expect_refused(!vt_slice(x, 1, 0, 2, .step = 0).id, "step 0");
    expect_refused(!vt_norm(x, .order = 0).id, "order is 0; it must be 1 or 2");
    expect_refused(!vt_huber_loss(x, x, .delta = 0).id, "delta is 0; it must be positive");
    expect_refused(!vt_rearrange(x, "a (b c) -> a b c", .b = 0).id, "the size of b is 0");
    expect_refused(!vt_uniform(VT_SHAPE(2), .low = 2).id, "from 2 to 1");
    expect_refused(!vt_attention(x, x, x, .scale = INFINITY).id, "scale is inf; it must be finite");
    expect_refused(!vt_synthetic_open(true, .limit = 0), "limit is 0; it must be 1 or more");
    vt_optimizer *still = vt_sgd(m, .lr = 0);
    expect_refused(!vt_optimizer_group(still, NULL, .lr = 1),
                   "the optimiser was made with 0, to which it has no ratio");
    vt_optimizer_free(still);
    vt_model_free(m);
}

/* What C++ begins with. */
Test(defaults, structs_of_defaults_are_those_of_the_macros)
{
    VT_SCOPE;
    vt_layer_norm_args norm = vt_layer_norm_defaults();
    cr_assert(norm.rank == 1 && norm.eps == 1e-5);
    norm.x = pair(3, 5);
    norm.at_ = VT_HERE;
    double own[2], macro[2];
    cr_assert(vt_read(vt_layer_norm_with(&norm), own, 2, VT_F64) && vt_read(vt_layer_norm(norm.x), macro, 2, VT_F64));
    cr_assert(memcmp(own, macro, sizeof own) == 0);
    cr_assert(vt_adamw_defaults().weight_decay == 0.01 && vt_adam_defaults().weight_decay == 0);
    cr_assert(vt_conv2d_defaults().stride == 1 && vt_conv2d_defaults().groups == 1);
}
