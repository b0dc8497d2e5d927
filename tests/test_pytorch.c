/* test_pytorch.c - ops and optimisers against PyTorch: outputs, and gradients for a random cotangent. */
#include "fixture.h"
#include "tested_device.h"
#include <float.h>
#include <string.h>

enum { MAX_INPUTS = 8, MAX_OUTPUTS = 8, STEPS = 5 };

/* -- One case, called ---------------------------------------------------------------------------------------------- */

typedef struct subject {
    int inputs;
    vt_tensor in[MAX_INPUTS], out[MAX_OUTPUTS];
    vt_model *model; /* where optimisers find their parameters */
    vt_optimizer *optimizer;
    bool constant; /* no gradients are compared */
} subject;

typedef void call(subject *s);

static vt_tensor batch_norm(const vt_tensor *in, bool training)
{
    vt_set_training(training);
    return vt_batch_norm(in[0], in[3], in[4], .weight = in[1], .bias = in[2], .momentum = 0.1, .eps = 1e-5);
}

static vt_tensor parameter(const subject *s, const char *name, vt_tensor value)
{
    vt_tensor p = vt_parameter(vt_root(s->model), name, vt_shape_of(value), VT_INIT_CONSTANT, 0);
    vt_assign(p, value);
    return p;
}

/* A loss whose gradient with respect to p is g. */
static vt_tensor loss_with_gradient(vt_tensor p, vt_tensor g)
{
    return vt_sum(vt_mul(p, g));
}

/* The parameter after each step. */
static vt_tensor five_steps(vt_optimizer *optimizer, vt_tensor p, vt_tensor gradients)
{
    vt_tensor after[STEPS];
    for (int i = 0; i < STEPS; i++) {
        VT_SCOPE;
        vt_backward(loss_with_gradient(p, vt_select(gradients, 0, i)));
        vt_optimizer_step(optimizer);
        after[i] = vt_keep(vt_scale(p, 1));
    }
    return vt_stack(after, STEPS, 0);
}

/* The inputs, as gradients, clipped; then their norm. */
static void clip(subject *s, double limit)
{
    vt_tensor p[MAX_INPUTS], loss = vt_full(VT_SCALAR, 0);
    for (int i = 0; i < s->inputs; i++) {
        p[i] = parameter(s, (const char[]){ (char)('a' + i), 0 }, s->in[i]);
        loss = vt_add(loss, loss_with_gradient(p[i], s->in[i]));
    }
    s->optimizer = vt_sgd(s->model);
    vt_backward(loss);
    s->out[s->inputs] = vt_clip_gradients(s->optimizer, limit);
    for (int i = 0; i < s->inputs; i++) s->out[i] = vt_grad(p[i]);
}

/* -- Comparison ---------------------------------------------------------------------------------------------------- */

typedef struct setting {
    const char *name, *device; /* NULL: the tested one */
    vt_dtype dtype;
} setting;

static const setting settings[] = {
    { "reference f64", "reference", VT_F64 },
    { "f64", NULL, VT_F64 },
    { "f32", NULL, VT_F32 },
};

typedef struct comparison {
    const char *name; /* of the case */
    const setting *setting;
    const safetensors *file;
    double input_scale; /* the largest of the floating-point inputs */
} comparison;

/* "gelu_erf.grad.0" */
static const char *entry_name(const comparison *c, const char *kind, int index)
{
    static char name[128];
    if (index < 0)
        snprintf(name, sizeof name, "%s.%s", c->name, kind);
    else
        snprintf(name, sizeof name, "%s.%s.%d", c->name, kind, index);
    return safetensors_find(c->file, name) ? name : NULL;
}

/* In f64 both sides round, each by a few epsilons. To f32 the inputs are rounded first, by half an epsilon of their
 * size: where slopes are about 1 an output moves by as much, and a gradient, which is at worst an exponential of the
 * input, by as much in relation to itself. */
static double tolerance(const comparison *c, double scale, bool is_gradient)
{
    if (c->setting->dtype == VT_F64) return 64 * DBL_EPSILON * scale;
    return 8 * (double)FLT_EPSILON * (is_gradient ? scale * fmax(1, c->input_scale) : fmax(scale, c->input_scale));
}

static void expect_entry(const comparison *c, vt_tensor x, const char *entry, bool is_gradient)
{
    cr_assert(!vt_failed(), "%s, %s: %s", entry, c->setting->name, vt_error_message());
    cr_assert(x.id, "%s, %s: no such result", entry, c->setting->name);
    difference d = difference_from_entry(x, c->file, entry);
    double limit = tolerance(c, d.scale, is_gradient);
    cr_assert(d.worst <= limit, "%s, %s: differs by %.3g, limit %.3g, largest value %.3g", entry, c->setting->name,
              d.worst, limit, d.scale);
}

static void make_inputs(comparison *c, subject *s)
{
    for (const char *entry; (entry = entry_name(c, "in", s->inputs)); s->inputs++) {
        cr_assert(s->inputs < MAX_INPUTS);
        s->in[s->inputs] = entry_tensor(c->file, entry, c->setting->dtype);
        int64_t count;
        double *values = entry_values(c->file, entry, &count);
        bool is_float = vt_dtype_is_float(vt_dtype_of(s->in[s->inputs]));
        for (int64_t i = 0; is_float && i < count; i++) c->input_scale = fmax(c->input_scale, fabs(values[i]));
        free(values);
    }
    cr_assert(s->inputs > 0, "the fixture has no %s", c->name);
}

static void compare_outputs(const comparison *c, const subject *s)
{
    int count = 0;
    for (const char *entry; (entry = entry_name(c, "out", count)); count++) {
        cr_assert(count < MAX_OUTPUTS);
        expect_entry(c, s->out[count], entry, false);
    }
    cr_assert(count > 0, "the fixture has no outputs of %s", c->name);
}

static void compare_gradients(const comparison *c, const subject *s)
{
    const char *entry = entry_name(c, "cotangent", -1);
    cr_assert(entry, "the fixture has no cotangent of %s", c->name);
    vt_tensor cotangent = entry_tensor(c->file, entry, c->setting->dtype), wanted[MAX_INPUTS], gradients[MAX_INPUTS];
    int index[MAX_INPUTS], count = 0;
    for (int i = 0; i < s->inputs; i++) {
        if (!entry_name(c, "grad", i)) continue;
        index[count] = i;
        wanted[count++] = s->in[i];
    }
    cr_assert(count > 0, "the fixture has no gradients of %s", c->name);
    vt_gradients(s->out[0], cotangent, wanted, count, gradients);
    for (int k = 0; k < count; k++) expect_entry(c, gradients[k], entry_name(c, "grad", index[k]), true);
}

static void compare_in(const setting *setting, const char *name, const safetensors *file, call *function)
{
    vt_set_device(setting->device ? setting->device : tested_device());
    vt_set_precision(setting->dtype);
    comparison c = { name, setting, file, 0 };
    subject s = { .model = vt_model_new() };
    {
        VT_SCOPE;
        make_inputs(&c, &s);
        function(&s);
        if (!s.optimizer && !s.constant) compare_gradients(&c, &s);
        compare_outputs(&c, &s);
    }
    vt_optimizer_free(s.optimizer);
    vt_model_free(s.model);
    vt_statistics left = vt_statistics_get();
    cr_assert(!left.live_tensors && !left.live_bytes, "%s, %s: %lld tensors, %lld bytes leaked", name, setting->name,
              (long long)left.live_tensors, (long long)left.live_bytes);
}

static void compare(const char *name, call *function)
{
    safetensors *file = open_fixture("ops");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const setting *s = &settings[i];
        if (!s->device && s->dtype == VT_F64 && !device_computes_f64()) continue;
        compare_in(s, name, file, function);
    }
    safetensors_close(file);
}

/* -- The tests ----------------------------------------------------------------------------------------------------- */

#define OP(name, ...)                                                                                                  \
    static void call_##name(subject *s)                                                                                \
    {                                                                                                                  \
        const vt_tensor *in = s->in;                                                                                   \
        s->out[0] = __VA_ARGS__;                                                                                       \
    }                                                                                                                  \
    Test(pytorch, name)                                                                                                \
    {                                                                                                                  \
        compare(#name, call_##name);                                                                                   \
    }
#define CONSTANT(name, ...)                                                                                            \
    static void call_##name(subject *s)                                                                                \
    {                                                                                                                  \
        const vt_tensor *in = s->in;                                                                                   \
        s->out[0] = __VA_ARGS__;                                                                                       \
        s->constant = true;                                                                                            \
    }                                                                                                                  \
    Test(pytorch, name)                                                                                                \
    {                                                                                                                  \
        compare(#name, call_##name);                                                                                   \
    }
#define EFFECT(name, result, ...)                                                                                      \
    static void call_##name(subject *s)                                                                                \
    {                                                                                                                  \
        const vt_tensor *in = s->in, overwritten[] = { __VA_ARGS__ };                                                  \
        s->out[0] = result;                                                                                            \
        memcpy(s->out + 1, overwritten, sizeof overwritten);                                                           \
    }                                                                                                                  \
    Test(pytorch, name)                                                                                                \
    {                                                                                                                  \
        compare(#name, call_##name);                                                                                   \
    }
#define OPTIMIZER(name, ...)                                                                                           \
    static void call_##name(subject *s)                                                                                \
    {                                                                                                                  \
        vt_model *model = s->model;                                                                                    \
        vt_tensor p = parameter(s, "weight", s->in[0]);                                                                \
        s->optimizer = __VA_ARGS__;                                                                                    \
        s->out[0] = five_steps(s->optimizer, p, s->in[1]);                                                             \
    }                                                                                                                  \
    Test(pytorch, optimizer_##name)                                                                                    \
    {                                                                                                                  \
        compare("optimizer_" #name, call_##name);                                                                      \
    }
#define CLIP(name, limit)                                                                                              \
    static void call_##name(subject *s)                                                                                \
    {                                                                                                                  \
        clip(s, limit);                                                                                                \
    }                                                                                                                  \
    Test(pytorch, clip_grad_norm_##name)                                                                               \
    {                                                                                                                  \
        compare("clip_grad_norm_" #name, call_##name);                                                                 \
    }
#include "pytorch/cases.def"

static const char *const tested[] = {
#define OP(name, ...)        #name,
#define CONSTANT(name, ...)  #name,
#define EFFECT(name, ...)    #name,
#define OPTIMIZER(name, ...) "optimizer_" #name,
#define CLIP(name, limit)    "clip_grad_norm_" #name,
#include "pytorch/cases.def"
};

static bool is_tested(const char *entry)
{
    size_t length = strcspn(entry, ".");
    for (size_t i = 0; i < sizeof tested / sizeof *tested; i++)
        if (strlen(tested[i]) == length && strncmp(tested[i], entry, length) == 0) return true;
    return false;
}

/* A case of cases.def without a fixture fails by itself. */
Test(pytorch_fixture, has_no_case_without_a_test)
{
    safetensors *file = open_fixture("ops");
    const safetensors_entry *entries = safetensors_entries(file);
    cr_assert(safetensors_count(file) > 0);
    for (size_t i = 0; i < safetensors_count(file); i++)
        cr_assert(is_tested(entries[i].name), "%s is not in cases.def", entries[i].name);
    safetensors_close(file);
}
