/* normalization.h - softmax, and ops that bring what they normalise to mean 0 and variance 1. f32 or f64; means and
 * variances are added up in f64, in two passes. */
#ifndef VITRO_NORMALIZATION_H
#define VITRO_NORMALIZATION_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* e^x / Σ e^x, and its logarithm, along the axis, without overflow. An element of -inf has probability 0; where all are
 * -inf the result is NaN, as there is no distribution. */
VT_API vt_tensor vt_softmax_at(vt_site at, vt_tensor x, int axis);
VT_API vt_tensor vt_log_softmax_at(vt_site at, vt_tensor x, int axis);
#define vt_softmax(x, axis)     vt_softmax_at(VT_HERE, x, axis)
#define vt_log_softmax(x, axis) vt_log_softmax_at(VT_HERE, x, axis)

typedef struct vt_layer_norm_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    vt_tensor weight, bias; /* of the shape of the normalised axes; left out: 1, 0 */
    int rank;               /* how many axes, the last ones, are normalised together */
    double eps;
} vt_layer_norm_args;
#define VT_LAYER_NORM_DEFAULTS .rank = 1, .eps = 1e-5
VT_API vt_layer_norm_args vt_layer_norm_defaults(void);
/* (x - mean) / sqrt(var + eps) weight + bias, mean and biased variance over the last axes: Ba et al. 2016. */
VT_API vt_tensor vt_layer_norm_with(const vt_layer_norm_args *a);
#define vt_layer_norm(...)                                                                                             \
    VT_CALL(vt_layer_norm_with, vt_layer_norm_args, VT_LAYER_NORM_DEFAULTS, 1,                                         \
            "vt_layer_norm(x, .weight .bias .rank .eps)", __VA_ARGS__)

typedef struct vt_rms_norm_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    vt_tensor weight; /* of the shape of the normalised axes; left out: 1 */
    int rank;         /* how many axes, the last ones, are normalised together */
    double eps;
} vt_rms_norm_args;
#define VT_RMS_NORM_DEFAULTS .rank = 1, .eps = 1e-5
VT_API vt_rms_norm_args vt_rms_norm_defaults(void);
/* x / sqrt(mean(x²) + eps) weight: Zhang and Sennrich 2019. */
VT_API vt_tensor vt_rms_norm_with(const vt_rms_norm_args *a);
#define vt_rms_norm(...)                                                                                               \
    VT_CALL(vt_rms_norm_with, vt_rms_norm_args, VT_RMS_NORM_DEFAULTS, 1, "vt_rms_norm(x, .weight .rank .eps)",         \
            __VA_ARGS__)

typedef struct vt_group_norm_args {
    vt_site at_;
    vt_tensor x;
    int groups;
    vt_named_only named_only_;
    vt_tensor weight, bias; /* [C]; left out: 1, 0 */
    double eps;
} vt_group_norm_args;
#define VT_GROUP_NORM_DEFAULTS .eps = 1e-5
VT_API vt_group_norm_args vt_group_norm_defaults(void);
/* x [N, C, ...], normalised over each of `groups` equal groups of channels of each sample: Wu and He 2018. */
VT_API vt_tensor vt_group_norm_with(const vt_group_norm_args *a);
#define vt_group_norm(...)                                                                                             \
    VT_CALL(vt_group_norm_with, vt_group_norm_args, VT_GROUP_NORM_DEFAULTS, 2,                                         \
            "vt_group_norm(x, groups, .weight .bias .eps)", __VA_ARGS__)

typedef struct vt_instance_norm_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    vt_tensor weight, bias; /* [C]; left out: 1, 0 */
    double eps;
} vt_instance_norm_args;
#define VT_INSTANCE_NORM_DEFAULTS .eps = 1e-5
VT_API vt_instance_norm_args vt_instance_norm_defaults(void);
/* x [N, C, ...], each channel of each sample normalised by itself: Ulyanov et al. 2016. It is vt_group_norm with a
 * group a channel. */
VT_API vt_tensor vt_instance_norm_with(const vt_instance_norm_args *a);
#define vt_instance_norm(...)                                                                                          \
    VT_CALL(vt_instance_norm_with, vt_instance_norm_args, VT_INSTANCE_NORM_DEFAULTS, 1,                                \
            "vt_instance_norm(x, .weight .bias .eps)", __VA_ARGS__)

typedef struct vt_batch_norm_args {
    vt_site at_;
    vt_tensor x, running_mean, running_var;
    vt_named_only named_only_;
    vt_tensor weight, bias;        /* [C]; left out: 1, 0 */
    vt_tensor num_batches_tracked; /* i64 [], the batches that the running statistics have seen; may be left out */
    double momentum;               /* the share of this batch in the running statistics */
    double eps;
} vt_batch_norm_args;
#define VT_BATCH_NORM_DEFAULTS .momentum = 0.1, .eps = 1e-5
VT_API vt_batch_norm_args vt_batch_norm_defaults(void);
/* x [N, C, ...], normalised over all but the channels: Ioffe and Szegedy 2015. While vt_training, by the mean and the
 * biased variance of the batch, and the running statistics [C] move towards the mean and the unbiased variance:
 * r + momentum (batch - r), recorded as an effect, which adds 1 to num_batches_tracked. Otherwise by the running
 * statistics, which then get gradients like any input. Errors: training with a single value a channel, whose variance
 * is not defined, or with one tensor as both running statistics. */
VT_API vt_tensor vt_batch_norm_with(const vt_batch_norm_args *a);
#define vt_batch_norm(...)                                                                                             \
    VT_CALL(vt_batch_norm_with, vt_batch_norm_args, VT_BATCH_NORM_DEFAULTS, 3,                                         \
            "vt_batch_norm(x, running_mean, running_var, .weight .bias .num_batches_tracked .momentum .eps)",          \
            __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
