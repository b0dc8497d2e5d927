/* normalization.c - layer, RMS and group normalisation. */
#include "ops/normalization.h"
#include "ops/list.h"
#include <vitro/vitro.h>
#include <limits.h>
#include <math.h>

/* -- Checks ------------------------------------------------------------------------------------------------------ */

/* A weight or a bias; absent is fine. */
static bool scale_fits(const node *n, const spec *x, const spec *scale, const char *what, vt_shape shape)
{
    char a[128], b[128];
    if (scale->dtype == VT_DTYPE_DEFAULT || (scale->dtype == x->dtype && vt_shape_equal(scale->shape, shape)))
        return true;
    return refuse(n, "%s is %s %s, it must be %s %s", what, vt_dtype_name(scale->dtype), vt_shape_text(scale->shape, a),
                  vt_dtype_name(x->dtype), vt_shape_text(shape, b));
}

/* Splits the shape into what counts rows, and what is normalised together. */
static bool split_rows(const node *n, const spec *x, vt_shape *lead, vt_shape *row)
{
    int64_t rank = ATTRIBUTES(row_norm_attributes, n)->rank;
    char text[128];
    if (!vt_dtype_is_float(x->dtype)) return refuse(n, "x is %s; it must be f32 or f64", vt_dtype_name(x->dtype));
    if (rank < 1 || rank > x->shape.rank)
        return refuse(n, "x %s does not have %lld axes to normalise", vt_shape_text(x->shape, text), (long long)rank);
    *lead = x->shape;
    lead->rank -= (int)rank;
    *row = (vt_shape){ .rank = (int)rank };
    for (int i = 0; i < rank; i++) row->dim[i] = x->shape.dim[lead->rank + i];
    if (vt_shape_count(*row)) return true;
    return refuse(n, "x %s has no element to normalise", vt_shape_text(x->shape, text));
}

/* The mean is two numbers: where a row lies far from 0 and close together, the one nearest to it is too far off. */
static bool infer_layer_norm(const node *n, const spec *in, spec *out)
{
    vt_shape lead, row;
    const spec *x = &in[NORM_X];
    if (!split_rows(n, x, &lead, &row)) return false;
    out[NORM_Y] = *x;
    out[NORM_MEAN] = out[NORM_RSTD] = (spec){ x->dtype, lead };
    out[NORM_MEAN].shape.dim[out[NORM_MEAN].shape.rank++] = 2;
    return scale_fits(n, x, &in[NORM_WEIGHT], "weight", row) && scale_fits(n, x, &in[NORM_BIAS], "bias", row);
}

static bool infer_rms_norm(const node *n, const spec *in, spec *out)
{
    vt_shape lead, row;
    const spec *x = &in[RMS_NORM_X];
    if (!split_rows(n, x, &lead, &row)) return false;
    out[RMS_NORM_Y] = *x;
    out[RMS_NORM_RSTD] = (spec){ x->dtype, lead };
    return scale_fits(n, x, &in[RMS_NORM_WEIGHT], "weight", row);
}

static bool infer_row_gradient(const node *n, const spec *in, spec *out)
{
    vt_shape lead, row;
    const spec *x = &in[NORM_GRADIENT_X];
    if (!split_rows(n, x, &lead, &row)) return false;
    out[NORM_DX] = *x;
    for (int i = NORM_DWEIGHT; i < n->outputs; i++) out[i] = (spec){ x->dtype, row };
    return true;
}

/* -- Rows -------------------------------------------------------------------------------------------------------- */

static vt_tensor row_mean(const node *n, vt_tensor x)
{
    vt_axes axes = { .count = (int)ATTRIBUTES(row_norm_attributes, n)->rank };
    for (int i = 0; i < axes.count; i++) axes.axis[i] = i - axes.count;
    return vt_mean(x, .axes = axes, .keep = true);
}

typedef struct normalized {
    vt_tensor x, mean, rest, rstd; /* all but x broadcast to x; rest: the mean of x - mean, which rounding leaves */
} normalized;

static normalized normalize_rows(const node *n, vt_tensor x, bool centered)
{
    normalized r = { .x = x };
    if (centered) {
        r.mean = row_mean(n, x);
        r.x = vt_sub(x, r.mean);
        r.rest = row_mean(n, r.x);
        r.x = vt_sub(r.x, r.rest);
    }
    r.rstd = vt_rsqrt(vt_shift(row_mean(n, vt_square(r.x)), ATTRIBUTES(row_norm_attributes, n)->eps));
    r.x = vt_mul(r.x, r.rstd);
    return r;
}

static vt_tensor scaled(vt_tensor x, vt_tensor weight, vt_tensor bias)
{
    if (weight.id) x = vt_mul(x, weight);
    return bias.id ? vt_add(x, bias) : x;
}

static void layer_norm_decompose(const node *n, vt_tensor *out)
{
    normalized r = normalize_rows(n, n->in[NORM_X], true);
    vt_shape rows = n->out_spec[NORM_RSTD].shape;
    out[NORM_Y] = scaled(r.x, n->in[NORM_WEIGHT], n->in[NORM_BIAS]);
    out[NORM_MEAN] = vt_stack(((vt_tensor[]){ vt_reshape(r.mean, rows), vt_reshape(r.rest, rows) }), 2, rows.rank);
    out[NORM_RSTD] = vt_reshape(r.rstd, rows);
}

static void rms_norm_decompose(const node *n, vt_tensor *out)
{
    normalized r = normalize_rows(n, n->in[RMS_NORM_X], false);
    out[RMS_NORM_Y] = scaled(r.x, n->in[RMS_NORM_WEIGHT], VT_INERT);
    out[RMS_NORM_RSTD] = vt_reshape(r.rstd, n->out_spec[RMS_NORM_RSTD].shape);
}

/* With x̂ the normalised rows and h = g weight: dx = (h - mean(h) - x̂ mean(h x̂)) rstd, without mean(h) where the mean
 * was not subtracted; dweight = Σ g x̂, dbias = Σ g. Written in x alone, not in the saved mean and rstd, so that
 * differentiating it once more is complete. */
static void row_gradient_decompose(const node *n, vt_tensor weight, bool centered, vt_tensor *out)
{
    vt_tensor g = n->in[NORM_GRADIENT_G];
    normalized r = normalize_rows(n, n->in[NORM_GRADIENT_X], centered);
    vt_tensor h = weight.id ? vt_mul(g, weight) : g;
    vt_tensor inner = vt_sub(h, vt_mul(r.x, row_mean(n, vt_mul(h, r.x))));
    if (centered) inner = vt_sub(inner, row_mean(n, h));
    out[NORM_DX] = vt_mul(inner, r.rstd);
    if (n->outputs > NORM_DWEIGHT) out[NORM_DWEIGHT] = vt_sum_to(vt_mul(g, r.x), n->out_spec[NORM_DWEIGHT].shape);
    if (n->outputs > NORM_DBIAS) out[NORM_DBIAS] = vt_sum_to(g, n->out_spec[NORM_DBIAS].shape);
}

static void layer_norm_gradient_decompose(const node *n, vt_tensor *out)
{
    row_gradient_decompose(n, n->in[NORM_GRADIENT_WEIGHT], true, out);
}

static void rms_norm_gradient_decompose(const node *n, vt_tensor *out)
{
    row_gradient_decompose(n, n->in[RMS_NORM_GRADIENT_WEIGHT], false, out);
}

void record_norm_gradient(const op *gradient, const node *n, vt_tensor g, vt_tensor *dx)
{
    vt_tensor x = n->in[NORM_X], weight = n->in[NORM_WEIGHT], bias = n->in[NORM_BIAS];
    record_into(&(recording){ .op = gradient,
                              .at = n->at,
                              INPUTS(g, x, n->out[NORM_MEAN], n->out[NORM_RSTD], weight),
                              .attributes = n->attributes,
                              .attributes_size = n->attributes_size,
                              .outputs = weight.id || bias.id ? 3 : 1 },
                dx);
}

static void layer_norm_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    record_norm_gradient(&op_layer_norm_gradient, n, g[NORM_Y], dx);
}

static void rms_norm_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor weight = n->in[RMS_NORM_WEIGHT];
    record_into(&(recording){ .op = &op_rms_norm_gradient,
                              .at = n->at,
                              INPUTS(g[RMS_NORM_Y], n->in[RMS_NORM_X], n->out[RMS_NORM_RSTD], weight),
                              .attributes = n->attributes,
                              .attributes_size = n->attributes_size,
                              .outputs = weight.id ? 2 : 1 },
                dx);
}

const op op_layer_norm = { OP_HEAD(layer_norm, 1, 3, 3), .decompose = layer_norm_decompose, .infer = infer_layer_norm,
                           .vjp = layer_norm_vjp };
const op op_layer_norm_gradient = { OP_HEAD(layer_norm_gradient, 4, 5, 0), .decompose = layer_norm_gradient_decompose,
                                    .infer = infer_row_gradient };
const op op_rms_norm = { OP_HEAD(rms_norm, 1, 2, 2), .decompose = rms_norm_decompose, .infer = infer_rms_norm,
                         .vjp = rms_norm_vjp };
const op op_rms_norm_gradient = { OP_HEAD(rms_norm_gradient, 3, 4, 0), .decompose = rms_norm_gradient_decompose,
                                  .infer = infer_row_gradient };

bool eps_fits(const char *name, vt_site at, double eps)
{
    return number_fits(eps >= 0 && isfinite(eps), name, at, "eps", eps, "finite, 0 or more");
}

vt_tensor vt_layer_norm_with(const vt_layer_norm_args *a)
{
    NEED_ARGUMENTS("layer_norm", a, VT_INERT);
    vt_tensor out[3];
    row_norm_attributes attributes = { .rank = a->rank, .eps = a->eps };
    if (!eps_fits("layer_norm", a->at_, a->eps)) return VT_INERT;
    record_into(&(recording){ .op = &op_layer_norm,
                              .at = a->at_,
                              INPUTS(a->x, a->weight, a->bias),
                              .attributes = &attributes,
                              .attributes_size = sizeof attributes },
                out);
    return out[NORM_Y];
}

vt_tensor vt_rms_norm_with(const vt_rms_norm_args *a)
{
    NEED_ARGUMENTS("rms_norm", a, VT_INERT);
    vt_tensor out[2];
    row_norm_attributes attributes = { .rank = a->rank, .eps = a->eps };
    if (!eps_fits("rms_norm", a->at_, a->eps)) return VT_INERT;
    record_into(&(recording){ .op = &op_rms_norm,
                              .at = a->at_,
                              INPUTS(a->x, a->weight),
                              .attributes = &attributes,
                              .attributes_size = sizeof attributes },
                out);
    return out[RMS_NORM_Y];
}

/* -- Groups of channels: rows of another shape, and a weight for each channel ------------------------------------ */

vt_tensor per_channel(vt_tensor scale, vt_tensor x)
{
    vt_shape shape = { .rank = vt_rank(x) - 1 };
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = i ? 1 : vt_dim(x, 1);
    return scale.id ? vt_reshape(scale, shape) : scale;
}

static bool group_scale_fits(const vt_group_norm_args *a, const char *what, vt_tensor scale, int64_t channels)
{
    spec s;
    char text[128];
    if (!scale.id) return true;
    if (!spec_of("group_norm", a->at_, what, scale, &s)) return false;
    if (s.shape.rank == 1 && s.shape.dim[0] == channels) return true;
    refuse_call("group_norm", a->at_, VT_ERROR_ARGUMENT, "%s is %s, it must be [%lld], one for each channel", what,
                vt_shape_text(s.shape, text), (long long)channels);
    return false;
}

vt_tensor vt_group_norm_with(const vt_group_norm_args *a)
{
    NEED_ARGUMENTS("group_norm", a, VT_INERT);
    ENTER("group_norm", a->at_);
    spec s;
    char text[128];
    if (vt_failed() || !spec_of("group_norm", a->at_, "x", a->x, &s)) return VT_INERT;
    if (s.shape.rank < 2)
        return refuse_call("group_norm", a->at_, VT_ERROR_ARGUMENT, "x %s must have two axes or more: [N, C, ...]",
                           vt_shape_text(s.shape, text));
    int64_t channels = s.shape.dim[1];
    if (a->groups < 1 || channels % a->groups)
        return refuse_call("group_norm", a->at_, VT_ERROR_ARGUMENT, "%lld channels do not make %d equal groups",
                           (long long)channels, a->groups);
    if (!eps_fits("group_norm", a->at_, a->eps) || !group_scale_fits(a, "weight", a->weight, channels) ||
        !group_scale_fits(a, "bias", a->bias, channels))
        return VT_INERT;
    int64_t samples = s.shape.dim[0], count = vt_shape_count(s.shape);
    vt_shape rows = VT_SHAPE(samples, a->groups, samples ? count / samples / a->groups : 1);
    vt_tensor y = vt_layer_norm(vt_reshape(a->x, rows), .eps = a->eps);
    return scaled(vt_reshape(y, s.shape), per_channel(a->weight, a->x), per_channel(a->bias, a->x));
}

vt_tensor vt_instance_norm_with(const vt_instance_norm_args *a)
{
    NEED_ARGUMENTS("instance_norm", a, VT_INERT);
    ENTER("instance_norm", a->at_);
    spec s;
    char text[128];
    if (vt_failed() || !spec_of("instance_norm", a->at_, "x", a->x, &s)) return VT_INERT;
    if (s.shape.rank < 3 || s.shape.dim[1] < 1 || s.shape.dim[1] > INT_MAX)
        return refuse_call("instance_norm", a->at_, VT_ERROR_ARGUMENT,
                           "x %s must be [N, C, ...], of one channel or more, with axes to normalise over",
                           vt_shape_text(s.shape, text));
    return vt_group_norm(a->x, (int)s.shape.dim[1], .weight = a->weight, .bias = a->bias, .eps = a->eps);
}
