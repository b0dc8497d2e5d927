/* augment.h - the operations on single pictures that augmentation is made of, and mixing of batches on the device, as
 * ops. A loader augments by itself: see data.h. */
#ifndef VITRO_AUGMENT_H
#define VITRO_AUGMENT_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes a picture u8 [channels, height, width], of 1 channel or 3, in place, as torchvision's AutoAugment changes one
 * of Pillow's by the operation and magnitude, with the same bits (torchvision 0.29, Pillow 13):
 *
 * | operation | magnitude |
 * |---|---|
 * | identity, autocontrast, equalize, invert | any: it is ignored |
 * | shear-x, shear-y | by how many pixels a row moves to the left against the row above it; a column likewise, up |
 * | translate-x, translate-y | pixels to the right, or down; the fraction is ignored |
 * | rotate | degrees against the clock |
 * | brightness, color, contrast, sharpness | -1: there is none of it; 0: as it is; 1: twice of it |
 * | posterize | bits that are kept, 0 to 8 |
 * | solarize | the value from which on values are inverted |
 * | hue | turns of the wheel of colours, -0.5 to 0.5: adjust_hue |
 *
 * Pixels come from the nearest place, and are black from outside of the picture. False with an error: an operation that
 * there is not; a magnitude that is not finite; other channels, no pixels or no memory. */
VT_API bool vt_image_operate_at(vt_site at, const char *operation, double magnitude, uint8_t *image, int channels,
                                int height, int width);
#define vt_image_operate(operation, magnitude, image, channels, height, width)                                         \
    vt_image_operate_at(VT_HERE, operation, magnitude, image, channels, height, width)

/* The operations by number; NULL past the last. */
VT_API const char *vt_image_operation(int number);

/* Pictures, and the probabilities that they are of each class. */
typedef struct vt_mixed {
    vt_tensor images, targets;
} vt_mixed;

typedef struct vt_mix_args {
    vt_site at_;
    vt_tensor images;  /* [n, channels, height, width] */
    vt_tensor targets; /* [n, classes] of the same dtype, such as vt_one_hot(labels, classes) */
    vt_named_only named_only_;
    double alpha; /* of the beta distribution that the share is drawn from: at 1 every share is as likely, at 0 nothing
                   * is mixed */
} vt_mix_args;
#define VT_MIX_DEFAULTS .alpha = 1
VT_API vt_mix_args vt_mix_defaults(void);

/* mixup (Zhang et al. 2018): picture i becomes s x_i + (1 - s) x_(n-1-i), and its target likewise. One share s ~
 * Beta(alpha, alpha) a call, from the next stream of the context's random numbers.
 * Errors: an alpha below 0 or not finite; shapes or dtypes that do not fit. */
VT_API vt_mixed vt_mixup_with(const vt_mix_args *args);

/* CutMix (Yun et al. 2019): a rectangle of picture i, at a random place and of the share 1 - s of its area as far as it
 * lies inside of the picture, comes from picture n-1-i; targets are mixed by the areas. Random numbers and errors as
 * those of vt_mixup. */
VT_API vt_mixed vt_cutmix_with(const vt_mix_args *args);

typedef struct vt_mixup_or_cutmix_args {
    vt_site at_;
    vt_tensor images, targets; /* as of vt_mixup */
    vt_named_only named_only_;
    double mixup, cutmix; /* alpha of each; at 0 it is never chosen */
    double probability;   /* that the batch is mixed at all */
    double cutmix_odds;   /* that it is CutMix, where both may be chosen */
} vt_mixup_or_cutmix_args;
#define VT_MIXUP_OR_CUTMIX_DEFAULTS .mixup = 0.8, .cutmix = 1, .probability = 1, .cutmix_odds = 0.5
VT_API vt_mixup_or_cutmix_args vt_mixup_or_cutmix_defaults(void);

/* One of the two, or neither, as DeiT's recipe has it (Touvron et al. 2021). Errors: as of vt_mixup; a number out of
 * its range. */
VT_API vt_mixed vt_mixup_or_cutmix_with(const vt_mixup_or_cutmix_args *args);

#ifdef __cplusplus
}
#else

#define vt_mixup(...)                                                                                                  \
    VT_CALL(vt_mixup_with, vt_mix_args, VT_MIX_DEFAULTS, 2, "vt_mixup(images, targets, .alpha)", __VA_ARGS__)
#define vt_cutmix(...)                                                                                                 \
    VT_CALL(vt_cutmix_with, vt_mix_args, VT_MIX_DEFAULTS, 2, "vt_cutmix(images, targets, .alpha)", __VA_ARGS__)
#define vt_mixup_or_cutmix(...)                                                                                        \
    VT_CALL(vt_mixup_or_cutmix_with, vt_mixup_or_cutmix_args, VT_MIXUP_OR_CUTMIX_DEFAULTS, 2,                          \
            "vt_mixup_or_cutmix(images, targets, .mixup .cutmix .probability .cutmix_odds)", __VA_ARGS__)

#endif
#endif
