/* test_ops.c - every sample of every op: results against the f64 reference, gradients against central differences. */
#include "cases/case.h"
#include "core/context.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- What runs now, for the report of a crash -------------------------------------------------------------------------
 */

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

/* -- Inputs
 * ------------------------------------------------------------------------------------------------------------ */

static double next_uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

/* Values that f32 holds exactly, so that every dtype sees the same numbers. */
static double *input_values(const sample_input *in, uint64_t *state)
{
    int64_t count = vt_shape_count(in->shape);
    double *data = malloc((size_t)(count + 1) * sizeof *data);
    cr_assert(data);
    for (int64_t i = 0; i < count; i++) {
        double u = next_uniform(state);
        if (in->kind == INPUT_FLOATS) data[i] = (double)(float)(in->low + (in->high - in->low) * u);
        if (in->kind == INPUT_DISTINCT) data[i] = (double)(float)(0.125 * (double)(i - count / 2));
        if (in->kind == INPUT_INTEGERS) data[i] = floor(in->low + (in->high - in->low) * u);
        if (in->kind == INPUT_BOOLS) data[i] = u < 0.5;
    }
    for (int64_t i = count - 1; in->kind == INPUT_DISTINCT && i > 0; i--) {
        int64_t j = (int64_t)(next_uniform(state) * (double)(i + 1));
        double swap = data[i];
        data[i] = data[j];
        data[j] = swap;
    }
    return data;
}

static vt_tensor make_input(const sample_input *in, const double *data, vt_dtype float_dtype, bool permuted)
{
    vt_dtype dtype = in->kind == INPUT_INTEGERS ? VT_I64 : in->kind == INPUT_BOOLS ? VT_BOOL : float_dtype;
    int64_t count = vt_shape_count(in->shape);
    void *typed = calloc((size_t)count + 1, sizeof(double));
    cr_assert(typed);
    vt_shape shape = in->shape;
    vt_axes order = { .count = shape.rank };
    array from = array_contiguous((void *)data, VT_F64, in->shape);
    for (int i = 0; permuted && i < shape.rank; i++) {
        order.axis[i] = shape.rank - 1 - i;
        shape.dim[i] = in->shape.dim[order.axis[i]];
    }
    if (permuted) from = array_permute(from, order.axis);
    array to = array_contiguous(typed, dtype, shape);
    array_copy(&to, &from);
    vt_tensor x = vt_from_data(typed, shape, dtype);
    free(typed);
    return permuted && shape.rank > 1 ? vt_permute(x, order) : x;
}

typedef struct inputs {
    int count;
    vt_tensor tensor[MAX_SAMPLE_INPUTS];
} inputs;

static inputs make_inputs(const op_sample *s, vt_dtype dtype, bool permuted)
{
    inputs made = { 0 };
    uint64_t state = 7;
    for (; made.count < MAX_SAMPLE_INPUTS && s->in[made.count].kind != INPUT_END; made.count++) {
        const sample_input *in = &s->in[made.count];
        if (in->kind == INPUT_ABSENT) continue;
        double *data = input_values(in, &state);
        made.tensor[made.count] = make_input(in, data, dtype, permuted);
        free(data);
    }
    return made;
}

/* -- Results
 * ----------------------------------------------------------------------------------------------------------- */

typedef struct result {
    vt_dtype dtype;
    vt_shape shape;
    double *data;
} result;

static result read_result(vt_tensor y)
{
    cr_assert(!vt_failed(), "%s: %s", now, vt_error_message());
    result r = { vt_dtype_of(y), vt_shape_of(y), NULL };
    r.data = malloc((size_t)(vt_shape_count(r.shape) + 1) * sizeof *r.data);
    cr_assert(vt_read(y, r.data, vt_shape_count(r.shape), VT_F64), "%s: %s", now, vt_error_message());
    return r;
}

typedef struct setting {
    const char *name, *device;
    vt_dtype dtype;
    bool permuted, decomposed, eager;
} setting;

static void use(const setting *u)
{
    vt_set_device(u->device);
    vt_set_precision(u->dtype);
    vt_set_eager(u->eager);
    vt_set_training(true);
    vt_seed(11);
    context_get()->force_decompose = u->decomposed;
}

static const setting oracle = { "reference", "reference", VT_F64, false, false, false };

static result forward(const op_sample *s, const setting *u)
{
    use(u);
    VT_SCOPE;
    inputs in = make_inputs(s, u->dtype, u->permuted);
    return read_result(s->function(in.tensor));
}

static void append_result(result *all, vt_tensor x)
{
    result one = read_result(x);
    int64_t more = vt_shape_count(one.shape);
    all->data = realloc(all->data, (size_t)(all->shape.dim[0] + more + 1) * sizeof *all->data);
    cr_assert(all->data);
    memcpy(all->data + all->shape.dim[0], one.data, (size_t)more * sizeof *one.data);
    all->shape.dim[0] += more;
    free(one.data);
}

/* What an effect returns, and what its inputs hold afterwards, one after another. */
static result effect(const op_sample *s, const setting *u)
{
    use(u);
    VT_SCOPE;
    inputs in = { 0 };
    {
        VT_SCOPE;
        in = make_inputs(s, u->dtype, u->permuted);
        for (int i = 0; i < in.count; i++)
            if (in.tensor[i].id) vt_keep(in.tensor[i]); /* out of this scope it comes as a leaf, permuted or not */
    }
    vt_tensor y = s->function(in.tensor);
    result all = { u->dtype, { .rank = 1 }, NULL };
    if (y.id) append_result(&all, y);
    for (int i = 0; i < in.count; i++)
        if (in.tensor[i].id) append_result(&all, in.tensor[i]);
    return all;
}

/* The gradients of every float input, one after another, for a cotangent that depends on the shape alone. */
static result gradient(const op_sample *s, const setting *u)
{
    use(u);
    VT_SCOPE;
    inputs in = make_inputs(s, u->dtype, u->permuted);
    vt_tensor y = s->function(in.tensor), g[MAX_SAMPLE_INPUTS], wanted[MAX_SAMPLE_INPUTS];
    cr_assert(!vt_failed(), "%s: %s", now, vt_error_message());
    sample_input like = { INPUT_FLOATS, -1, 1, vt_shape_of(y) };
    uint64_t state = 23;
    double *data = input_values(&like, &state);
    vt_tensor cotangent = make_input(&like, data, u->dtype, false);
    free(data);
    int count = 0;
    for (int i = 0; i < in.count; i++)
        if (in.tensor[i].id && vt_dtype_is_float(vt_dtype_of(in.tensor[i]))) wanted[count++] = in.tensor[i];
    vt_gradients(y, cotangent, wanted, count, g);
    result all = { u->dtype, { .rank = 1 }, NULL };
    for (int i = 0; i < count; i++) {
        cr_assert(vt_shape_equal(vt_shape_of(g[i]), vt_shape_of(wanted[i])), "%s: gradient %d has another shape", now,
                  i);
        append_result(&all, g[i]);
    }
    return all;
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

/* -- The tests: of each op, over its samples
 * --------------------------------------------------------------------------- */

static const setting settings[] = {
    { "cpu f32", "cpu", VT_F32, false, false, false },
    { "cpu f64", "cpu", VT_F64, false, false, false },
    { "cpu f32 permuted", "cpu", VT_F32, true, false, false },
    { "cpu f64 permuted", "cpu", VT_F64, true, false, false },
    { "cpu f32 eager", "cpu", VT_F32, false, false, true },
    { "cpu f32 decomposed", "cpu", VT_F32, false, true, false },
    { "reference f64 decomposed", "reference", VT_F64, false, true, false },
    { "reference f64 permuted", "reference", VT_F64, true, false, false },
};
enum { SETTINGS = sizeof settings / sizeof *settings };

typedef result measure(const op_sample *s, const setting *u);

static void compare(const char *op, const char *what, const op_sample *s, measure *measured)
{
    name_test(op, what, s, oracle.name);
    result want = measured(s, &oracle);
    for (int i = 0; i < SETTINGS; i++) {
        if (settings[i].permuted && s->one_layout) continue;
        if (settings[i].eager && s->not_finite) continue;
        name_test(op, what, s, settings[i].name);
        result got = measured(s, &settings[i]);
        expect_close(s, &got, &want, settings[i].dtype);
        free(got.data);
    }
    free(want.data);
}

static bool is_differentiable(const op_sample *s)
{
    use(&oracle);
    VT_SCOPE;
    inputs in = make_inputs(s, VT_F64, false);
    bool any = false;
    for (int i = 0; i < in.count; i++) any |= in.tensor[i].id && vt_dtype_of(in.tensor[i]) == VT_F64;
    return any && vt_dtype_of(s->function(in.tensor)) == VT_F64;
}

static void test_forward(const char *op, const op_sample *samples)
{
    for (const op_sample *s = samples; s->name; s++)
        if (!s->refused) compare(op, "forward", s, forward);
}

static void test_gradient(const char *op, const op_sample *samples)
{
    for (const op_sample *s = samples; s->name; s++)
        if (!s->refused && is_differentiable(s)) compare(op, "gradient", s, gradient);
}

static void test_effect(const char *op, const op_sample *samples)
{
    for (const op_sample *s = samples; s->name; s++)
        if (!s->refused) compare(op, "effect", s, effect);
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

static void test_numeric(const char *op, const op_sample *samples, bool second_order)
{
    for (const op_sample *s = samples; s->name; s++) {
        if (s->refused || s->no_gradcheck || (second_order && s->no_second_order) || !is_differentiable(s)) continue;
        name_test(op, second_order ? "second-order gradcheck" : "gradcheck", s, "");
        use(&oracle);
        VT_SCOPE;
        inputs in = make_inputs(s, VT_F64, false);
        vt_tensor present[MAX_SAMPLE_INPUTS];
        int count = 0;
        for (int i = 0; i < in.count; i++)
            if (in.tensor[i].id) present[count++] = in.tensor[i];
        bool ok =
            vt_gradcheck(call_present, present, count, .user = &(present_inputs){ s }, .second_order = second_order);
        cr_assert(ok, "%s: %s", now, vt_error_message());
    }
}

static void test_refused(const char *op, const op_sample *samples)
{
    for (const op_sample *s = samples; s->name; s++) {
        if (!s->refused) continue;
        name_test(op, "refused", s, "");
        use(&settings[0]);
        VT_SCOPE;
        inputs in = make_inputs(s, VT_F32, false);
        vt_tensor y = s->function(in.tensor);
        cr_assert(vt_failed() && !y.id, "%s: accepted", now);
        cr_assert(strstr(vt_error_message(), s->refused), "%s: the message is: %s", now, vt_error_message());
        cr_assert(strstr(vt_error_message(), ".c:"), "%s: no file and line in: %s", now, vt_error_message());
        vt_error_clear();
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

TestSuite(forward, .init = begin, .fini = end, .timeout = 300);
TestSuite(gradient, .init = begin, .fini = end, .timeout = 300);
TestSuite(gradcheck, .init = begin, .fini = end, .timeout = 300);
TestSuite(second_order, .init = begin, .fini = end, .timeout = 600);
TestSuite(effect, .init = begin, .fini = end, .timeout = 300);
TestSuite(refused, .init = begin, .fini = end, .timeout = 300);

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
    Test(gradcheck, name)                                                                                              \
    {                                                                                                                  \
        test_numeric(#name, case_##name, false);                                                                       \
    }                                                                                                                  \
    Test(second_order, name)                                                                                           \
    {                                                                                                                  \
        test_numeric(#name, case_##name, true);                                                                        \
    }                                                                                                                  \
    Test(refused, name)                                                                                                \
    {                                                                                                                  \
        test_refused(#name, case_##name);                                                                              \
    }
#define OP(name)   FUNCTION(name)
#define VIEW(name) FUNCTION(name)
#define GRADIENT(name)
#define EFFECT(name)                                                                                                   \
    extern const op_sample case_##name[];                                                                              \
    Test(effect, name)                                                                                                 \
    {                                                                                                                  \
        test_effect(#name, case_##name);                                                                               \
    }                                                                                                                  \
    Test(refused, name)                                                                                                \
    {                                                                                                                  \
        test_refused(#name, case_##name);                                                                              \
    }
#include "ops/ops.def"
