/* compare.c - differences from the oracle, held against what noise of the size of rounding makes of it.
 *
 * A first bound comes from a few runs with noise sixteen times as large as rounding. What exceeds it is studied by many
 * more, of several sizes: a difference is one only if no noise comes near it. */
#include "compare.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double unit_f32 = 0x1p-24, unit_f64 = 0x1p-53, unit_bf16 = 0x1p-9, first_noise = 0x1p-20;
/* What is smaller is 0 in one dtype and not in another: programs are not drawn with such numbers. */
static const double least_difference = 1e-30;

bool is_documented_refusal(const char *message)
{
    static const char *const promised[] = { "read or vt_keep it before the update", "ended before this op was computed",
                                            "was updated before vt_backward",       "where its history ended",
                                            "is a tensor whose scope has ended",    "is a tensor that has ended",
                                            "is a tensor that vt_free has ended" };
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++)
        if (strstr(message, promised[i])) return true;
    return false;
}

bool find_truth(const program *p, truth *t)
{
    memset(t, 0, sizeof *t);
    t->program = p;
    run_program(p, &oracle, &t->plain);
    return !t->plain.failed;
}

void truth_free(truth *t)
{
    outcome_free(&t->plain);
    for (int k = 0; k < 2; k++)
        for (int i = 0; t->studied[k] && i < NOISY_RUNS; i++) outcome_free(&t->noisy[k][i]);
}

/* -- Noise --------------------------------------------------------------------------------------------------------- */

static void run_with_noise(const program *p, double noise, double product_noise, uint64_t seed, outcome *o)
{
    mode m = oracle;
    m.noise = noise;
    m.product_noise = product_noise;
    m.noise_seed = seed;
    m.eager = true; /* nothing is computed late, when what it is of has been overwritten */
    run_program(p, &m, o);
}

static void study(truth *t, bool bf16)
{
    for (int i = 0; !t->studied[bf16] && i < NOISY_RUNS; i++)
        run_with_noise(t->program, first_noise, bf16 ? 16 * unit_bf16 : 0, 77 + (uint64_t)i, &t->noisy[bf16][i]);
    t->studied[bf16] = true;
}

/* Infinite where shapes differ, or one of them is NaN. */
static double distance(const observation *a, const observation *b)
{
    double most = 0;
    if (!vt_shape_equal(a->shape, b->shape) || a->statement != b->statement) return INFINITY;
    for (int64_t i = 0; i < a->count; i++) {
        double x = a->data[i], y = b->data[i], d = x == y || (isnan(x) && isnan(y)) ? 0 : fabs(x - y);
        most = isnan(d) ? INFINITY : fmax(most, d);
    }
    return most;
}

static double scale_of(const observation *a)
{
    double most = 0;
    for (int64_t i = 0; i < a->count; i++)
        if (isfinite(a->data[i])) most = fmax(most, fabs(a->data[i]));
    return most;
}

static double spread(const observation *plain, const outcome *noisy, int number)
{
    if (noisy->failed || number >= noisy->count) return INFINITY;
    return distance(plain, &noisy->observations[number]);
}

/* -- A mode -------------------------------------------------------------------------------------------------------- */

static bool rounds_to_bf16(const program *p, const mode *m)
{
    if (m->precision == VT_BF16) return true;
    for (int i = 0; m->disturbances == AS_DRAWN && i < p->count; i++) {
        const statement *s = &p->statements[i];
        if (strcmp(s->operation->name, "set_precision") == 0 && s->integer[0] == VT_BF16) return true;
    }
    return false;
}

static double unit_of(const mode *m)
{
    return m->precision == VT_F64 ? unit_f64 : unit_f32;
}

static double first_bound(truth *t, const mode *m, int number)
{
    bool bf16 = rounds_to_bf16(t->program, m);
    const observation *plain = &t->plain.observations[number];
    double most = 0, unit = unit_of(m);
    study(t, bf16);
    for (int i = 0; i < NOISY_RUNS; i++) most = fmax(most, spread(plain, &t->noisy[bf16][i], number));
    double floating = vt_dtype_is_float(plain->dtype) ? 16 * unit * scale_of(plain) : 0;
    return floating + 32 * unit / first_noise * most;
}

/* The most that noise of a few sizes, none much larger than rounding, does to an observation. */
static double last_bound(const truth *t, const mode *m, int number)
{
    const observation *plain = &t->plain.observations[number];
    bool bf16 = rounds_to_bf16(t->program, m);
    double most = 0, unit = unit_of(m);
    outcome noisy;
    for (int i = 0; i < 36; i++) {
        double times = i % 3 == 0 ? 8 : i % 3 == 1 ? 32 : 128;
        run_with_noise(t->program, times * unit, bf16 ? times / 4 * unit_bf16 : 0, 1000 + (uint64_t)i, &noisy);
        most = fmax(most, spread(plain, &noisy, number));
        outcome_free(&noisy);
    }
    double floating = vt_dtype_is_float(plain->dtype) ? 64 * unit * scale_of(plain) : 0;
    return floating + 4 * most;
}

static void describe(finding *f, const observation *got, const observation *want, double bound)
{
    char a[128], b[128];
    for (int64_t i = 0; i < want->count && vt_shape_equal(got->shape, want->shape); i++) {
        if (got->data[i] == want->data[i] || fabs(got->data[i] - want->data[i]) <= bound) continue;
        snprintf(f->text, sizeof f->text, "element %lld is %.9g, the oracle's %.9g; noise explains %.3g", (long long)i,
                 got->data[i], want->data[i], bound);
        return;
    }
    snprintf(f->text, sizeof f->text, "the shape is %s, the oracle's %s", vt_shape_text(got->shape, a),
             vt_shape_text(want->shape, b));
}

static bool same_dtype(const observation *got, const observation *want)
{
    return got->dtype == want->dtype || (vt_dtype_is_float(got->dtype) && vt_dtype_is_float(want->dtype));
}

judged judged_so_far;

/* Whether noise explains the difference d of an observation; if not, how much it does. */
static bool is_explained(truth *t, const mode *m, int number, double d, double *bound)
{
    if (d <= least_difference) return true;
    *bound = first_bound(t, m, number);
    judged_so_far.differences++;
    judged_so_far.unbounded += isinf(*bound);
    if (d <= *bound) return true;
    *bound = last_bound(t, m, number);
    return d <= *bound;
}

finding compare(truth *t, const mode *m)
{
    finding f = { .mode = *m };
    static outcome o;
    run_program(t->program, m, &o);
    if (o.failed && !is_documented_refusal(o.message)) {
        f.kind = REFUSED;
        f.statement = o.statement;
        snprintf(f.text, sizeof f.text, "%s", o.message);
    }
    for (int i = 0; !f.kind && i < o.count; i++) {
        const observation *got = &o.observations[i], *want = &t->plain.observations[i];
        double bound, d = same_dtype(got, want) ? distance(got, want) : INFINITY;
        if (is_explained(t, m, i, d, &bound)) continue;
        f.kind = WRONG_VALUE;
        f.statement = got->statement;
        describe(&f, got, want, bound);
    }
    outcome_free(&o);
    return f;
}
