/* defaults.c - what an option is when it is left out, for those who fill in the arguments of a function themselves. */
#include <vitro/vitro.h>

#define DEFAULTS(function, type, list)                                                                                 \
    type function(void)                                                                                                \
    {                                                                                                                  \
        return (type){ list };                                                                                         \
    }

DEFAULTS(vt_attention_defaults, vt_attention_args, VT_ATTENTION_DEFAULTS)
DEFAULTS(vt_mix_defaults, vt_mix_args, VT_MIX_DEFAULTS)
DEFAULTS(vt_conv2d_defaults, vt_conv2d_args, VT_CONV2D_DEFAULTS)
DEFAULTS(vt_conv1d_defaults, vt_conv1d_args, VT_CONV1D_DEFAULTS)
DEFAULTS(vt_conv_transpose2d_defaults, vt_conv_transpose2d_args, VT_CONV_TRANSPOSE2D_DEFAULTS)
DEFAULTS(vt_conv_transpose1d_defaults, vt_conv_transpose1d_args, VT_CONV_TRANSPOSE1D_DEFAULTS)
DEFAULTS(vt_arange_defaults, vt_arange_args, VT_ARANGE_DEFAULTS)
DEFAULTS(vt_eye_defaults, vt_eye_args, VT_EYE_DEFAULTS)
DEFAULTS(vt_uniform_defaults, vt_uniform_args, VT_UNIFORM_DEFAULTS)
DEFAULTS(vt_normal_defaults, vt_normal_args, VT_NORMAL_DEFAULTS)
DEFAULTS(vt_cifar10_defaults, vt_cifar10_args, VT_CIFAR10_DEFAULTS)
DEFAULTS(vt_builtin_defaults, vt_builtin_args, VT_BUILTIN_DEFAULTS)
DEFAULTS(vt_loader_defaults, vt_loader_args, VT_LOADER_DEFAULTS)
DEFAULTS(vt_rearrange_defaults, vt_rearrange_args, VT_REARRANGE_DEFAULTS)
DEFAULTS(vt_reduce_pattern_defaults, vt_reduce_pattern_args, VT_REDUCE_PATTERN_DEFAULTS)
DEFAULTS(vt_gradcheck_defaults, vt_gradcheck_args, VT_GRADCHECK_DEFAULTS)
DEFAULTS(vt_interpolate_defaults, vt_interpolate_args, VT_INTERPOLATE_DEFAULTS)
DEFAULTS(vt_cross_entropy_defaults, vt_cross_entropy_args, VT_CROSS_ENTROPY_DEFAULTS)
DEFAULTS(vt_huber_loss_defaults, vt_huber_loss_args, VT_HUBER_LOSS_DEFAULTS)
DEFAULTS(vt_layer_norm_defaults, vt_layer_norm_args, VT_LAYER_NORM_DEFAULTS)
DEFAULTS(vt_rms_norm_defaults, vt_rms_norm_args, VT_RMS_NORM_DEFAULTS)
DEFAULTS(vt_group_norm_defaults, vt_group_norm_args, VT_GROUP_NORM_DEFAULTS)
DEFAULTS(vt_batch_norm_defaults, vt_batch_norm_args, VT_BATCH_NORM_DEFAULTS)
DEFAULTS(vt_sgd_defaults, vt_sgd_args, VT_SGD_DEFAULTS)
DEFAULTS(vt_adam_defaults, vt_adam_args, VT_ADAM_DEFAULTS)
DEFAULTS(vt_adamw_defaults, vt_adam_args, VT_ADAMW_DEFAULTS)
DEFAULTS(vt_rmsprop_defaults, vt_rmsprop_args, VT_RMSPROP_DEFAULTS)
DEFAULTS(vt_group_defaults, vt_group_args, VT_GROUP_DEFAULTS)
DEFAULTS(vt_max_pool2d_defaults, vt_max_pool2d_args, VT_MAX_POOL2D_DEFAULTS)
DEFAULTS(vt_max_pool1d_defaults, vt_max_pool1d_args, VT_MAX_POOL1D_DEFAULTS)
DEFAULTS(vt_avg_pool2d_defaults, vt_avg_pool2d_args, VT_AVG_POOL2D_DEFAULTS)
DEFAULTS(vt_avg_pool1d_defaults, vt_avg_pool1d_args, VT_AVG_POOL1D_DEFAULTS)
DEFAULTS(vt_reduce_defaults, vt_reduce_args, VT_REDUCE_DEFAULTS)
DEFAULTS(vt_var_defaults, vt_var_args, VT_VAR_DEFAULTS)
DEFAULTS(vt_norm_defaults, vt_norm_args, VT_NORM_DEFAULTS)
DEFAULTS(vt_constant_lr_defaults, vt_constant_lr_args, VT_CONSTANT_LR_DEFAULTS)
DEFAULTS(vt_decay_lr_defaults, vt_decay_lr_args, VT_DECAY_LR_DEFAULTS)
DEFAULTS(vt_step_lr_defaults, vt_step_lr_args, VT_STEP_LR_DEFAULTS)
DEFAULTS(vt_slice_defaults, vt_slice_args, VT_SLICE_DEFAULTS)
DEFAULTS(vt_pad_defaults, vt_pad_args, VT_PAD_DEFAULTS)
