/* loss.h - what training makes small, and how many answers are right. f32 or f64. */
#ifndef VITRO_LOSS_H
#define VITRO_LOSS_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of the losses of the single elements. */
typedef enum vt_reduction {
    VT_REDUCTION_MEAN, /* the default */
    VT_REDUCTION_SUM,
    VT_REDUCTION_NONE,
    VT_REDUCTION_BATCH_MEAN, /* the sum over the extent of axis 0 */
} vt_reduction;

/* The label of what is not to count. Other conventions are mapped to it first, a padding class 0 by
 * vt_where(vt_equal(labels, zero), ignored, labels). */
enum { VT_IGNORE = -100 };

typedef struct vt_cross_entropy_args {
    vt_site at_;
    vt_tensor logits, target;
    vt_named_only named_only_;
    double label_smoothing; /* in [0, 1]: how much of each target is spread evenly over all classes */
    vt_tensor weight;       /* [C], of the logits' dtype: what a loss in each class counts; left out: 1 */
    vt_reduction reduction; /* mean: over the labels that are not VT_IGNORE */
} vt_cross_entropy_args;
#define VT_CROSS_ENTROPY_DEFAULTS .label_smoothing = 0
VT_API vt_cross_entropy_args vt_cross_entropy_defaults(void);
/* logits [N, C, ...], classes on axis 1. The target is i64 labels [N, ...] in [0, C) or VT_IGNORE, or probabilities of
 * the shape and dtype of the logits, which get gradients too. For a label: -log softmax(logits)[label]; for
 * probabilities p: -Σ p log softmax(logits). Smoothed by s (Szegedy et al. 2016): p becomes (1 - s) p + s / C. The mean
 * over nothing is NaN. Error, once it is computed: a label out of range.
 *
 * Weights w multiply the terms of their classes, -Σ w p log softmax(logits), as in PyTorch: the mean over labels is
 * then the sum of the losses over the sum of w[label], whatever is smoothed; the mean over probabilities is as without.
 * Gradients go to them too. */
VT_API vt_tensor vt_cross_entropy_with(const vt_cross_entropy_args *a);
#define vt_cross_entropy(...)                                                                                          \
    VT_CALL(vt_cross_entropy_with, vt_cross_entropy_args, VT_CROSS_ENTROPY_DEFAULTS, 2,                                \
            "vt_cross_entropy(logits, target, .label_smoothing .weight .reduction)", __VA_ARGS__)

/* How many labels [N, ...] (i64) are the class of the largest of logits [N, C, ...]: an i64 scalar. Of equal logits the
 * first counts; VT_IGNORE is never right. */
VT_API vt_tensor vt_correct_count_at(vt_site at, vt_tensor logits, vt_tensor labels);
#define vt_correct_count(logits, labels) vt_correct_count_at(VT_HERE, logits, labels)

typedef struct vt_binary_cross_entropy_args {
    vt_site at_;
    vt_tensor logits, target;
    vt_named_only named_only_;
    vt_tensor positive_weight; /* multiplies the loss of the positive part; broadcast to the logits; left out: 1 */
    vt_reduction reduction;
} vt_binary_cross_entropy_args;
/* -(w t log σ(x) + (1 - t) log(1 - σ(x))) for logits x, targets t in [0, 1] of the same shape, positive weights w;
 * right in both tails. Gradients go to all three. */
VT_API vt_tensor vt_binary_cross_entropy_with_logits_with(const vt_binary_cross_entropy_args *a);
#define vt_binary_cross_entropy_with_logits(...)                                                                       \
    vt_binary_cross_entropy_with_logits_with(                                                                          \
        VT_ARGS(vt_binary_cross_entropy_args, 2,                                                                       \
                "vt_binary_cross_entropy_with_logits(logits, target, .positive_weight .reduction)", __VA_ARGS__))

typedef struct vt_pair_loss_args {
    vt_site at_;
    vt_tensor input, target; /* of one shape and dtype; gradients go to both */
    vt_named_only named_only_;
    vt_reduction reduction;
} vt_pair_loss_args;
/* (input - target)² and |input - target|, the latter with gradient 0 at 0. */
VT_API vt_tensor vt_mse_loss_with(const vt_pair_loss_args *a);
VT_API vt_tensor vt_l1_loss_with(const vt_pair_loss_args *a);
#define vt_mse_loss(...)                                                                                               \
    vt_mse_loss_with(VT_ARGS(vt_pair_loss_args, 2, "vt_mse_loss(input, target, .reduction)", __VA_ARGS__))
#define vt_l1_loss(...)                                                                                                \
    vt_l1_loss_with(VT_ARGS(vt_pair_loss_args, 2, "vt_l1_loss(input, target, .reduction)", __VA_ARGS__))

typedef struct vt_huber_loss_args {
    vt_site at_;
    vt_tensor input, target; /* of one shape and dtype; gradients go to both */
    vt_named_only named_only_;
    double delta; /* positive */
    vt_reduction reduction;
} vt_huber_loss_args;
#define VT_HUBER_LOSS_DEFAULTS .delta = 1
VT_API vt_huber_loss_args vt_huber_loss_defaults(void);
/* For d = |input - target|: d² / 2 up to delta, delta (d - delta / 2) beyond: Huber 1964. vt_smooth_l1_loss is the same
 * divided by delta. */
VT_API vt_tensor vt_huber_loss_with(const vt_huber_loss_args *a);
VT_API vt_tensor vt_smooth_l1_loss_with(const vt_huber_loss_args *a);
#define vt_huber_loss(...)                                                                                             \
    VT_CALL(vt_huber_loss_with, vt_huber_loss_args, VT_HUBER_LOSS_DEFAULTS, 2,                                         \
            "vt_huber_loss(input, target, .delta .reduction)", __VA_ARGS__)
#define vt_smooth_l1_loss(...)                                                                                         \
    VT_CALL(vt_smooth_l1_loss_with, vt_huber_loss_args, VT_HUBER_LOSS_DEFAULTS, 2,                                     \
            "vt_smooth_l1_loss(input, target, .delta .reduction)", __VA_ARGS__)

typedef struct vt_kl_div_args {
    vt_site at_;
    vt_tensor input, target; /* of one shape and dtype; gradients go to both */
    vt_named_only named_only_;
    bool log_target; /* the target is log-probabilities too */
    vt_reduction reduction;
} vt_kl_div_args;
/* p (log p - input) for log-probabilities `input` and probabilities p, the target: the Kullback-Leibler divergence of
 * the input from the target, element by element; 0 where p is 0 and the input finite. VT_REDUCTION_BATCH_MEAN gives the
 * divergence of distributions along the other axes. */
VT_API vt_tensor vt_kl_div_with(const vt_kl_div_args *a);
#define vt_kl_div(...)                                                                                                 \
    vt_kl_div_with(VT_ARGS(vt_kl_div_args, 2, "vt_kl_div(input, target, .log_target .reduction)", __VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif
