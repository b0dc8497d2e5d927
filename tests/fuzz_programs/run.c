/* run.c - runs a program, statement by statement, in a mode. */
#include "run.h"
#include "random.h"
#include "rounding.h"
#include "core/context.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const mode oracle = { .name = "the reference in f64",
                      .device = "reference",
                      .precision = VT_F64,
                      .pass_off = "all",
                      .disturbances = UNDISTURBED };

vt_dtype dtype_of_element(element e, vt_dtype precision)
{
    static const vt_dtype fixed[ELEMENT_COUNT] = { [I64] = VT_I64, [I32] = VT_I32, [U8] = VT_U8, [BOOLEAN] = VT_BOOL };
    if (fixed[e]) return fixed[e];
    return e == DOUBLE || precision == VT_F64 ? VT_F64 : VT_F32;
}

/* -- What it shows ------------------------------------------------------------------------------------------------- */

void observe(running *r, vt_tensor x)
{
    observation seen = { r->at, vt_dtype_of(x), vt_shape_of(x), vt_count(x), NULL };
    seen.data = malloc((size_t)(seen.count + 1) * sizeof *seen.data);
    if (!seen.data) abort();
    if (vt_read(x, seen.data, seen.count, VT_F64) && r->outcome->count < MAX_STATEMENTS)
        r->outcome->observations[r->outcome->count++] = seen;
    else
        free(seen.data);
}

void outcome_free(outcome *o)
{
    for (int i = 0; i < o->count; i++) free(o->observations[i].data);
    o->count = 0;
}

static void fail(running *r, const char *message)
{
    outcome *o = r->outcome;
    if (o->failed) return;
    o->failed = true;
    o->statement = r->at;
    o->status = vt_error_status();
    snprintf(o->message, sizeof o->message, "%s", message);
}

/* -- A statement --------------------------------------------------------------------------------------------------- */

static vt_tensor with_noise(vt_tensor x, double noise, uint64_t seed)
{
    dice d = { seed };
    int64_t count = vt_count(x);
    double *factors = malloc((size_t)(count + 1) * sizeof *factors);
    if (!factors) abort();
    for (int64_t i = 0; i < count; i++) factors[i] = 1 + noise * uniform(&d, -1, 1);
    vt_tensor y = vt_mul(x, vt_from_data(factors, vt_shape_of(x), VT_F64));
    free(factors);
    return y;
}

/* bf16 rounds factors of products, and products where a plan stores them so. What is computed from one now and once
 * more later is so of one rounding, and of another. */
static double noise_of(const running *r, const statement *s, bool product)
{
    if (s->operation->flags & EXACT) return 0;
    bool larger = product && r->mode->product_noise > r->mode->noise;
    return larger ? r->mode->product_noise : r->mode->noise;
}

static bool is_of_products(const running *r, const statement *s)
{
    bool is =
        s->operation->flags & PRODUCT || s->operation == &operation_gradient || s->operation == &operation_gradients;
    for (int i = 0; i < s->inputs; i++) is |= s->in[i] != NO_VARIABLE && r->of_products[s->in[i]];
    return is;
}

/* What is overwritten must be the leaf itself. */
static bool takes_noise(const statement *s, vt_tensor x)
{
    if (!vt_is_live(x) || !vt_dtype_is_float(vt_dtype_of(x))) return false;
    return !(s->operation->flags & OVERWRITES) || value_of(context_get(), x)->producer;
}

static vt_tensor noisy(const running *r, const statement *s, vt_tensor x, bool product, int place)
{
    double noise = noise_of(r, s, s->operation->flags & PRODUCT || product);
    if (!(noise > 0) || !takes_noise(s, x)) return x;
    return with_noise(x, noise, r->mode->noise_seed + 1000 * (uint64_t)r->at + (uint64_t)place);
}

bool is_left_out(const mode *m, unsigned flags)
{
    return (flags & LIFETIME && m->disturbances < LIFETIMES) || (flags & SETTING && m->disturbances < AS_DRAWN);
}

bool run_statement(running *r, const statement *s)
{
    vt_tensor in[MAX_INPUTS] = { 0 }, out[MAX_OUTPUTS] = { 0 };
    if (is_left_out(r->mode, s->operation->flags)) return true;
    for (int i = 0; i < s->inputs; i++)
        if (s->in[i] != NO_VARIABLE) in[i] = noisy(r, s, r->variables[s->in[i]], r->of_products[s->in[i]], i);
    s->operation->call(&(call){ s, r, in, out });
    for (int i = 0; i < s->outputs; i++) {
        r->variables[s->out + i] = noisy(r, s, out[i], false, 100 + i);
        r->of_products[s->out + i] = is_of_products(r, s);
    }
    if (!vt_failed()) return true;
    fail(r, vt_error_message());
    return false;
}

/* -- All of it ----------------------------------------------------------------------------------------------------- */

static void set(const mode *m)
{
    vt_set_eager(false);
    vt_set_precision(VT_F32); /* which every device has */
    vt_set_device(m->device);
    vt_set_precision(m->precision);
    vt_set_eager(m->eager);
    vt_set_training(true);
    vt_set_threads(m->threads ? m->threads : 1);
    vt_set_pass("all", true);
    if (m->pass_off) vt_set_pass(m->pass_off, false);
    vt_seed(1);
    context *c = context_get();
    c->force_decompose = m->decomposed || m->noise > 0;
    if (m->noise > 0) c->device = rounding_device(m->noise, m->noise_seed);
}

void run_begin(running *r, const program *p, const mode *m, outcome *o)
{
    *r = (running){ .program = p, .mode = m, .outcome = o };
    *o = (outcome){ 0 };
    set(m);
    r->scopes[0] = vt_scope_begin();
    r->model = vt_model_new();
    if (vt_failed()) fail(r, vt_error_message());
}

void run_end(running *r)
{
    vt_scope_end(&r->scopes[0]);
    if (vt_failed()) fail(r, vt_error_message());
    vt_error_clear();
    vt_optimizer_free(r->optimizer);
    vt_model_free(r->model);
    vt_statistics left = vt_statistics_get();
    char text[96];
    snprintf(text, sizeof text, "%lld tensors of %lld bytes are left behind", (long long)left.live_tensors,
             (long long)left.live_bytes);
    if (left.live_tensors || left.live_bytes) fail(r, text);
    if (left.live_tensors || left.live_bytes) vt_shutdown();
}

void run_program(const program *p, const mode *m, outcome *o)
{
    running r;
    run_begin(&r, p, m, o);
    while (!o->failed && r.at < p->count && run_statement(&r, &p->statements[r.at])) r.at++;
    run_end(&r);
}
