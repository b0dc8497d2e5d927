/* test_ops.c - every sample of every op: results against the f64 reference, gradients against central differences. */
#include "cases/measure.h"
#include "sanitized.h"
#include "tested_device.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- What runs now, for the report of a crash ---------------------------------------------------------------------- */

static char now[256];

static void crumb(int signal_number)
{
    (void)!write(STDERR_FILENO, now, strlen(now));
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void begin(void)
{
    const int signals[] = { SIGSEGV, SIGFPE, SIGBUS, SIGABRT };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], crumb);
}

static void name_test(const char *op, const char *what, const op_sample *s, const char *variant)
{
    snprintf(now, sizeof now, "%s, %s, sample \"%s\"%s%s\n", op, what, s->name, *variant ? ", " : "", variant);
}

/* -- Results ------------------------------------------------------------------------------------------------------- */

static void expect_measured(const result *r)
{
    cr_assert(r->data && !vt_failed(), "%s: %s", now, vt_error_message());
}

static void expect_close(const op_sample *s, const result *got, const result *want, vt_dtype dtype)
{
    char a[128], b[128];
    cr_assert(vt_shape_equal(got->shape, want->shape), "%s: shape %s, reference %s", now, vt_shape_text(got->shape, a),
              vt_shape_text(want->shape, b));
    int64_t count = vt_shape_count(want->shape);
    double scale = 1, epsilon = dtype == VT_F64 ? DBL_EPSILON : FLT_EPSILON;
    for (int64_t i = 0; i < count; i++)
        if (isfinite(want->data[i])) scale = fmax(scale, fabs(want->data[i]));
    double c = s->tolerance > 0 ? s->tolerance : 8, terms = s->terms > 0 ? s->terms : 1;
    double limit = vt_dtype_is_float(want->dtype) ? c * epsilon * sqrt(terms) * scale : 0;
    for (int64_t i = 0; i < count; i++) {
        double x = got->data[i], y = want->data[i];
        bool equal = x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= limit;
        cr_assert(equal, "%s: element %lld is %.17g, reference %.17g, limit %g", now, (long long)i, x, y, limit);
    }
}

/* -- The tests: of each op, over its samples ----------------------------------------------------------------------- */

/* Those behind MAIN_SETTINGS show other numbers, of kernels that run in these too: not for a sanitizer to see. */
enum { MAIN_SETTINGS = 3 };
static const setting settings[] = {
    { "f32", NULL, VT_F32, false, false, false },
    { "f64", NULL, VT_F64, false, false, false },
    { "f32 permuted", NULL, VT_F32, true, false, false },
    { "f32 decomposed", NULL, VT_F32, false, true, false },
    { "reference f64 permuted", "reference", VT_F64, true, false, false },
    { "f64 permuted", NULL, VT_F64, true, false, false },
    { "f32 eager", NULL, VT_F32, false, false, true },
    { "reference f64 decomposed", "reference", VT_F64, false, true, false },
};
/* The oracle's results for the same inputs are others. */
static const setting zeros_settings[] = {
    { "f32 with zeros", NULL, VT_F32, .zeros = true },
    { "f32 permuted, with zeros", NULL, VT_F32, .permuted = true, .zeros = true },
    { "f64 with zeros", NULL, VT_F64, .zeros = true },
};
static const setting zeros_oracle = { "reference with zeros", "reference", VT_F64, .zeros = true };
#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* The reference backend is the same wherever this is run. */
static bool is_left_to_the_plain_run(const setting *u)
{
    return u->device && (getenv("VT_TEST_DEVICE") || getenv("VT_CPU"));
}

static void hold_to(const setting *truth, const setting *list, size_t count, const char *op, const char *what,
                    const op_sample *s, measure *measured)
{
    name_test(op, what, s, truth->name);
    result want = measured(s, truth);
    expect_measured(&want);
    for (const setting *u = list; u < list + count; u++) {
        if (is_left_to_the_plain_run(u) || (u->permuted && s->one_layout)) continue;
        if (u->eager && s->not_finite) continue;
        if (!u->device && u->dtype == VT_F64 && !device_computes_f64()) continue;
        name_test(op, what, s, u->name);
        result got = measured(s, u);
        /* A weight that is a running statistic too, say, is no longer what it was when its gradient is asked for. */
        if (u->second && !got.data && strstr(vt_error_message(), "was updated before vt_backward")) {
            vt_error_clear();
            continue;
        }
        expect_measured(&got);
        expect_close(s, &got, &want, u->dtype);
        free(got.data);
    }
    free(want.data);
}

static void compare(const char *op, const char *what, const op_sample *s, measure *measured)
{
    hold_to(&oracle, settings, SANITIZED ? MAIN_SETTINGS : LENGTH(settings), op, what, s, measured);
    if (!SANITIZED) hold_to(&zeros_oracle, zeros_settings, LENGTH(zeros_settings), op, what, s, measured);
}

/* -- One tensor in two places -------------------------------------------------------------------------------------- */

enum { ONE_TENSOR_SETTINGS = 6 };

static void one_tensor_settings(int first, int second, setting *list)
{
    const setting one[ONE_TENSOR_SETTINGS] = {
        { "reference f64, one tensor", "reference", VT_F64, .first = first, .second = second },
        { "f32, one tensor", NULL, VT_F32, .first = first, .second = second },
        { "f64, one tensor", NULL, VT_F64, .first = first, .second = second },
        { "f32 eager, one tensor", NULL, VT_F32, .eager = true, .first = first, .second = second },
        { "f32 decomposed, one tensor", NULL, VT_F32, .decomposed = true, .first = first, .second = second },
        { "f32 permuted, one tensor", NULL, VT_F32, .permuted = true, .first = first, .second = second },
    };
    memcpy(list, one, sizeof one);
}

typedef void check_pair(const char *op, const char *what, const op_sample *s, int first, int second, measure *measured);

/* Each two places where one tensor may be, of a sample. */
static void for_each_pair(const char *op, const char *what, const op_sample *s, measure *measured, check_pair *check)
{
    for (int second = 2; second <= MAX_SAMPLE_INPUTS && s->in[second - 1].kind != INPUT_END; second++)
        for (int first = 1; first < second; first++)
            if (may_be_one(s, first, second)) check(op, what, s, first, second, measured);
}

static setting two_equal(int first, int second)
{
    return (setting){
        "reference, two equal inputs", "reference", VT_F64, .first = first, .second = second, .copies = true
    };
}

/* As two that are equal. */
static void compare_pair(const char *op, const char *what, const op_sample *s, int first, int second, measure *measured)
{
    setting one[ONE_TENSOR_SETTINGS], two = two_equal(first, second);
    one_tensor_settings(first, second, one);
    hold_to(&two, one, ONE_TENSOR_SETTINGS, op, what, s, measured);
}

static void expect_refused_pair(const char *op, const char *what, const op_sample *s, int first, int second)
{
    setting one[ONE_TENSOR_SETTINGS];
    one_tensor_settings(first, second, one);
    for (const setting *u = one; u < one + ONE_TENSOR_SETTINGS; u++) {
        if (!u->device && u->dtype == VT_F64 && !device_computes_f64()) continue;
        name_test(op, what, s, u->name);
        result got = measure_effect(s, u);
        cr_assert(!got.data && strstr(vt_error_message(), "both are overwritten"), "%s: accepted, or: %s", now,
                  vt_error_message());
        vt_error_clear();
    }
}

static bool is_refused_on_reference(const op_sample *s, int first, int second)
{
    setting one[ONE_TENSOR_SETTINGS];
    one_tensor_settings(first, second, one);
    result r = measure_effect(s, &one[0]);
    bool refused = vt_failed();
    free(r.data);
    vt_error_clear();
    return refused;
}

/* What an op overwrites in two places has no meaning. What it overwrites in one and reads in another, it reads as it
 * was. Several ops in turn are held to the reference in f64. */
static void compare_effect_pair(const char *op, const char *what, const op_sample *s, int first, int second,
                                measure *measured)
{
    setting one[ONE_TENSOR_SETTINGS], two = two_equal(first, second);
    unsigned pair = 1u << (first - 1) | 1u << (second - 1);
    one_tensor_settings(first, second, one);
    if (s->in_turn ? is_refused_on_reference(s, first, second) : (written_inputs(s, &two) & pair) == pair)
        expect_refused_pair(op, what, s, first, second);
    else if (s->in_turn)
        hold_to(&one[0], one + 1, ONE_TENSOR_SETTINGS - 1, op, what, s, measured);
    else
        compare_pair(op, what, s, first, second, measured);
}

/* Of those that are not refused. */
static void compare_gradient_pair(const char *op, const char *what, const op_sample *s, int first, int second,
                                  measure *measured)
{
    if (!is_refused_on_reference(s, first, second)) compare_pair(op, what, s, first, second, measured);
}

static void test_aliasing(const char *op, const op_sample *samples, bool gradients)
{
    for (const op_sample *s = samples; s->name; s++) {
        if (s->refused) continue;
        bool writes = written_inputs(s, &oracle);
        if (writes)
            for_each_pair(op, "effect", s, measure_effect, compare_effect_pair);
        else
            for_each_pair(op, "forward", s, measure_forward, compare_pair);
        if (gradients && is_differentiable(s))
            for_each_pair(op, "gradient", s, measure_gradient, writes ? compare_gradient_pair : compare_pair);
    }
}

static void test_forward(const char *op, const op_sample *samples)
{
    for (const op_sample *s = samples; s->name; s++)
        if (!s->refused) compare(op, "forward", s, measure_forward);
}

static void test_gradient(const char *op, const op_sample *samples)
{
    for (const op_sample *s = samples; s->name; s++)
        if (!s->refused && is_differentiable(s)) compare(op, "gradient", s, measure_gradient);
}

static void test_effect(const char *op, const op_sample *samples)
{
    for (const op_sample *s = samples; s->name; s++)
        if (!s->refused) compare(op, "effect", s, measure_effect);
}

typedef vt_tensor sample_function(const vt_tensor *in);

static vt_tensor call_sample(const vt_tensor *in, void *user)
{
    return (*(sample_function **)user)(in);
}

/* gradcheck wants no absent inputs: they are put back in here. */
typedef struct present_inputs {
    const op_sample *sample;
} present_inputs;

static vt_tensor call_present(const vt_tensor *present, void *user)
{
    const op_sample *s = ((const present_inputs *)user)->sample;
    vt_tensor in[MAX_SAMPLE_INPUTS] = { 0 };
    for (int i = 0, k = 0; i < MAX_SAMPLE_INPUTS && s->in[i].kind != INPUT_END; i++)
        if (s->in[i].kind != INPUT_ABSENT) in[i] = present[k++];
    return call_sample(in, &(sample_function *){ s->function });
}

/* To second order, which includes the first. On the reference backend, whichever device is tested. */
static void test_gradcheck(const char *op, const op_sample *samples)
{
    for (const op_sample *s = samples; s->name; s++) {
        if (s->refused || s->no_gradcheck || !is_differentiable(s)) continue;
        name_test(op, "gradcheck", s, "");
        use_setting(&oracle);
        VT_SCOPE;
        inputs in = make_inputs(s, &oracle);
        vt_tensor present[MAX_SAMPLE_INPUTS];
        int count = 0;
        for (int i = 0; i < in.count; i++)
            if (in.tensor[i].id) present[count++] = in.tensor[i];
        bool ok = vt_gradcheck(call_present, present, count, .user = &(present_inputs){ s },
                               .second_order = !s->no_second_order);
        cr_assert(ok, "%s: %s", now, vt_error_message());
    }
}

static void test_refused(const char *op, const op_sample *samples)
{
    for (const op_sample *s = samples; s->name; s++) {
        if (!s->refused) continue;
        name_test(op, "refused", s, "");
        use_setting(&settings[0]);
        VT_SCOPE;
        inputs in = make_inputs(s, &settings[0]);
        vt_tensor y = s->function(in.tensor);
        cr_assert(vt_failed() && !y.id, "%s: accepted", now);
        cr_assert(strstr(vt_error_message(), s->refused), "%s: the message is: %s", now, vt_error_message());
        cr_assert(strstr(vt_error_message(), ".c:"), "%s: no file and line in: %s", now, vt_error_message());
        vt_error_clear();
    }
}

static bool is_left_out(const op_sample *s, int input)
{
    for (int i = 0; i <= input; i++)
        if (s->in[i].kind == INPUT_END) return true;
    return s->in[input].kind == INPUT_ABSENT;
}

/* What no sample does without is asked for: an input that may be left out has a sample where it is. */
static void test_required(const char *op, const op_sample *samples)
{
    for (int i = 0; i < MAX_SAMPLE_INPUTS; i++) {
        bool optional = false;
        for (const op_sample *s = samples; s->name; s++) optional |= !s->refused && is_left_out(s, i);
        for (const op_sample *s = samples; s->name && !optional; s++) {
            if (s->refused) continue;
            name_test(op, "without an input", s, "");
            use_setting(&settings[0]);
            VT_SCOPE;
            inputs in = make_inputs(s, &settings[0]);
            in.tensor[i] = VT_INERT;
            vt_tensor y = s->function(in.tensor);
            cr_assert(vt_failed() && !y.id, "%s: accepted without input %d, which no sample leaves out", now, i);
            cr_assert(strstr(vt_error_message(), "inert tensor"), "%s: the message is: %s", now, vt_error_message());
            vt_error_clear();
        }
    }
}

static void end(void)
{
    vt_statistics s = vt_statistics_get();
    if (s.live_tensors || s.live_bytes) {
        fprintf(stderr, "%s: %lld tensors, %lld bytes leaked\n", now, (long long)s.live_tensors,
                (long long)s.live_bytes);
        abort(); /* an assertion here would be ignored */
    }
}

TestSuite(forward, .init = begin, .fini = end);
TestSuite(gradient, .init = begin, .fini = end);
TestSuite(gradcheck, .init = begin, .fini = end);
TestSuite(aliasing, .init = begin, .fini = end);
TestSuite(effect, .init = begin, .fini = end);
TestSuite(refused, .init = begin, .fini = end);

/* An op without a case does not link. A fused gradient is tested with the op it differentiates. */
#define FUNCTION(name)                                                                                                 \
    extern const op_sample case_##name[];                                                                              \
    Test(forward, name)                                                                                                \
    {                                                                                                                  \
        test_forward(#name, case_##name);                                                                              \
    }                                                                                                                  \
    Test(gradient, name)                                                                                               \
    {                                                                                                                  \
        test_gradient(#name, case_##name);                                                                             \
    }                                                                                                                  \
    Test(aliasing, name)                                                                                               \
    {                                                                                                                  \
        test_aliasing(#name, case_##name, true);                                                                       \
    }                                                                                                                  \
    Test(gradcheck, name)                                                                                              \
    {                                                                                                                  \
        test_gradcheck(#name, case_##name);                                                                            \
    }                                                                                                                  \
    Test(refused, name)                                                                                                \
    {                                                                                                                  \
        test_refused(#name, case_##name);                                                                              \
        test_required(#name, case_##name);                                                                             \
    }
#define OP(name)   FUNCTION(name)
#define VIEW(name) FUNCTION(name)
#define GRADIENT(name)
#define FUSED(name)                                                                                                    \
    extern const op_sample case_##name[];                                                                              \
    Test(forward, name)                                                                                                \
    {                                                                                                                  \
        test_forward(#name, case_##name);                                                                              \
    }                                                                                                                  \
    Test(aliasing, name)                                                                                               \
    {                                                                                                                  \
        test_aliasing(#name, case_##name, false);                                                                      \
    }                                                                                                                  \
    Test(refused, name)                                                                                                \
    {                                                                                                                  \
        test_refused(#name, case_##name);                                                                              \
    }
#define EFFECT(name)                                                                                                   \
    extern const op_sample case_##name[];                                                                              \
    Test(effect, name)                                                                                                 \
    {                                                                                                                  \
        test_effect(#name, case_##name);                                                                               \
    }                                                                                                                  \
    Test(aliasing, name)                                                                                               \
    {                                                                                                                  \
        test_aliasing(#name, case_##name, false);                                                                      \
    }                                                                                                                  \
    Test(refused, name)                                                                                                \
    {                                                                                                                  \
        test_refused(#name, case_##name);                                                                              \
    }
#include "ops/ops.def"
