/* optimizer.h - SGD, Adam, AdamW, RMSprop, Lion, LAMB, Muon and schedule-free AdamW, as their authors or PyTorch
 * compute them. An update is recorded like any op and runs with the step.
 *
 *     vt_optimizer *adamw = vt_adamw(model, .lr = 1e-3, .weight_decay = 0.05);
 *     for (int64_t step = 0; step < total; step++) {
 *         VT_SCOPE;
 *         vt_backward(...);
 *         vt_clip_gradients(adamw, 1);
 *         vt_optimizer_set_lr(adamw, vt_cosine_lr(step, 1e-3, total, .warmup = 500));
 *         vt_optimizer_step(adamw);
 *     }
 *     vt_optimizer_free(adamw);
 */
#ifndef VITRO_OPTIMIZER_H
#define VITRO_OPTIMIZER_H

#include <vitro/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Updates the parameters that a model has when the optimiser is made; the model has to outlive it. A parameter that is
 * frozen, or has no gradient in a step, keeps its bits in that step, and its count of updates. Errors: a model without
 * parameters; a rate, a decay or a beta that is not finite or out of range.
 *
 * Weight decay applies to parameters of two axes or more that were not registered with `no_decay`, as timm has it: not
 * to biases, norms, positions and tokens. decay_all applies it to all, as PyTorch does. */
typedef struct vt_optimizer vt_optimizer;

typedef struct vt_sgd_args {
    vt_site at_;
    vt_model *model;
    vt_named_only named_only_;
    double lr;
    double momentum;
    double weight_decay; /* an L2 term, part of the gradient */
    bool nesterov;       /* takes momentum */
    bool decay_all;
} vt_sgd_args;
#define VT_SGD_DEFAULTS .lr = 1e-3, .momentum = 0, .weight_decay = 0
VT_API vt_sgd_args vt_sgd_defaults(void);
/* Stochastic gradient descent: m = momentum m + g; p -= lr m, or with nesterov p -= lr (g + momentum m). */
VT_API vt_optimizer *vt_sgd_with(const vt_sgd_args *a);
#define vt_sgd(...)                                                                                                    \
    VT_CALL(vt_sgd_with, vt_sgd_args, VT_SGD_DEFAULTS, 1, "vt_sgd(model, .lr .momentum .weight_decay .nesterov)",      \
            __VA_ARGS__)

typedef struct vt_adam_args {
    vt_site at_;
    vt_model *model;
    vt_named_only named_only_;
    double lr;
    double beta1, beta2;
    double eps;
    double weight_decay; /* vt_adam: an L2 term, part of the gradient. vt_adamw: decoupled */
    bool amsgrad;        /* divides by the root of the largest average so far: Reddi et al., ICLR 2018 */
    bool decay_all;
} vt_adam_args;
#define VT_ADAM_DEFAULTS  .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0
#define VT_ADAMW_DEFAULTS .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01
VT_API vt_adam_args vt_adam_defaults(void);
VT_API vt_adam_args vt_adamw_defaults(void);
/* Kingma & Ba, "Adam: a method for stochastic optimization" (2015). */
VT_API vt_optimizer *vt_adam_with(const vt_adam_args *a);
#define vt_adam(...)                                                                                                   \
    VT_CALL(vt_adam_with, vt_adam_args, VT_ADAM_DEFAULTS, 1,                                                           \
            "vt_adam(model, .lr .beta1 .beta2 .eps .weight_decay .amsgrad)", __VA_ARGS__)
/* Loshchilov & Hutter, "Decoupled weight decay regularization" (2019). */
VT_API vt_optimizer *vt_adamw_with(const vt_adam_args *a);
#define vt_adamw(...)                                                                                                  \
    VT_CALL(vt_adamw_with, vt_adam_args, VT_ADAMW_DEFAULTS, 1,                                                         \
            "vt_adamw(model, .lr .beta1 .beta2 .eps .weight_decay .amsgrad)", __VA_ARGS__)

typedef struct vt_rmsprop_args {
    vt_site at_;
    vt_model *model;
    vt_named_only named_only_;
    double lr;
    double alpha; /* what of the averages is kept in an update, in [0, 1) */
    double eps;
    double weight_decay; /* an L2 term, part of the gradient */
    double momentum;     /* in [0, 1) */
    bool centered;       /* by the gradient's variance in the place of its mean square: Graves 2013 */
    bool decay_all;
} vt_rmsprop_args;
#define VT_RMSPROP_DEFAULTS .lr = 1e-2, .alpha = 0.99, .eps = 1e-8, .weight_decay = 0, .momentum = 0
VT_API vt_rmsprop_args vt_rmsprop_defaults(void);
/* Tieleman and Hinton, "Lecture 6.5: RMSProp" (2012): v = alpha v + (1 - alpha) g^2, step = g / (sqrt(v) + eps), from v
 * the square of the average gradient taken away where it is centered; m = momentum m + step; p -= lr m. A variance that
 * rounding makes negative is 0. */
VT_API vt_optimizer *vt_rmsprop_with(const vt_rmsprop_args *a);
#define vt_rmsprop(...)                                                                                                \
    VT_CALL(vt_rmsprop_with, vt_rmsprop_args, VT_RMSPROP_DEFAULTS, 1,                                                  \
            "vt_rmsprop(model, .lr .alpha .eps .weight_decay .momentum .centered)", __VA_ARGS__)

typedef struct vt_lion_args {
    vt_site at_;
    vt_model *model;
    vt_named_only named_only_;
    double lr;
    double beta1, beta2;
    double weight_decay; /* decoupled */
    bool decay_all;
} vt_lion_args;
#define VT_LION_DEFAULTS .lr = 1e-4, .beta1 = 0.9, .beta2 = 0.99, .weight_decay = 0
VT_API vt_lion_args vt_lion_defaults(void);
/* Chen et al., "Symbolic discovery of optimization algorithms" (2023): p -= lr sign(beta1 m + (1 - beta1) g), then
 * m = beta2 m + (1 - beta2) g. Its steps are all of size lr: a third to a tenth of AdamW's lr suits it, with as many
 * times the weight decay. */
VT_API vt_optimizer *vt_lion_with(const vt_lion_args *a);
#define vt_lion(...)                                                                                                   \
    VT_CALL(vt_lion_with, vt_lion_args, VT_LION_DEFAULTS, 1, "vt_lion(model, .lr .beta1 .beta2 .weight_decay)",        \
            __VA_ARGS__)

typedef struct vt_lamb_args {
    vt_site at_;
    vt_model *model;
    vt_named_only named_only_;
    double lr;
    double beta1, beta2;
    double eps;
    double weight_decay; /* part of the step, before it is scaled */
    bool always_adapt;   /* scales the steps of parameters without weight decay, too */
    bool decay_all;
} vt_lamb_args;
#define VT_LAMB_DEFAULTS .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-6, .weight_decay = 0.01
VT_API vt_lamb_args vt_lamb_defaults(void);
/* You et al., "Large batch optimization for deep learning: training BERT in 76 minutes" (2020): Adam's step plus
 * weight_decay p, scaled to the norm of the parameter. As in timm, that of a parameter without weight decay is not. */
VT_API vt_optimizer *vt_lamb_with(const vt_lamb_args *a);
#define vt_lamb(...)                                                                                                   \
    VT_CALL(vt_lamb_with, vt_lamb_args, VT_LAMB_DEFAULTS, 1,                                                           \
            "vt_lamb(model, .lr .beta1 .beta2 .eps .weight_decay .always_adapt)", __VA_ARGS__)

/* What the step of a matrix of A rows and B columns is scaled by. */
typedef enum vt_muon_scale {
    VT_MUON_MATCH_ADAMW, /* 0.2 sqrt(max(A, B)): the size of AdamW's steps, whose lr suits it. Liu et al. 2025 */
    VT_MUON_ORIGINAL     /* sqrt(max(1, A / B)): Jordan et al. 2024 */
} vt_muon_scale;

typedef struct vt_muon_args {
    vt_site at_;
    vt_model *model;
    vt_named_only named_only_;
    double lr;
    double momentum;
    double weight_decay; /* decoupled */
    int64_t iterations;  /* of Newton and Schulz, 1 to 100 */
    vt_muon_scale scale;
    bool plain_momentum;    /* not Nesterov's */
    const char *not_hidden; /* a pattern of the names of matrices that AdamW updates; NULL: none */
    double beta1, beta2;    /* of AdamW */
    double eps;             /* of AdamW */
    bool decay_all;
} vt_muon_args;
#define VT_MUON_DEFAULTS                                                                                               \
    .lr = 1e-3, .momentum = 0.95, .weight_decay = 0.1, .iterations = 5, .scale = VT_MUON_MATCH_ADAMW, .beta1 = 0.9,    \
    .beta2 = 0.95, .eps = 1e-8
VT_API vt_muon_args vt_muon_defaults(void);
/* Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024). The step of a hidden matrix is its
 * average gradient, made nearly orthogonal by five iterations of Newton and Schulz, which are products of matrices in
 * the precision of others: with bf16 they round to it, as the original does. Kernels of convolutions are matrices of
 * [outputs, all else].
 *
 * AdamW updates the rest, with the same learning rate: parameters of one axis; those registered with `no_decay`; those
 * whose first or second extent is 1; and what `not_hidden` matches, which the first and the last layer should be:
 *
 *     vt_muon(model, .lr = 1e-3, .not_hidden = "{patch_embed,head}.*") */
VT_API vt_optimizer *vt_muon_with(const vt_muon_args *a);
#define vt_muon(...)                                                                                                   \
    VT_CALL(vt_muon_with, vt_muon_args, VT_MUON_DEFAULTS, 1,                                                           \
            "vt_muon(model, .lr .momentum .weight_decay .iterations .scale .not_hidden .beta1 .beta2 .eps)",           \
            __VA_ARGS__)

typedef struct vt_schedule_free_args {
    vt_site at_;
    vt_model *model;
    vt_named_only named_only_;
    double lr;
    double beta1, beta2; /* beta1 is in (0, 1): how far what is trained is from z to the average */
    double eps;
    double weight_decay; /* decoupled, of what is trained */
    bool decay_all;
} vt_schedule_free_args;
#define VT_SCHEDULE_FREE_DEFAULTS .lr = 2.5e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0
VT_API vt_schedule_free_args vt_schedule_free_defaults(void);
/* Defazio et al., "The road less scheduled" (2024): AdamW whose learning rate stays as it is after a warm-up, and takes
 * the place of a schedule by an average x of the weights. Trained is y = (1 - beta1) z + beta1 x; to test and to save
 * x, call vt_optimizer_evaluate. */
VT_API vt_optimizer *vt_schedule_free_with(const vt_schedule_free_args *a);
#define vt_schedule_free(...)                                                                                          \
    VT_CALL(vt_schedule_free_with, vt_schedule_free_args, VT_SCHEDULE_FREE_DEFAULTS, 1,                                \
            "vt_schedule_free(model, .lr .beta1 .beta2 .eps .weight_decay)", __VA_ARGS__)

/* Keeps an average of the parameters and buffers from now on: every update adds (1 - d) (now - average), where
 * d = min(decay, (1 + updates) / (10 + updates)), so that the first weights are soon forgotten. To test and to save it,
 * call vt_optimizer_evaluate. Error: decay is not in [0, 1); there is an average already, as schedule-free AdamW has.
 */
VT_API void vt_optimizer_keep_average(vt_optimizer *optimizer, double decay);

/* Puts the average, which vt_optimizer_keep_average or schedule-free AdamW keeps, in the place of what is trained, or
 * this back, with the bits it had. Nothing happens where it is so already, and where there is no average. Until the
 * weights are back, a step is an error, and a checkpoint would save the average as what is trained. */
VT_API void vt_optimizer_evaluate(vt_optimizer *optimizer, bool on);

/* Ends the optimiser and its state. NULL is ignored. */
VT_API void vt_optimizer_free(vt_optimizer *optimizer);

/* Whether a parameter belongs to a group. */
typedef bool (*vt_parameter_filter)(const char *name, vt_tensor parameter, void *user);

typedef struct vt_group_args {
    vt_site at_;
    vt_optimizer *optimizer;
    const char *glob; /* a pattern of the names, as model.h has them: "head.*"; NULL: all */
    vt_named_only named_only_;
    vt_parameter_filter select; /* narrows the choice further; NULL: does not */
    void *user;                 /* handed to select */
    double lr;                  /* VT_AUTO: the optimiser's */
    double weight_decay;        /* VT_AUTO: the optimiser's */
    bool decay_all;
} vt_group_args;
#define VT_GROUP_DEFAULTS .lr = VT_AUTO, .weight_decay = VT_AUTO
VT_API vt_group_args vt_group_defaults(void);
/* Gives parameters a learning rate and a weight decay of their own; a later group takes them from an earlier one.
 * Returns how many there are. Error: none.
 *
 *     vt_optimizer_group(adamw, "blocks.{0..5}.*", .lr = 1e-5); */
VT_API int vt_optimizer_group_with(const vt_group_args *a);
#define vt_optimizer_group(...)                                                                                        \
    VT_CALL(vt_optimizer_group_with, vt_group_args, VT_GROUP_DEFAULTS, 2,                                              \
            "vt_optimizer_group(optimizer, glob, .lr .weight_decay .select)", __VA_ARGS__)

/* Records one update of every trainable parameter that has a gradient. Error: none has one. */
VT_API void vt_optimizer_step_at(vt_site at, vt_optimizer *optimizer);
#define vt_optimizer_step(optimizer) vt_optimizer_step_at(VT_HERE, optimizer)

/* Scales the gradients that the next update takes by min(1, max_norm / (norm + 1e-6)), where norm, which is returned,
 * is the L2 norm of them all (Pascanu et al. 2013); vt_grad gives the clipped ones. An infinite max_norm only measures.
 * Gradients of gradients do not pass. Error: no gradient, or max_norm is not positive. */
VT_API vt_tensor vt_clip_gradients_at(vt_site at, vt_optimizer *optimizer, double max_norm);
#define vt_clip_gradients(optimizer, max_norm) vt_clip_gradients_at(VT_HERE, optimizer, max_norm)

/* Bounds the elements of the gradients that the next update takes to [-limit, limit]; vt_grad gives the clipped ones.
 * Gradients of gradients do not pass. Error: no gradient, or limit is not positive. */
VT_API void vt_clip_gradient_values_at(vt_site at, vt_optimizer *optimizer, double limit);
#define vt_clip_gradient_values(optimizer, limit) vt_clip_gradient_values_at(VT_HERE, optimizer, limit)

/* Adds the gradients, times `weight`, to what earlier calls have added since the last update, and gives vt_grad,
 * clipping and the next update the sum. So the gradient of a large batch is had from small ones, one after another:
 *
 *     for (int part = 0; part < parts; part++) {
 *         VT_SCOPE;
 *         vt_backward(mean_loss(part));
 *         vt_accumulate_gradients(adamw, 1.0 / parts);
 *         if (part == parts - 1) vt_optimizer_step(adamw);
 *     }
 *
 * A checkpoint does not have the sum: it is for between updates. Gradients of gradients do not pass. Error: no
 * gradient, or weight is not finite. */
VT_API void vt_accumulate_gradients_at(vt_site at, vt_optimizer *optimizer, double weight);
#define vt_accumulate_gradients(optimizer, weight) vt_accumulate_gradients_at(VT_HERE, optimizer, weight)

/* The learning rate of later updates. Those of groups keep their ratio to it. */
VT_API void vt_optimizer_set_lr(vt_optimizer *optimizer, double lr);
VT_API double vt_optimizer_lr(const vt_optimizer *optimizer);

/* The state that a resumed run needs to continue with the same bits: named tensors, "exp_avg.<parameter>" and
 * "exp_avg_sq.<parameter>" of Adam, with amsgrad "max_exp_avg_sq.<parameter>"; "momentum_buffer.<parameter>" of
 * momentum and of Muon; "square_avg.<parameter>" of RMSprop, centered "grad_avg.<parameter>"; "exp_avg.<parameter>" of
 * Lion, and with "exp_avg_sq.<parameter>" of LAMB; "z.<parameter>", "exp_avg_sq.<parameter>", "lr_max" and "weight_sum"
 * of schedule-free AdamW; and counts of updates. A parameter has state from the start or, where it was frozen then, and
 * z always, from its first update on. "average.<name>" is of vt_optimizer_keep_average, of parameters and buffers. */
VT_API int vt_optimizer_state_size(const vt_optimizer *optimizer);
VT_API vt_named_tensor vt_optimizer_state_entry(const vt_optimizer *optimizer, int index);
/* The tensor of that name, made of zeros, z of the parameter, where it is not there yet; inert, and no error, where the
 * optimiser has no state of that name. */
VT_API vt_tensor vt_optimizer_state_find(vt_optimizer *optimizer, const char *name);
/* Updates that a parameter has had, which Adam corrects its averages by; NULL: calls of vt_optimizer_step. -1, and no
 * error, for an unknown name. */
VT_API int64_t vt_optimizer_steps(const vt_optimizer *optimizer, const char *parameter);
/* False, and no error, for an unknown name. Error: steps outside [0, 2^53]. */
VT_API bool vt_optimizer_set_steps(vt_optimizer *optimizer, const char *parameter, int64_t steps);

#ifdef __cplusplus
}
#endif
#endif
