/* test_aliasing.c - one tensor in several places: what is computed of it is what two tensors with its values give. */
#include "core/context.h"
#include "left_behind.h"
#include <criterion/criterion.h>
#include <math.h>
#include <vitro/vitro.h>

TestSuite(second_order, .fini = expect_nothing_left);
TestSuite(fused, .fini = expect_nothing_left);

enum { D = 4 };

static vt_tensor leaf(double first, double step)
{
    float data[D];
    for (int i = 0; i < D; i++) data[i] = (float)(first + step * i + 0.25 * (i % 2));
    vt_tensor x = vt_from_data(data, VT_SHAPE(D), VT_F32);
    vt_set_trainable(x, true);
    return x;
}

/* What a program computes, the last element first: its result, and the gradients of two leaves. */
typedef vt_tensor program(vt_tensor a, vt_tensor b);

static void measure(program *p, bool eager, double out[3 * D])
{
    vt_set_eager(eager);
    VT_SCOPE;
    vt_tensor a = leaf(-1, 0.5), b = leaf(0.75, -0.25), y = p(a, b);
    vt_backward(vt_sum(vt_mul(y, leaf(0.5, 0.375))));
    vt_tensor all[] = { y, vt_grad(a), vt_grad(b) };
    for (int i = 0; i < 3; i++) {
        if (!all[i].id) continue;
        cr_assert(vt_read(all[i], out + i * D, D, VT_F64), "%s", vt_error_message());
    }
}

/* A plan, and its passes in particular, against one op after another. */
static void expect_planned_as_eager(program *p)
{
    double planned[3 * D] = { 0 }, eager[3 * D] = { 0 };
    measure(p, true, eager);
    measure(p, false, planned);
    for (int i = 0; i < 3 * D; i++)
        cr_assert(fabs(planned[i] - eager[i]) <= 1e-5 * (1 + fabs(eager[i])), "element %d is %.9g planned, %.9g eager",
                  i, planned[i], eager[i]);
}

static vt_tensor norm_with_the_sum_as_bias(vt_tensor a, vt_tensor b)
{
    vt_tensor s = vt_add(a, b);
    return vt_layer_norm(s, .bias = s);
}

static vt_tensor norm_with_the_sum_as_weight(vt_tensor a, vt_tensor b)
{
    vt_tensor s = vt_add(a, b);
    return vt_layer_norm(s, .weight = s);
}

static vt_tensor norm_with_x_as_weight(vt_tensor a, vt_tensor b)
{
    return vt_add(vt_layer_norm(a, .weight = a), b);
}

Test(fused, the_sum_before_a_layer_norm_may_be_its_weight_or_bias)
{
    expect_planned_as_eager(norm_with_the_sum_as_bias);
    expect_planned_as_eager(norm_with_the_sum_as_weight);
    expect_planned_as_eager(norm_with_x_as_weight);
}

/* -- The gradient of a gradient, by a decomposition: a tensor counts once for each place, not once for each pair --- */

static vt_tensor attention_of_one(const vt_tensor *in, void *user)
{
    (void)user;
    return vt_attention(in[0], in[0], in[0]);
}

static vt_tensor attention_of_two(const vt_tensor *in, void *user)
{
    (void)user;
    return vt_attention(in[0], in[0], in[1]);
}

static vt_tensor norms_weighted_by_x(const vt_tensor *in, void *user)
{
    (void)user;
    return vt_add(vt_rms_norm(in[0], .weight = in[0]), vt_layer_norm(in[0], .weight = in[0], .bias = in[0]));
}

static void expect_gradients(vt_function function, vt_shape shape)
{
    vt_set_device("reference");
    vt_set_precision(VT_F64);
    VT_SCOPE;
    vt_tensor in[2] = { vt_normal(shape), vt_normal(shape) };
    cr_assert(vt_gradcheck(function, in, 2, .second_order = true), "%s", vt_error_message());
}

Test(second_order, of_attention_among_one_sequence)
{
    expect_gradients(attention_of_one, VT_SHAPE(1, 2, 3, 2));
    expect_gradients(attention_of_two, VT_SHAPE(1, 2, 3, 2));
}

Test(second_order, of_norms_whose_weight_is_x)
{
    expect_gradients(norms_weighted_by_x, VT_SHAPE(3));
}
