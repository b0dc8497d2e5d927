/* loss.c - losses. All but cross-entropy are written in ops on each element. */
#include "ops/loss.h"
#include "ops/infer.h"
#include <vitro/vitro.h>

/* -- From the losses of elements to the loss --------------------------------------------------------------------- */

static vt_tensor reduced(vt_tensor losses, vt_reduction reduction)
{
    switch (reduction) {
    case VT_REDUCTION_MEAN: return vt_mean(losses);
    case VT_REDUCTION_SUM: return vt_sum(losses);
    case VT_REDUCTION_BATCH_MEAN: return vt_scale(vt_sum(losses), 1 / (double)vt_dim(losses, 0));
    default: return losses;
    }
}

static bool reduction_fits(const char *name, vt_site at, vt_reduction reduction, const spec *x)
{
    if ((unsigned)reduction > VT_REDUCTION_BATCH_MEAN)
        refuse_call(name, at, VT_ERROR_ARGUMENT, "reduction %d is none of vt_reduction", (int)reduction);
    else if (reduction == VT_REDUCTION_BATCH_MEAN && x->shape.rank == 0)
        refuse_call(name, at, VT_ERROR_ARGUMENT, "a scalar has no batch to take the mean over");
    else
        return true;
    return false;
}

/* Two tensors of one shape and of one floating-point dtype; nothing broadcasts, since with a loss that is a mistake. */
static bool pair_fits(const char *name, vt_site at, const char *what, vt_tensor input, vt_tensor target,
                      vt_reduction reduction)
{
    spec x, t;
    char a[128], b[128];
    if (vt_failed() || !spec_of(name, at, what, input, &x) || !spec_of(name, at, "target", target, &t)) return false;
    if (!vt_dtype_is_float(x.dtype) || x.dtype != t.dtype || !vt_shape_equal(x.shape, t.shape)) {
        refuse_call(name, at, VT_ERROR_ARGUMENT,
                    "%s is %s %s, target is %s %s; they must have one shape, and be f32 or both f64", what,
                    vt_dtype_name(x.dtype), vt_shape_text(x.shape, a), vt_dtype_name(t.dtype),
                    vt_shape_text(t.shape, b));
        return false;
    }
    return reduction_fits(name, at, reduction, &x);
}

/* -- Cross-entropy of labels: a node ----------------------------------------------------------------------------- */

static vt_shape without_classes(vt_shape logits)
{
    vt_shape shape = { .rank = 0 };
    for (int i = 0; i < logits.rank; i++)
        if (i != 1) shape.dim[shape.rank++] = logits.dim[i];
    return shape;
}

static bool infer_cross_entropy(const node *n, const spec *in, spec *out)
{
    char a[128], b[128];
    const spec *logits = &in[CROSS_ENTROPY_LOGITS], *target = &in[CROSS_ENTROPY_TARGET];
    vt_shape rows = without_classes(logits->shape);
    out[CROSS_ENTROPY_LOSS] = out[CROSS_ENTROPY_LOGSUMEXP] = (spec){ logits->dtype, rows };
    if (target->dtype != VT_I64)
        return refuse(n, "target is %s; it must be i64 labels, or probabilities of the dtype of the logits",
                      vt_dtype_name(target->dtype));
    if (vt_shape_equal(target->shape, rows)) return true;
    return refuse(n, "target %s does not fit logits %s: labels must be %s", vt_shape_text(target->shape, a),
                  vt_shape_text(logits->shape, b), vt_shape_text(rows, (char[128]){ 0 }));
}

static bool infer_cross_entropy_gradient(const node *n, const spec *in, spec *out)
{
    (void)n;
    out[0] = in[CROSS_ENTROPY_GRADIENT_LOGITS];
    return true;
}

/* A tensor of one number a label, with an axis of classes of extent 1. */
static vt_tensor with_classes(vt_tensor x, vt_tensor logits)
{
    vt_shape shape = vt_shape_of(logits);
    shape.dim[1] = 1;
    return vt_reshape(x, shape);
}

static vt_tensor counts(vt_tensor target)
{
    return vt_not_equal(target, constant_like(target, VT_IGNORE));
}

static vt_tensor zero_unless(vt_tensor condition, vt_tensor x)
{
    return vt_where(condition, x, constant_like(x, 0));
}

/* The distribution that each label stands for, of the logits' shape; zeros where the label is ignored. */
static vt_tensor distribution(const node *n, vt_tensor logits, vt_tensor target)
{
    double s = ATTRIBUTES(cross_entropy_attributes, n)->label_smoothing;
    vt_shape along = { .rank = vt_rank(logits) - 1 };
    int64_t classes = vt_dim(logits, 1);
    for (int i = 0; i < along.rank; i++) along.dim[i] = i ? 1 : classes;
    vt_tensor one = vt_full(along, 1, .dtype = VT_I64);
    vt_tensor number = vt_sub(vt_cumsum(one, 0), one);
    vt_tensor is_label = vt_cast(vt_equal(number, target), vt_dtype_of(logits));
    return zero_unless(counts(target), vt_affine(is_label, 1 - s, s / (double)classes));
}

/* log Σ e^x - Σ p x, with Σ p = 1. A logit of -inf in a class of probability 0 costs nothing. Labels out of range,
 * which kernels refuse, go unnoticed here: they are in no class. */
static void cross_entropy_decompose(const node *n, vt_tensor *out)
{
    vt_tensor logits = n->in[CROSS_ENTROPY_LOGITS], target = with_classes(n->in[CROSS_ENTROPY_TARGET], logits);
    vt_tensor p = distribution(n, logits, target);
    vt_tensor weighted = zero_unless(vt_not_equal(p, constant_like(p, 0)), vt_mul(p, logits));
    out[CROSS_ENTROPY_LOGSUMEXP] = vt_logsumexp(logits, .axes = VT_AXES(1));
    vt_tensor whole = zero_unless(counts(target), with_classes(out[CROSS_ENTROPY_LOGSUMEXP], logits));
    out[CROSS_ENTROPY_LOSS] = vt_reshape(vt_sub(whole, vt_sum(weighted, .axes = VT_AXES(1), .keep = true)),
                                         n->out_spec[CROSS_ENTROPY_LOSS].shape);
}

/* dx = g (softmax(x) - p). Written in x alone, not in the saved log Σ e^x, so that differentiating it once more is
 * complete. */
static void cross_entropy_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor logits = n->in[CROSS_ENTROPY_GRADIENT_LOGITS];
    vt_tensor target = with_classes(n->in[CROSS_ENTROPY_GRADIENT_TARGET], logits);
    vt_tensor counting = zero_unless(counts(target), logits); /* ignored ones may be -inf altogether */
    vt_tensor excess = vt_sub(zero_unless(counts(target), vt_softmax(counting, 1)), distribution(n, logits, target));
    out[0] = vt_mul(with_classes(n->in[CROSS_ENTROPY_GRADIENT_G], logits), excess);
}

static void cross_entropy_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor logits = n->in[CROSS_ENTROPY_LOGITS], target = n->in[CROSS_ENTROPY_TARGET];
    dx[CROSS_ENTROPY_LOGITS] = record(&op_cross_entropy_gradient, n->at,
                                      INPUTS(g[CROSS_ENTROPY_LOSS], logits, target, n->out[CROSS_ENTROPY_LOGSUMEXP]),
                                      .attributes = n->attributes, .attributes_size = n->attributes_size);
}

const op op_cross_entropy = { OP_HEAD(cross_entropy, 2, 2, 2), .infer = infer_cross_entropy, .vjp = cross_entropy_vjp,
                              .decompose = cross_entropy_decompose };
const op op_cross_entropy_gradient = { OP_HEAD(cross_entropy_gradient, 4, 4, 1), .infer = infer_cross_entropy_gradient,
                                       .decompose = cross_entropy_gradient_decompose };

static vt_tensor of_labels(const vt_cross_entropy_args *a)
{
    vt_tensor out[2];
    if (!record_into(&(recording){ .op = &op_cross_entropy,
                                   .at = a->at_,
                                   INPUTS(a->logits, a->target),
                                   ATTRIBUTE(cross_entropy_attributes, .label_smoothing = a->label_smoothing) },
                     out))
        return out[0];
    if (a->reduction != VT_REDUCTION_MEAN) return reduced(out[0], a->reduction);
    vt_tensor count = vt_cast(vt_sum(counts(a->target)), vt_dtype_of(out[0]));
    return vt_div(vt_sum(out[0]), count);
}

/* The number of each class along axis 1 of the logits. */
static vt_tensor along_classes(vt_tensor weight, int rank)
{
    vt_shape shape = { .rank = rank - 1 };
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = i ? 1 : vt_dim(weight, 0);
    return vt_reshape(weight, shape);
}

/* w[label]; 0 where the label is ignored */
static vt_tensor weight_of_labels(vt_tensor weight, vt_tensor labels)
{
    vt_tensor counting = counts(labels), row = vt_reshape(zero_unless(counting, labels), VT_SHAPE(vt_count(labels)));
    return zero_unless(counting, vt_reshape(vt_index_select(weight, 0, row), vt_shape_of(labels)));
}

/* -Σ w log softmax(x); 0 where the label is ignored, whose logits may be -inf altogether */
static vt_tensor weighted_sum(vt_tensor weight, vt_tensor logits, vt_tensor labels)
{
    vt_tensor counting = counts(labels), x = zero_unless(with_classes(counting, logits), logits);
    vt_tensor terms = vt_mul(along_classes(weight, vt_rank(logits)), vt_log_softmax(x, 1));
    return zero_unless(counting, vt_neg(vt_sum(terms, .axes = VT_AXES(1))));
}

/* (1 - s) w[label] (-log softmax(x)[label]) + s / C Σ w (-log softmax(x)) */
static vt_tensor of_weighted_labels(const vt_cross_entropy_args *a, double classes)
{
    double s = a->label_smoothing;
    vt_tensor out[2];
    if (!record_into(&(recording){ .op = &op_cross_entropy,
                                   .at = a->at_,
                                   INPUTS(a->logits, a->target),
                                   ATTRIBUTE(cross_entropy_attributes, .label_smoothing = 0) },
                     out))
        return out[0];
    vt_tensor of_labels = weight_of_labels(a->weight, a->target), losses = vt_mul(of_labels, out[0]);
    if (s > 0) {
        vt_tensor smooth = weighted_sum(a->weight, a->logits, a->target);
        losses = vt_add(vt_scale(losses, 1 - s), vt_scale(smooth, s / classes));
    }
    if (a->reduction != VT_REDUCTION_MEAN) return reduced(losses, a->reduction);
    return vt_div(vt_sum(losses), vt_sum(of_labels));
}

static vt_tensor of_probabilities(const vt_cross_entropy_args *a, const spec *logits)
{
    double s = a->label_smoothing, classes = (double)logits->shape.dim[1];
    vt_tensor p = s == 0 ? a->target : vt_affine(a->target, 1 - s, s / classes);
    if (a->weight.id) p = vt_mul(p, along_classes(a->weight, logits->shape.rank));
    vt_tensor losses = vt_neg(vt_sum(vt_mul(p, vt_log_softmax(a->logits, 1)), .axes = VT_AXES(1)));
    return reduced(losses, a->reduction);
}

static bool weight_fits(const vt_cross_entropy_args *a, const spec *logits)
{
    spec w;
    char text[128];
    if (!spec_of("cross_entropy", a->at_, "weight", a->weight, &w)) return false;
    if (w.dtype == logits->dtype && w.shape.rank == 1 && w.shape.dim[0] == logits->shape.dim[1]) return true;
    refuse_call("cross_entropy", a->at_, VT_ERROR_ARGUMENT, "weight is %s %s; it must be %s [%lld], a number a class",
                vt_dtype_name(w.dtype), vt_shape_text(w.shape, text), vt_dtype_name(logits->dtype),
                (long long)logits->shape.dim[1]);
    return false;
}

vt_tensor vt_cross_entropy_with(const vt_cross_entropy_args *a)
{
    NEED_ARGUMENTS("cross_entropy", a, VT_INERT);
    const char *name = "cross_entropy";
    ENTER(name, a->at_);
    spec x, t;
    char text[128];
    if (vt_failed() || !spec_of(name, a->at_, "logits", a->logits, &x) ||
        !spec_of(name, a->at_, "target", a->target, &t) || !reduction_fits(name, a->at_, a->reduction, &x))
        return VT_INERT;
    if (!vt_dtype_is_float(x.dtype) || x.shape.rank < 2 || x.shape.dim[1] == 0)
        return refuse_call(name, a->at_, VT_ERROR_ARGUMENT,
                           "logits are %s %s; they must be f32 or f64 [N, C, ...] with a class or more",
                           vt_dtype_name(x.dtype), vt_shape_text(x.shape, text));
    if (!(a->label_smoothing >= 0 && a->label_smoothing <= 1))
        return refuse_call(name, a->at_, VT_ERROR_ARGUMENT, "label_smoothing %g; it is 0 to 1", a->label_smoothing);
    if (a->weight.id && !weight_fits(a, &x)) return VT_INERT;
    if (!vt_dtype_is_float(t.dtype)) return a->weight.id ? of_weighted_labels(a, (double)x.shape.dim[1]) : of_labels(a);
    if (!pair_fits(name, a->at_, "logits", a->logits, a->target, a->reduction)) return VT_INERT;
    return of_probabilities(a, &x);
}

vt_tensor vt_correct_count_at(vt_site at, vt_tensor logits, vt_tensor labels)
{
    ENTER("correct", at);
    spec x, t;
    char a[128], b[128];
    if (vt_failed() || !spec_of("correct", at, "logits", logits, &x) || !spec_of("correct", at, "labels", labels, &t))
        return VT_INERT;
    if (x.shape.rank < 2 || t.dtype != VT_I64 || !vt_shape_equal(t.shape, without_classes(x.shape)))
        return refuse_call("correct", at, VT_ERROR_ARGUMENT,
                           "logits are %s, labels %s %s; they must be [N, C, ...] and i64 [N, ...]",
                           vt_shape_text(x.shape, a), vt_dtype_name(t.dtype), vt_shape_text(t.shape, b));
    return vt_sum(vt_equal(vt_argmax(logits, 1), labels));
}

/* -- Losses of pairs --------------------------------------------------------------------------------------------- */

/* w t softplus(-x) + (1 - t) softplus(x): no difference of large numbers, and smooth at 0. */
vt_tensor vt_binary_cross_entropy_with_logits_with(const vt_binary_cross_entropy_args *a)
{
    NEED_ARGUMENTS("binary_cross_entropy_with_logits", a, VT_INERT);
    const char *name = "binary_cross_entropy_with_logits";
    ENTER(name, a->at_);
    if (!pair_fits(name, a->at_, "logits", a->logits, a->target, a->reduction)) return VT_INERT;
    vt_tensor positive = vt_mul(a->target, vt_softplus(vt_neg(a->logits)));
    if (a->positive_weight.id) positive = vt_mul(positive, a->positive_weight);
    if (positive.id && !vt_shape_equal(vt_shape_of(positive), vt_shape_of(a->logits))) {
        char x[128], w[128];
        return refuse_call(name, a->at_, VT_ERROR_ARGUMENT, "positive_weight %s does not broadcast to logits %s",
                           vt_shape_text(vt_shape_of(a->positive_weight), w), vt_shape_text(vt_shape_of(a->logits), x));
    }
    vt_tensor negative = vt_mul(vt_affine(a->target, -1, 1), vt_softplus(a->logits));
    return reduced(vt_add(positive, negative), a->reduction);
}

vt_tensor vt_mse_loss_with(const vt_pair_loss_args *a)
{
    NEED_ARGUMENTS("mse_loss", a, VT_INERT);
    ENTER("mse_loss", a->at_);
    if (!pair_fits("mse_loss", a->at_, "input", a->input, a->target, a->reduction)) return VT_INERT;
    return reduced(vt_square(vt_sub(a->input, a->target)), a->reduction);
}

vt_tensor vt_l1_loss_with(const vt_pair_loss_args *a)
{
    NEED_ARGUMENTS("l1_loss", a, VT_INERT);
    ENTER("l1_loss", a->at_);
    if (!pair_fits("l1_loss", a->at_, "input", a->input, a->target, a->reduction)) return VT_INERT;
    return reduced(vt_abs(vt_sub(a->input, a->target)), a->reduction);
}

/* With q = min(d, delta): q²/2 + delta (d - q), whose derivative is q and then delta, without a jump. */
static vt_tensor huber(const char *name, const vt_huber_loss_args *a, bool divided)
{
    double delta = a->delta;
    if (!pair_fits(name, a->at_, "input", a->input, a->target, a->reduction)) return VT_INERT;
    if (!number_fits(delta > 0, name, a->at_, "delta", delta, "positive")) return VT_INERT;
    vt_tensor d = vt_abs(vt_sub(a->input, a->target)), q = vt_minimum(d, constant_like(d, delta));
    vt_tensor losses = vt_add(vt_scale(vt_square(q), 0.5), vt_scale(vt_sub(d, q), delta));
    return reduced(divided ? vt_scale(losses, 1 / delta) : losses, a->reduction);
}

vt_tensor vt_huber_loss_with(const vt_huber_loss_args *a)
{
    NEED_ARGUMENTS("huber_loss", a, VT_INERT);
    ENTER("huber_loss", a->at_);
    return huber("huber_loss", a, false);
}

vt_tensor vt_smooth_l1_loss_with(const vt_huber_loss_args *a)
{
    NEED_ARGUMENTS("smooth_l1_loss", a, VT_INERT);
    ENTER("smooth_l1_loss", a->at_);
    return huber("smooth_l1_loss", a, true);
}

/* p log p is 0 for p = 0, and so is there the gradient of this term. */
static vt_tensor entropy_term(vt_tensor p)
{
    vt_tensor is_zero = vt_equal(p, constant_like(p, 0));
    return vt_mul(p, vt_log(vt_where(is_zero, constant_like(p, 1), p)));
}

vt_tensor vt_kl_div_with(const vt_kl_div_args *a)
{
    NEED_ARGUMENTS("kl_div", a, VT_INERT);
    ENTER("kl_div", a->at_);
    if (!pair_fits("kl_div", a->at_, "input", a->input, a->target, a->reduction)) return VT_INERT;
    vt_tensor losses = a->log_target ? vt_mul(vt_exp(a->target), vt_sub(a->target, a->input))
                                     : vt_sub(entropy_term(a->target), vt_mul(a->target, a->input));
    return reduced(losses, a->reduction);
}
