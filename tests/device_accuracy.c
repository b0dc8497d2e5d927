/* device_accuracy.c - how far from the f64 reference every sample of every op ends on a device.
 *
 *     VT_TEST_DEVICE=cuda device_accuracy [forward|gradient] [once]
 *
 * prints a line of JSON for each op and precision:
 *
 *     {"op": "softmax", "what": "gradient", "dtype": "bf16", "samples": 5, "error": 0.0012, "limit": 0.01,
 *      "sample": "rows of 197", "repeats": true, "ok": true}
 *
 * `error` is |result - reference| / |reference|, in L2 norms, of the sample that comes closest to its limit. It is null
 * where there is no result, for which "message" gives the reason, or one with a NaN or an infinity that the reference
 * has not. Integers have to be equal. `repeats`: runs of the same give the same bits, among them one that makes a plan,
 * one that replays it and one that launches it as one; `once` leaves them out. Memory that results may lie in is filled
 * with NaN before each.
 *
 * Exit status: 1 where a line is not ok. */
#include "cases/measure.h"
#include "tested_device.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static int runs = 4;

static const struct precision {
    setting setting;
    double limit;
} precisions[] = {
    { { .name = "f32", .dtype = VT_F32 }, 1e-5 },
    { { .name = "bf16", .dtype = VT_BF16 }, 1e-2 },
};
enum { PRECISIONS = sizeof precisions / sizeof *precisions };

typedef struct line {
    const char *op, *what;
    const struct precision *precision;
    int samples;
    double error, limit; /* of the sample that comes closest to its limit, or exceeds it most */
    const char *worst;   /* that sample */
    bool repeats;
    char message[512];
} line;

/* -- Judging a sample ---------------------------------------------------------------------------------------------- */

static bool alike(double x, double y)
{
    return x == y || (isnan(x) && isnan(y));
}

static double relative_error(const result *got, const result *want)
{
    if (!got->data || !vt_shape_equal(got->shape, want->shape)) return INFINITY;
    double off = 0, size = 0;
    bool exact = !vt_dtype_is_float(want->dtype);
    for (int64_t i = 0; i < vt_shape_count(want->shape); i++) {
        double x = got->data[i], y = want->data[i];
        if (alike(x, y) && !isfinite(y)) continue;
        if (!isfinite(x) || !isfinite(y) || (exact && x != y)) return INFINITY;
        off += (x - y) * (x - y);
        size += y * y;
    }
    return sqrt(off) / (size > 0 ? sqrt(size) : 1);
}

static bool same_bits(const result *a, const result *b)
{
    return a->data && b->data && vt_shape_equal(a->shape, b->shape) &&
           memcmp(a->data, b->data, (size_t)vt_shape_count(a->shape) * sizeof *a->data) == 0;
}

static void fill_with_nan(vt_shape shape)
{
    int64_t count = vt_shape_count(shape);
    float *nans = malloc((size_t)(count + 1) * sizeof *nans);
    if (!nans) abort();
    for (int64_t i = 0; i < count; i++) nans[i] = NAN;
    vt_from_data(nans, shape, VT_F32);
    vt_from_data(nans, shape, VT_F32); /* inputs take from the same memory, before there are results */
    free(nans);
}

/* What is let go here is what the next tensors of such sizes get. */
static void poison(const op_sample *s, const result *want, const setting *u)
{
    use_setting(u);
    VT_SCOPE;
    fill_with_nan(want->shape);
    for (int i = 0; i < MAX_SAMPLE_INPUTS && s->in[i].kind != INPUT_END; i++)
        if (s->in[i].kind != INPUT_ABSENT) fill_with_nan(s->in[i].shape);
}

/* What loses digits in f32 by itself has a larger tolerance in its sample, which says why. */
static double limit_of(const op_sample *s, const struct precision *p)
{
    return p->limit * fmax(1, s->tolerance / 8);
}

static void note_error(line *l, double error, const op_sample *s)
{
    double limit = limit_of(s, l->precision);
    if (l->worst && !(error / limit > l->error / l->limit)) return;
    l->error = error;
    l->limit = limit;
    l->worst = s->name;
}

static void judge(line *l, const op_sample *s, measure *measured)
{
    const setting *u = &l->precision->setting;
    l->samples++;
    result want = measured(s, &oracle), first = { 0 };
    for (int run = 0; run < runs && !vt_failed(); run++) {
        poison(s, &want, u);
        result got = measured(s, u);
        if (run == 0) {
            note_error(l, relative_error(&got, &want), s);
            first = got;
            continue;
        }
        l->repeats = l->repeats && same_bits(&got, &first);
        free(got.data);
    }
    if (vt_failed()) {
        note_error(l, INFINITY, s);
        snprintf(l->message, sizeof l->message, "%s", vt_error_message());
        vt_error_clear();
    }
    free(first.data);
    free(want.data);
}

/* -- Lines --------------------------------------------------------------------------------------------------------- */

static void print_text(const char *name, const char *text)
{
    printf(", \"%s\": \"", name);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') putchar('\\');
        putchar((unsigned char)*text < ' ' ? ' ' : *text);
    }
    putchar('"');
}

static bool print_line(const line *l)
{
    bool ok = l->repeats && l->error <= l->limit;
    printf("{\"op\": \"%s\", \"what\": \"%s\", \"dtype\": \"%s\", \"samples\": %d", l->op, l->what,
           l->precision->setting.name, l->samples);
    if (isfinite(l->error))
        printf(", \"error\": %.3g", l->error);
    else
        printf(", \"error\": null");
    printf(", \"limit\": %g", l->limit);
    print_text("sample", l->worst);
    if (*l->message) print_text("message", l->message);
    printf(", \"repeats\": %s, \"ok\": %s}\n", l->repeats ? "true" : "false", ok ? "true" : "false");
    fflush(stdout);
    return ok;
}

static bool judge_op(const char *op, const op_sample *samples, const char *what, measure *measured)
{
    bool ok = true;
    for (int p = 0; p < PRECISIONS; p++) {
        line l = { .op = op, .what = what, .precision = &precisions[p], .repeats = true };
        for (const op_sample *s = samples; s->name; s++)
            if (!s->refused && (measured != measure_gradient || is_differentiable(s))) judge(&l, s, measured);
        if (l.samples) ok &= print_line(&l);
    }
    return ok;
}

/* -- Every op ------------------------------------------------------------------------------------------------------ */

#define OP(name)       extern const op_sample case_##name[];
#define VIEW(name)     OP(name)
#define FUNCTION(name) OP(name)
#define FUSED(name)    OP(name)
#define GRADIENT(name)
#include "ops/ops.def"

static bool judge_forward(void)
{
    bool ok = true;
#define OP(name)       ok &= judge_op(#name, case_##name, "forward", measure_forward);
#define VIEW(name)     OP(name)
#define FUNCTION(name) OP(name)
#define FUSED(name)    OP(name)
#define EFFECT(name)   ok &= judge_op(#name, case_##name, "forward", measure_effect);
#define GRADIENT(name)
#include "ops/ops.def"
    return ok;
}

/* A fused op is differentiated with those it stands for. */
static bool judge_gradients(void)
{
    bool ok = true;
#define OP(name)       ok &= judge_op(#name, case_##name, "gradient", measure_gradient);
#define VIEW(name)     OP(name)
#define FUNCTION(name) OP(name)
#define EFFECT(name)
#define FUSED(name)
#define GRADIENT(name)
#include "ops/ops.def"
    return ok;
}

static int usage(void)
{
    fprintf(stderr, "usage: device_accuracy [forward|gradient] [once]\n");
    return 64;
}

int main(int argc, char **argv)
{
    bool forward = true, gradients = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "forward") == 0)
            gradients = false;
        else if (strcmp(argv[i], "gradient") == 0)
            forward = false;
        else if (strcmp(argv[i], "once") == 0)
            runs = 1;
        else
            return usage();
    }
    if (!forward && !gradients) return usage();
    vt_set_device(tested_device());
    if (vt_failed()) return vt_error_print(stderr);
    bool ok = !forward || judge_forward();
    ok &= !gradients || judge_gradients();
    return ok ? 0 : 1;
}
