/* normalization.h - softmax and normalisations: attributes, and what their files share. */
#ifndef VITRO_OPS_NORMALIZATION_H
#define VITRO_OPS_NORMALIZATION_H

#include "core/run/apply.h"

/* softmax, log_softmax, and their gradients */
typedef struct softmax_attributes {
    int64_t axis;
} softmax_attributes;

/* layer_norm, rms_norm, and their gradients */
typedef struct row_norm_attributes {
    int64_t rank; /* of what is normalised together: the last axes */
    double eps;
} row_norm_attributes;

/* batch_norm, its gradient, and both with what follows */
typedef struct batch_norm_attributes {
    double eps;
} batch_norm_attributes;

/* False, with an error, where a call's eps is not finite, or negative. */
bool eps_fits(const char *name, vt_site at, double eps);

/* [C] seen with the axes of x, [N, C, ...]; the inert tensor stays it. */
vt_tensor per_channel(vt_tensor scale, vt_tensor x);

/* Inputs x, weight, bias and outputs y, two statistics: records the gradient, an op of g, x, the statistics, weight,
 * that gives dx and, where there is a weight or a bias, the gradients of both. */
void record_norm_gradient(const op *gradient, const node *n, vt_tensor g, vt_tensor *dx);

#endif
