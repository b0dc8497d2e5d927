/* schedule.h - learning rates as pure functions of the step: nothing to save, nothing to resume.
 *
 * Steps count from 0. With a warm-up of w steps, step s < w gets start + (lr - start) (s + 1) / w; the rest of the
 * schedule follows it. Numbers are not checked, and there are no errors: behind the last step the end is kept. */
#ifndef VITRO_SCHEDULE_H
#define VITRO_SCHEDULE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_constant_lr_args {
    vt_site at_;
    int64_t step;
    double lr;
    vt_named_only named_only_;
    int64_t warmup; /* steps */
    double start;   /* of the warm-up */
} vt_constant_lr_args;
#define VT_CONSTANT_LR_DEFAULTS .warmup = 0, .start = 0
VT_API vt_constant_lr_args vt_constant_lr_defaults(void);
/* lr, after the warm-up. */
VT_API double vt_constant_lr_with(const vt_constant_lr_args *a);
#define vt_constant_lr(...)                                                                                            \
    VT_CALL(vt_constant_lr_with, vt_constant_lr_args, VT_CONSTANT_LR_DEFAULTS, 2,                                      \
            "vt_constant_lr(step, lr, .warmup .start)", __VA_ARGS__)

typedef struct vt_decay_lr_args {
    vt_site at_;
    int64_t step;
    double lr;
    int64_t total; /* steps, the warm-up among them */
    vt_named_only named_only_;
    int64_t warmup; /* steps */
    double start;   /* of the warm-up */
    double final;   /* reached at step `total`, and kept */
} vt_decay_lr_args;
#define VT_DECAY_LR_DEFAULTS .warmup = 0, .start = 0, .final = 0
VT_API vt_decay_lr_args vt_decay_lr_defaults(void);
/* final + (lr - final) (1 + cos(π t)) / 2, where t goes from 0 after the warm-up to 1 at `total`. Loshchilov & Hutter,
 * "SGDR" (2017). */
VT_API double vt_cosine_lr_with(const vt_decay_lr_args *a);
#define vt_cosine_lr(...)                                                                                              \
    VT_CALL(vt_cosine_lr_with, vt_decay_lr_args, VT_DECAY_LR_DEFAULTS, 3,                                              \
            "vt_cosine_lr(step, lr, total, .warmup .final)", __VA_ARGS__)
/* A straight line from lr to final. */
VT_API double vt_linear_lr_with(const vt_decay_lr_args *a);
#define vt_linear_lr(...)                                                                                              \
    VT_CALL(vt_linear_lr_with, vt_decay_lr_args, VT_DECAY_LR_DEFAULTS, 3,                                              \
            "vt_linear_lr(step, lr, total, .warmup .final)", __VA_ARGS__)

typedef struct vt_step_lr_args {
    vt_site at_;
    int64_t step;
    double lr;
    int64_t every; /* steps */
    vt_named_only named_only_;
    double factor;
    int64_t warmup; /* steps, which count among the first `every` */
    double start;   /* of the warm-up */
} vt_step_lr_args;
#define VT_STEP_LR_DEFAULTS .factor = 0.1, .warmup = 0, .start = 0
VT_API vt_step_lr_args vt_step_lr_defaults(void);
/* lr factor^floor(step / every); lr where `every` is 0 or less. */
VT_API double vt_step_lr_with(const vt_step_lr_args *a);
#define vt_step_lr(...)                                                                                                \
    VT_CALL(vt_step_lr_with, vt_step_lr_args, VT_STEP_LR_DEFAULTS, 3, "vt_step_lr(step, lr, every, .factor .warmup)",  \
            __VA_ARGS__)

typedef struct vt_one_cycle_lr_args {
    vt_site at_;
    int64_t step;
    double lr;     /* the highest */
    int64_t total; /* steps */
    vt_named_only named_only_;
    double rise;     /* the part of the steps in which it rises, in (0, 1) */
    double division; /* lr / division is where it begins */
    double fall;     /* lr / division / fall is where it ends */
} vt_one_cycle_lr_args;
#define VT_ONE_CYCLE_LR_DEFAULTS .rise = 0.3, .division = 25, .fall = 1e4
VT_API vt_one_cycle_lr_args vt_one_cycle_lr_defaults(void);
/* Up along half a cosine from lr / division to lr, which step rise total - 1 has, then down along another to the end at
 * step total - 1. Smith & Topin, "Super-convergence" (2018), as PyTorch's OneCycleLR has it. A division or fall of 0,
 * or a rise outside (0, 1), gives no rate that could be used. */
VT_API double vt_one_cycle_lr_with(const vt_one_cycle_lr_args *a);
#define vt_one_cycle_lr(...)                                                                                           \
    VT_CALL(vt_one_cycle_lr_with, vt_one_cycle_lr_args, VT_ONE_CYCLE_LR_DEFAULTS, 3,                                   \
            "vt_one_cycle_lr(step, lr, total, .rise .division .fall)", __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
