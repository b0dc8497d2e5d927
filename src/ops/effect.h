/* effect.h - the clipping of gradients. */
#ifndef VITRO_OPS_EFFECT_H
#define VITRO_OPS_EFFECT_H

#include <vitro/base.h>

/* clip: inputs norm, a scalar, x0, x1, ...; outputs min(1, max_norm / (norm + 1e-6)) x_i. */
enum { CLIP_NORM, CLIP_TENSORS };
typedef struct clip_attributes {
    double max_norm;
} clip_attributes;

/* assign: target, value, which it overwrites the target with; both of one shape. */
enum { ASSIGN_TARGET, ASSIGN_VALUE };

/* sqrt(sum of the squares of every element of every tensor), a scalar of the first one's dtype. No gradient passes. */
vt_tensor record_global_norm(vt_site at, const vt_tensor *x, int count);
/* Fills out with count clipped tensors, or with inert ones. No gradient passes. */
bool record_clip(vt_site at, vt_tensor norm, const vt_tensor *x, int count, double max_norm, vt_tensor *out);

#endif
