/* test_steps.cpp - what steps of training are made of on this device: ops that have kernels of their own are not taken
 * apart, and nothing is launched beside them. */
#include <criterion/criterion.h> /* before the toolkit has words of its own */
#include "../left_behind.h"
#include <cuda_runtime.h>
#include <nvtx3/nvToolsExt.h>
#include <stdlib.h>

static void init()
{
    setenv("VT_STRICT", "1", 1);
    setenv("VT_NVTX", "1", 1); /* names what is queued */
    vt_set_training(true);
    vt_set_device("cuda");
    cr_assert(!vt_failed(), "%s", vt_error_message());
}

static void fini()
{
    expect_nothing_left();
}

TestSuite(steps, .init = init, .fini = fini);

enum { MOST = 2048 };

static vt_tensor numbers(vt_shape shape)
{
    float data[MOST];
    for (int i = 0; i < vt_shape_count(shape); i++) data[i] = (float)(i * 37 % 17 - 8) / 8;
    return vt_from_data(data, shape, VT_F32);
}

/* Computes the gradients of y by what it was made of, and what was recorded besides. */
static void differentiate(vt_tensor y, const vt_tensor *by, int count)
{
    vt_tensor gradients[4];
    float data[MOST];
    vt_gradients_at(VT_HERE, y, numbers(vt_shape_of(y)), by, count, gradients);
    for (int i = 0; i < count; i++)
        cr_assert(vt_read(gradients[i], data, vt_count(gradients[i]), VT_F32), "%s", vt_error_message());
}

/* Whether what has run since the test began is of all these ops. */
static void expect_ops(std::initializer_list<const char *> wanted)
{
    std::string all;
    for (const std::string &name : on_host::ranges.names) all += " " + name.substr(0, name.find(' ')) + "\n";
    for (const char *op : wanted)
        cr_assert(all.find(std::string(" ") + op + "\n") != std::string::npos, "no %s, but\n%s", op, all.c_str());
}

/* -- Attention ----------------------------------------------------------------------------------------------------- */

enum { HEADS = 2, TOKENS = 6, CHANNELS = 4 };

static void attend(double dropout, bool has_bias)
{
    vt_scope scope = vt_scope_begin();
    const vt_shape shape = { 3, { HEADS, TOKENS, CHANNELS } };
    const vt_tensor in[] = { numbers(shape), numbers(shape), numbers(shape),
                             numbers({ 3, { HEADS, TOKENS, TOKENS } }) };
    vt_attention_args a = vt_attention_defaults();
    a.at_ = VT_HERE;
    a.q = in[0];
    a.k = in[1];
    a.v = in[2];
    if (has_bias) a.bias = in[3];
    a.dropout = dropout;
    differentiate(vt_attention_with(&a), in, has_bias ? 4 : 3);
    vt_scope_end(&scope);
}

Test(steps, attend_in_one_kernel)
{
    attend(0, false);
    expect_ops({ "attention", "attention_gradient" });
}

Test(steps, attend_with_a_bias_in_one_kernel)
{
    attend(0, true);
    expect_ops({ "attention", "attention_bias_gradient" });
}

Test(steps, attend_with_dropout_in_one_kernel)
{
    attend(0.25, false);
    expect_ops({ "attention_dropout", "attention_dropout_gradient" });
}

Test(steps, attend_with_dropout_and_a_bias_in_one_kernel)
{
    attend(0.25, true);
    expect_ops({ "attention_dropout", "attention_dropout_bias_gradient" });
}

/* -- Convolutions -------------------------------------------------------------------------------------------------- */

static void convolve(int channels, int groups)
{
    vt_scope scope = vt_scope_begin();
    const vt_tensor in[] = { numbers({ 4, { 2, channels, 5, 5 } }),
                             numbers({ 4, { channels, channels / groups, 3, 3 } }) };
    vt_conv2d_args a = vt_conv2d_defaults();
    a.at_ = VT_HERE;
    a.x = in[0];
    a.weight = in[1];
    a.groups = groups;
    differentiate(vt_conv2d_with(&a), in, 2);
    expect_ops({ "conv2d", "conv2d_input_gradient", "conv2d_weight_gradient" });
    vt_scope_end(&scope);
}

static void expect_launches(int by_element, int by_product)
{
    int elements = 0;
    for (const char *name : { "see_x", "see_gradient", "add_pixels" }) elements += on_host::launches_of(name);
    const int products = on_host::launches_of("correlate");
    cr_assert(elements == by_element && products == by_product, "%d and %d", elements, products);
}

Test(steps, convolve_small_groups_element_by_element)
{
    convolve(8, 8);
    expect_launches(3, 0);
}

Test(steps, convolve_large_groups_by_products)
{
    convolve(16, 2);
    expect_launches(0, 3);
}

/* -- Norms --------------------------------------------------------------------------------------------------------- */

/* Three kernels compute the norm, move its running statistics and count the batch, and three compute its gradient. x
 * lies as they read it. */
Test(steps, norm_batches_in_six_kernels)
{
    vt_scope scope = vt_scope_begin();
    const vt_shape channels = { 1, { CHANNELS } };
    const vt_tensor in[] = { numbers({ 2, { TOKENS, CHANNELS } }), numbers(channels), numbers(channels) };
    vt_batch_norm_args a = vt_batch_norm_defaults();
    a.at_ = VT_HERE;
    a.x = in[0];
    a.weight = in[1];
    a.bias = in[2];
    a.running_mean = numbers(channels);
    a.running_var = numbers(channels);
    const int64_t batches = 3;
    a.num_batches_tracked = vt_from_data(&batches, (vt_shape{}), VT_I64);
    differentiate(vt_batch_norm_with(&a), in, 3);
    expect_ops({ "batch_norm_tracking", "batch_norm_gradient" });
    cr_assert(on_host::launches_of("") == 6, "%d launches", on_host::launches_of(""));
    vt_scope_end(&scope);
}
