/* preprocess.h - pictures as a model's weights want them: timm's transform for evaluation. */
#ifndef MODELS_PREPROCESS_H
#define MODELS_PREPROCESS_H

#include "family.h"

/* What a model for pictures of [height, width] sees of a picture: it is resized until its short side is that of the
 * model divided by `crop`, and the middle is cut out. The pixels are those of timm's create_transform(...,
 * is_training=False) before they are normalised. False with an error, and an empty picture, as vt_picture_resize. */
bool preprocess_cut(const vt_picture *from, const preprocessing *how, int64_t height, int64_t width, vt_picture *seen);

/* (x / 255 - mean) / std of each channel, f32 [3, height, width], with the bits of torchvision's ToTensor and
 * Normalize. */
void preprocess_normalize(const vt_picture *seen, const preprocessing *how, float *out);

#endif
