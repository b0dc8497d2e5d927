/* test_published_optimizers.c - optimisers and schedules against their originals: what
 * tests/pytorch/make_optimizer_fixtures.py wrote, which says what is in the file. */
#include "fixture.h"
#include "left_behind.h"
#include "tested_device.h"
#include <float.h>

enum { STEPS = 5 };

TestSuite(published, .fini = expect_nothing_left);

typedef vt_optimizer *maker(vt_model *model);

/* How far rounding takes f32: by an epsilon of the values in each step, times what the rule makes of it. */
typedef struct published {
    const char *name;
    maker *make;
    double growth; /* of a difference, in a step */
    int warmup;
} published;

static const char *entry(const published *p, const char *which)
{
    static char name[128];
    snprintf(name, sizeof name, "%s.%s", p->name, which);
    return name;
}

static void expect_near(const published *p, vt_tensor x, const safetensors *file, const char *which, vt_dtype dtype)
{
    difference d = difference_from_entry(x, file, entry(p, which));
    double epsilon = dtype == VT_F64 ? DBL_EPSILON : (double)FLT_EPSILON, limit = 64 * epsilon * p->growth * d.scale;
    cr_assert(d.worst <= limit, "%s of %s in %s: differs by %.3g, limit %.3g", which, p->name, vt_dtype_name(dtype),
              d.worst, limit);
}

/* What is put back has its bits. */
static void expect_same(vt_tensor x, vt_tensor y)
{
    double a[256], b[256];
    cr_assert(vt_read(x, a, 256, VT_F64) && vt_read(y, b, 256, VT_F64), "%s", vt_error_message());
    cr_assert(memcmp(a, b, (size_t)vt_count(x) * sizeof *a) == 0);
}

static vt_tensor train(const published *p, vt_optimizer *o, vt_tensor parameter, vt_tensor gradients)
{
    vt_tensor after[STEPS];
    double lr = vt_optimizer_lr(o);
    for (int i = 0; i < STEPS; i++) {
        VT_SCOPE;
        vt_backward(vt_sum(vt_mul(parameter, vt_select(gradients, 0, i))));
        vt_optimizer_set_lr(o, vt_constant_lr(i, lr, .warmup = p->warmup));
        vt_optimizer_step(o);
        after[i] = vt_keep(vt_scale(parameter, 1));
    }
    return vt_stack(after, STEPS, 0);
}

static void compare_in(const published *p, const char *device, vt_dtype dtype)
{
    vt_set_device(device);
    vt_set_precision(dtype);
    safetensors *file = open_fixture("optimizers");
    vt_model *model = vt_model_new();
    vt_optimizer *o;
    {
        VT_SCOPE;
        vt_tensor value = entry_tensor(file, entry(p, "in.0"), dtype);
        vt_tensor parameter = vt_parameter(vt_root(model), "weight", vt_shape_of(value), .value = 0);
        vt_assign(parameter, value);
        o = p->make(model);
        vt_tensor after = train(p, o, parameter, entry_tensor(file, entry(p, "in.1"), dtype));
        expect_near(p, after, file, "out.0", dtype);
        vt_optimizer_evaluate(o, true);
        if (safetensors_find(file, entry(p, "out.1"))) expect_near(p, parameter, file, "out.1", dtype);
        vt_optimizer_evaluate(o, false);
        expect_same(parameter, vt_select(after, 0, STEPS - 1));
    }
    vt_optimizer_free(o);
    vt_model_free(model);
    safetensors_close(file);
}

static void compare(const published *p)
{
    compare_in(p, "reference", VT_F64);
    if (device_computes_f64()) compare_in(p, tested_device(), VT_F64);
    compare_in(p, tested_device(), VT_F32);
}

/* A rule whose name is the fixture's. */
#define PUBLISHED(name_, growth_, warmup_, ...)                                                                        \
    static vt_optimizer *make_##name_(vt_model *model)                                                                 \
    {                                                                                                                  \
        return __VA_ARGS__;                                                                                            \
    }                                                                                                                  \
    Test(published, name_)                                                                                             \
    {                                                                                                                  \
        compare(&(published){ #name_, make_##name_, growth_, warmup_ });                                               \
    }

/* Originals decay every parameter. */
PUBLISHED(lion, 1, 0, vt_lion(model, .lr = 0.01, .weight_decay = 0.05, .decay_all = true))
PUBLISHED(lamb, 1, 0, vt_lamb(model, .lr = 0.01, .beta2 = 0.99, .weight_decay = 0.05))
PUBLISHED(lamb_without_decay, 1, 0, vt_lamb(model, .lr = 0.01, .weight_decay = 0))
PUBLISHED(lamb_always_adapt, 1, 0, vt_lamb(model, .lr = 0.01, .weight_decay = 0, .always_adapt = true))

/* Newton's iterations make what differs in small singular values up to 3.4445 times as large, each. */
PUBLISHED(muon, 10, 0, vt_muon(model, .lr = 0.02, .weight_decay = 0.05))
PUBLISHED(muon_wide, 10, 0, vt_muon(model, .lr = 0.02, .weight_decay = 0.05))
PUBLISHED(muon_original, 10, 0,
          vt_muon(model, .lr = 0.02, .weight_decay = 0.05, .momentum = 0.9, .scale = VT_MUON_ORIGINAL))
PUBLISHED(muon_plain, 10, 0,
          vt_muon(model, .lr = 0.02, .weight_decay = 0.05, .plain_momentum = true, .scale = VT_MUON_ORIGINAL))
PUBLISHED(muon_of_a_kernel, 10, 0, vt_muon(model, .lr = 0.02, .weight_decay = 0.05))
PUBLISHED(muon_of_a_vector, 1, 0, vt_muon(model, .lr = 0.02, .weight_decay = 0.05, .decay_all = true))

PUBLISHED(schedule_free, 1, 0, vt_schedule_free(model, .lr = 0.01))
PUBLISHED(schedule_free_warmup, 1, 3,
          vt_schedule_free(model, .lr = 0.01, .beta1 = 0.95, .beta2 = 0.99, .eps = 1e-3, .weight_decay = 0.05))

/* -- Schedules ---------------------------------------------------------------------------------------------------- */

#define RATES(name, ...)                                                                                               \
    Test(published, schedule_##name)                                                                                   \
    {                                                                                                                  \
        safetensors *file = open_fixture("optimizers");                                                                \
        int64_t count;                                                                                                 \
        double *want = entry_values(file, "schedule." #name, &count);                                                  \
        cr_assert(count == 20);                                                                                        \
        for (int64_t step = 0; step < count; step++) {                                                                 \
            double got = __VA_ARGS__;                                                                                  \
            cr_assert(fabs(got - want[step]) < 1e-14, "step %d: %.17g, not %.17g", (int)step, got, want[step]);        \
        }                                                                                                              \
        free(want);                                                                                                    \
        safetensors_close(file);                                                                                       \
    }

RATES(warmup, vt_constant_lr(step, 0.5, .warmup = 5))
RATES(step, vt_step_lr(step, 0.5, 7, .factor = 0.3))
RATES(cosine, vt_cosine_lr(step, 0.5, 20, .final = 0.01))
RATES(linear, vt_linear_lr(step, 0.5, 20))
RATES(one_cycle, vt_one_cycle_lr(step, 0.5, 20))
RATES(one_cycle_late, vt_one_cycle_lr(step, 0.5, 20, .rise = 0.45, .division = 10, .fall = 100))
