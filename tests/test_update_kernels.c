/* test_update_kernels.c - a device's kernels of updates and of clipping, called as a plan calls them, on many tensors
 * of many sizes. They are compared with the CPU's in f64. What they compute is in cases/effect.c. */
#include "device_call.h"
#include "ops/effect.h"
#include "ops/update.h"
#include <math.h>

enum { TENSORS = 230 };

/* Among them none, sizes about a block's share, and many small ones. */
static int64_t count_of(int tensor)
{
    static const int64_t counts[] = { 0, 1, 3, 4, 5, 1023, 1024, 2047, 2048, 2049, 4096, 16383, 16384, 16385, 40000 };
    const int special = sizeof counts / sizeof *counts;
    return tensor % 10 == 0 && tensor / 10 < special ? counts[tensor / 10] : tensor * 37 % 101;
}

typedef struct subject {
    const op *op;
    const void *attributes;
    int arrays;   /* of each tensor, among the inputs */
    int numbers;  /* inputs before them: f64 */
    bool norm;    /* an input before them, of their dtype */
    bool results; /* an output for each */
    bool total;   /* one output */
    int squares;  /* which of the arrays is a mean of squares, at least `least`; 0: none */
    double least;
} subject;

static array make_array(vt_dtype dtype, int64_t count)
{
    void *data = calloc((size_t)count + 1, vt_dtype_size(dtype));
    cr_assert(data);
    return array_contiguous(data, dtype, VT_SHAPE(count));
}

static device_call call_of(const subject *s, vt_dtype dtype, int tensors, int shift)
{
    device_call c = { .op = s->op, .attributes = s->attributes, .shift = shift };
    c.arrays = calloc((size_t)((s->arrays + 1) * tensors + 4), sizeof *c.arrays);
    cr_assert(c.arrays);
    for (int i = 0; i < s->numbers + s->norm; i++) {
        array *made = &c.arrays[c.inputs++];
        *made = array_contiguous(calloc(1, sizeof(double)), s->norm ? dtype : VT_F64, VT_SCALAR);
        cr_assert(made->data);
        array_set(made, 0, s->norm || i == UPDATE_NUMBER ? 3 : 0.125);
    }
    int first = c.inputs;
    for (int t = 0; t < tensors; t++)
        for (int a = 0; a < s->arrays; a++) {
            array *made = &c.arrays[c.inputs++];
            *made = make_array(dtype, count_of(t));
            bool squares = a == s->squares && a > 0;
            fill_array(made, squares ? s->least : -1, squares ? s->least + 1 : 1, (uint64_t)(c.inputs - first));
        }
    for (int t = 0; s->results && t < tensors; t++) c.arrays[c.inputs + c.outputs++] = make_array(dtype, count_of(t));
    if (s->total) c.arrays[c.inputs + c.outputs++] = make_array(dtype, 1);
    return c;
}

static void end(device_call *c)
{
    for (int i = 0; i < c->inputs + c->outputs; i++) free(c->arrays[i].data);
    free(c->arrays);
}

static void test(const subject *s, int tensors, int shift)
{
    device_call want = call_of(s, VT_F64, tensors, shift), got = call_of(s, VT_F32, tensors, shift);
    device_call again = call_of(s, VT_F32, tensors, shift);
    run_on("cpu", &want);
    run_on(tested_device(), &got);
    run_on(tested_device(), &again);
    for (int i = 0; i < got.inputs + got.outputs; i++) {
        const array *x = &got.arrays[i], *y = &want.arrays[i];
        for (int64_t k = 0; k < vt_shape_count(x->shape); k++)
            cr_assert(fabs(array_get(x, k) - array_get(y, k)) <= 1e-6 * fmax(1, fabs(array_get(y, k))),
                      "%s, %d tensors, array %d, element %lld: %.9g, not %.9g", s->op->name, tensors, i, (long long)k,
                      array_get(x, k), array_get(y, k));
        cr_assert(memcmp(x->data, again.arrays[i].data, bytes_of_array(x)) == 0, "%s: other bits the second time",
                  s->op->name);
    }
    end(&want);
    end(&got);
    end(&again);
}

static void test_subject(subject s)
{
    test(&s, TENSORS, 0);
    test(&s, TENSORS, 1);
    test(&s, 1, 0); /* of no elements */
    test(&s, 2, 0);
}

/* Of the arrays of a parameter, `squares` is a mean of squares, at least `least`. */
static void test_rule(const update_rule *rule, const void *attributes, int squares, double least)
{
    test_subject(
        (subject){ rule->op, attributes, 2 + rule->states, rule->scalars, .squares = squares, .least = least });
}

Test(update, sgd)
{
    sgd_attributes a = { .lr_ratio = 2, .momentum = 0.9, .weight_decay = 0.125 };
    test_rule(&rule_sgd, &a, 0, 0);
    test_rule(&rule_sgd_momentum, &a, 0, 0);
    a.nesterov = true;
    test_rule(&rule_sgd_momentum, &a, 0, 0);
}

Test(update, adam)
{
    adam_attributes a = { .lr_ratio = 2, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-3, .weight_decay = 0.125 };
    for (int decoupled = 0; decoupled < 2; decoupled++) {
        a.decoupled = decoupled;
        test_rule(&rule_adam, &a, 3, 0);
        test_rule(&rule_amsgrad, &a, 3, 0);
    }
}

/* Squares far above the square of the average: where the variance is near 0, its root has few digits. */
Test(update, rmsprop)
{
    rmsprop_attributes a = { .lr_ratio = 2, .alpha = 0.75, .eps = 1e-3, .weight_decay = 0.125, .momentum = 0.5 };
    test_rule(&rule_rmsprop, &a, 2, 0);
    test_rule(&rule_rmsprop_momentum, &a, 2, 0);
    test_rule(&rule_rmsprop_centered, &a, 2, 2);
    test_rule(&rule_rmsprop_centered_momentum, &a, 2, 2);
}

Test(clipping, global_norm)
{
    test_subject((subject){ &op_global_norm, NULL, .arrays = 1, .total = true });
}

Test(clipping, clip)
{
    test_subject((subject){ &op_clip, &(clip_attributes){ 0.5 }, .arrays = 1, .norm = true, .results = true });
    test_subject((subject){ &op_clip, &(clip_attributes){ 50 }, .arrays = 1, .norm = true, .results = true });
}
