/* batch_norm.c - normalisation by the statistics of the batch, and the running statistics that stand in for them. */
#include "core/tensor/value.h"
#include "ops/list.h"
#include "ops/normalization.h"
#include <vitro/vitro.h>

static vt_shape channels_of(vt_shape x)
{
    return VT_SHAPE(x.dim[1]);
}

static bool fits_channels(const char *what, const spec *x, const spec *s, char message[256])
{
    char a[128], b[128];
    vt_shape want = channels_of(x->shape);
    if (s->dtype == x->dtype && vt_shape_equal(s->shape, want)) return true;
    snprintf(message, 256, "%s is %s %s, it must be %s %s, one for each channel of x", what, vt_dtype_name(s->dtype),
             vt_shape_text(s->shape, a), vt_dtype_name(x->dtype), vt_shape_text(want, b));
    return false;
}

static bool is_count(const spec *s, char message[256])
{
    char text[128];
    if (s->dtype == VT_I64 && s->shape.rank == 0) return true;
    snprintf(message, 256, "num_batches_tracked is %s %s, it must be i64 []", vt_dtype_name(s->dtype),
             vt_shape_text(s->shape, text));
    return false;
}

/* What every mode asks of x [N, C, ...] and of what comes with it. */
static bool arguments_fit(const vt_batch_norm_args *a)
{
    const struct {
        const char *what;
        vt_tensor x;
        bool optional;
    } scales[] = { { "running_mean", a->running_mean, false },
                   { "running_var", a->running_var, false },
                   { "weight", a->weight, true },
                   { "bias", a->bias, true } };
    spec x, s;
    char message[256], text[128];
    if (vt_failed() || !spec_of("batch_norm", a->at_, "x", a->x, &x)) return false;
    if (!vt_dtype_is_float(x.dtype))
        snprintf(message, sizeof message, "x is %s; it must be f32 or f64", vt_dtype_name(x.dtype));
    else if (x.shape.rank < 2)
        snprintf(message, sizeof message, "x %s must have two axes or more: [N, C, ...]", vt_shape_text(x.shape, text));
    else
        message[0] = 0;
    for (size_t i = 0; !message[0] && i < sizeof scales / sizeof *scales; i++) {
        if (scales[i].optional && !scales[i].x.id) continue;
        if (!spec_of("batch_norm", a->at_, scales[i].what, scales[i].x, &s)) return false;
        fits_channels(scales[i].what, &x, &s, message);
    }
    if (!message[0] && a->num_batches_tracked.id) {
        if (!spec_of("batch_norm", a->at_, "num_batches_tracked", a->num_batches_tracked, &s)) return false;
        is_count(&s, message);
    }
    if (!message[0]) return true;
    refuse_call("batch_norm", a->at_, VT_ERROR_ARGUMENT, "%s", message);
    return false;
}

/* The variance is the biased one. */
static bool infer_batch_norm(const node *n, const spec *in, spec *out)
{
    char text[128];
    const spec *x = &in[NORM_X];
    int64_t channels = x->shape.dim[1], count = vt_shape_count(x->shape);
    out[NORM_Y] = *x;
    out[NORM_MEAN] = (spec){ x->dtype, VT_SHAPE(2, channels) };
    out[NORM_VAR] = (spec){ x->dtype, channels_of(x->shape) };
    if (count > channels) return true;
    return refuse(n, "x %s has %s a channel; training takes two or more", vt_shape_text(x->shape, text),
                  count ? "a single value" : "no value");
}

static bool infer_gradient(const node *n, const spec *in, spec *out)
{
    const spec *x = &in[NORM_GRADIENT_X];
    out[NORM_DX] = *x;
    for (int i = NORM_DWEIGHT; i < n->outputs; i++) out[i] = (spec){ x->dtype, channels_of(x->shape) };
    return true;
}

static vt_tensor channel_mean(vt_tensor x)
{
    vt_axes axes = { .count = 0 };
    for (int i = 0; i < vt_rank(x); i++)
        if (i != 1) axes.axis[axes.count++] = i;
    return vt_mean(x, .axes = axes, .keep = true);
}

typedef struct normalized {
    vt_tensor x, mean, rest, var, rstd;
} normalized;

static normalized normalize(const node *n, vt_tensor x)
{
    normalized r = { .mean = channel_mean(x) };
    vt_tensor d = vt_sub(x, r.mean);
    r.rest = channel_mean(d);
    d = vt_sub(d, r.rest);
    r.var = channel_mean(vt_square(d));
    r.rstd = vt_rsqrt(vt_shift(r.var, ATTRIBUTES(batch_norm_attributes, n)->eps));
    r.x = vt_mul(d, r.rstd);
    return r;
}

static void batch_norm_decompose(const node *n, vt_tensor *out)
{
    vt_tensor x = n->in[NORM_X], weight = n->in[NORM_WEIGHT], bias = n->in[NORM_BIAS];
    normalized r = normalize(n, x);
    out[NORM_Y] = r.x;
    if (weight.id) out[NORM_Y] = vt_mul(out[NORM_Y], per_channel(weight, x));
    if (bias.id) out[NORM_Y] = vt_add(out[NORM_Y], per_channel(bias, x));
    out[NORM_MEAN] = vt_reshape(vt_concat(((vt_tensor[]){ r.mean, r.rest }), 2, 0), n->out_spec[NORM_MEAN].shape);
    out[NORM_VAR] = vt_reshape(r.var, n->out_spec[NORM_VAR].shape);
}

/* With x̂ the normalised x: dx = weight rstd (g - mean(g) - x̂ mean(g x̂)), dweight = Σ g x̂, dbias = Σ g. Written in x
 * alone, not in the saved statistics, so that differentiating it once more is complete. */
static void batch_norm_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[NORM_GRADIENT_G], x = n->in[NORM_GRADIENT_X], weight = n->in[NORM_GRADIENT_WEIGHT];
    normalized r = normalize(n, x);
    vt_tensor g_mean = channel_mean(g), gx_mean = channel_mean(vt_mul(g, r.x));
    vt_tensor scale = weight.id ? vt_mul(r.rstd, per_channel(weight, x)) : r.rstd;
    out[NORM_DX] = vt_mul(vt_sub(vt_sub(g, g_mean), vt_mul(r.x, gx_mean)), scale);
    if (n->outputs == 1) return;
    double count = (double)vt_count(x) / (double)vt_dim(x, 1);
    out[NORM_DWEIGHT] = vt_reshape(vt_scale(gx_mean, count), n->out_spec[NORM_DWEIGHT].shape);
    out[NORM_DBIAS] = vt_reshape(vt_scale(g_mean, count), n->out_spec[NORM_DBIAS].shape);
}

static void batch_norm_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    record_norm_gradient(&op_batch_norm_gradient, n, g[NORM_Y], dx);
}

const op op_batch_norm = { OP_HEAD(batch_norm, 1, 3, 3), .infer = infer_batch_norm, .vjp = batch_norm_vjp,
                           .decompose = batch_norm_decompose };
const op op_batch_norm_gradient = { OP_HEAD(batch_norm_gradient, 4, 5, 0), .infer = infer_gradient,
                                    .decompose = batch_norm_gradient_decompose };

/* -- Running statistics ------------------------------------------------------------------------------------------- */

static bool infer_running_statistics(const node *n, const spec *in, spec *out)
{
    (void)n, (void)in, (void)out;
    return true;
}

static bool running_statistics_writes(int i)
{
    return i == RUNNING_MEAN || i == RUNNING_VAR || i == RUNNING_BATCHES;
}

/* running + momentum (batch - running) */
static void move_towards(vt_tensor running, vt_tensor batch, double scale, double momentum)
{
    vt_assign(running, vt_add(vt_scale(running, 1 - momentum), vt_scale(batch, scale * momentum)));
}

static void running_statistics_decompose(const node *n, vt_tensor *out)
{
    const running_statistics_attributes *a = ATTRIBUTES(running_statistics_attributes, n);
    const vt_tensor *in = n->in;
    (void)out;
    vt_tensor mean = vt_reshape(vt_slice(in[RUNNING_BATCH_MEAN], 0, 0, 1), vt_shape_of(in[RUNNING_MEAN]));
    move_towards(in[RUNNING_MEAN], mean, 1, a->momentum);
    move_towards(in[RUNNING_VAR], in[RUNNING_BATCH_VAR], a->correction, a->momentum);
    if (in[RUNNING_BATCHES].id)
        vt_assign(in[RUNNING_BATCHES], vt_add(in[RUNNING_BATCHES], vt_full(VT_SCALAR, 1, .dtype = VT_I64)));
}

const op op_running_statistics = { OP_HEAD(running_statistics, RUNNING_BATCHES, RUNNING_INPUTS, 0),
                                   .infer = infer_running_statistics, .writes = running_statistics_writes,
                                   .decompose = running_statistics_decompose };

/* -- The public function ------------------------------------------------------------------------------------------ */

static vt_tensor by_batch(const vt_batch_norm_args *a)
{
    vt_tensor out[3];
    if (is_same_tensor(a->running_mean, a->running_var))
        return refuse_call("batch_norm", a->at_, VT_ERROR_ARGUMENT,
                           "running_mean and running_var are one tensor, and both are overwritten");
    if (!record_into(&(recording){ .op = &op_batch_norm,
                                   .at = a->at_,
                                   INPUTS(a->x, a->weight, a->bias),
                                   ATTRIBUTE(batch_norm_attributes, .eps = a->eps) },
                     out))
        return out[NORM_Y];
    double count = (double)vt_count(a->x) / (double)vt_dim(a->x, 1);
    record(&op_running_statistics, a->at_,
           INPUTS(a->running_mean, a->running_var, out[NORM_MEAN], out[NORM_VAR], a->num_batches_tracked),
           ATTRIBUTE(running_statistics_attributes, .momentum = a->momentum, .correction = count / (count - 1)));
    return out[NORM_Y];
}

/* y = x scale + shift, with what belongs to a channel folded first. */
static vt_tensor by_running(const vt_batch_norm_args *a)
{
    vt_tensor scale = vt_rsqrt(vt_shift(a->running_var, a->eps));
    if (a->weight.id) scale = vt_mul(scale, a->weight);
    vt_tensor shift = vt_neg(vt_mul(a->running_mean, scale));
    if (a->bias.id) shift = vt_add(shift, a->bias);
    return vt_add(vt_mul(a->x, per_channel(scale, a->x)), per_channel(shift, a->x));
}

vt_tensor vt_batch_norm_with(const vt_batch_norm_args *a)
{
    NEED_ARGUMENTS("batch_norm", a, VT_INERT);
    ENTER("batch_norm", a->at_);
    if (!arguments_fit(a) || !eps_fits("batch_norm", a->at_, a->eps) ||
        !number_fits(a->momentum >= 0 && a->momentum <= 1, "batch_norm", a->at_, "momentum", a->momentum,
                     "from 0 to 1"))
        return VT_INERT;
    vt_tensor y = vt_training() ? by_batch(a) : by_running(a);
    return vt_failed() ? VT_INERT : y;
}
