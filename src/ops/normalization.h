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

typedef struct running_statistics_attributes {
    double momentum;
    double correction; /* of the variance, for what the mean of so many elements takes from it */
} running_statistics_attributes;

typedef struct batch_norm_tracking_attributes {
    batch_norm_attributes norm;
    running_statistics_attributes running;
    int64_t relu; /* a ReLU follows the norm, as it always does behind a shortcut */
} batch_norm_tracking_attributes;

/* Inputs and outputs. Rows [..., n] are the last `rank` axes of x as one; C are the channels of x [N, C, ...]. A mean
 * is two numbers that add up to it: the number nearest to it, and what that leaves. What is marked ? may be absent. */

/* layer_norm: x [..., n], weight? [n], bias? [n] -> y [..., n], mean [..., 2], rstd [...]
 * batch_norm, batch_norm_relu: x [N, C, ...], weight? [C], bias? [C] -> y [N, C, ...], mean [2, C], var [C] */
enum { NORM_X, NORM_WEIGHT, NORM_BIAS };
enum { NORM_Y, NORM_MEAN, NORM_RSTD, NORM_VAR = NORM_RSTD };

/* running_statistics: running mean [C] and variance [C], a batch's mean [2, C] and var [C], batches seen? i64 []. The
 * running ones become (1 - momentum) running + momentum batch, and the batches one more. */
enum { RUNNING_MEAN, RUNNING_VAR, RUNNING_BATCH_MEAN, RUNNING_BATCH_VAR, RUNNING_BATCHES, RUNNING_INPUTS };

/* rms_norm: x [..., n], weight? [n] -> y [..., n], rstd [...] */
enum { RMS_NORM_X, RMS_NORM_WEIGHT };
enum { RMS_NORM_Y, RMS_NORM_RSTD };

/* add_layer_norm: a [..., n], b [..., n], weight? [n], bias? [n] -> those of the layer_norm of a + b, sum [..., n] */
enum { ADD_LAYER_NORM_A, ADD_LAYER_NORM_B, ADD_LAYER_NORM_WEIGHT, ADD_LAYER_NORM_BIAS };
enum { ADD_LAYER_NORM_SUM = NORM_RSTD + 1 };

/* batch_norm_add_relu: x and shortcut [N, C, ...], weight? [C], bias? [C] -> those of batch_norm */
enum { BATCH_NORM_ADD_RELU_X, BATCH_NORM_ADD_RELU_SHORTCUT, BATCH_NORM_ADD_RELU_WEIGHT, BATCH_NORM_ADD_RELU_BIAS };

/* batch_norm_tracking: x [N, C, ...], running mean [C] and variance [C], weight? [C], bias? [C], shortcut? [N, C, ...],
 * batches seen? i64 [] -> those of batch_norm. It is batch_norm, batch_norm_relu or batch_norm_add_relu, and the
 * running_statistics of that. */
enum {
    TRACKING_X,
    TRACKING_RUNNING_MEAN,
    TRACKING_RUNNING_VAR,
    TRACKING_WEIGHT,
    TRACKING_BIAS,
    TRACKING_SHORTCUT,
    TRACKING_BATCHES,
    TRACKING_INPUTS
};

/* layer_norm_gradient: g and x [..., n], mean [..., 2], rstd [...], weight? [n]
 * batch_norm_gradient: g and x [N, C, ...], mean [2, C], var [C], weight? [C]
 * batch_norm_relu_gradient: the same, and bias? [C]
 *     -> dx as x; where there is a weight or a bias also dweight and dbias, as these */
enum {
    NORM_GRADIENT_G,
    NORM_GRADIENT_X,
    NORM_GRADIENT_MEAN,
    NORM_GRADIENT_RSTD,
    NORM_GRADIENT_VAR = NORM_GRADIENT_RSTD,
    NORM_GRADIENT_WEIGHT,
    NORM_GRADIENT_BIAS
};
enum { NORM_DX, NORM_DWEIGHT, NORM_DBIAS };

/* rms_norm_gradient: g and x [..., n], rstd [...], weight? [n] -> dx [..., n]; where there is a weight dweight [n] */
enum { RMS_NORM_GRADIENT_G, RMS_NORM_GRADIENT_X, RMS_NORM_GRADIENT_RSTD, RMS_NORM_GRADIENT_WEIGHT };

/* layer_norm_gradient_add: those of layer_norm_gradient, and residual [..., n], which is added to dx -> the same */
enum { GRADIENT_ADD_RESIDUAL = NORM_GRADIENT_RSTD + 1, GRADIENT_ADD_WEIGHT };

/* batch_norm_add_relu_gradient: those of batch_norm_gradient, y [N, C, ...], more_g? [N, C, ...], which is added to g
 *     -> dx and dshortcut [N, C, ...]; where there is a weight or a bias dweight and dbias [C] */
enum { ADD_RELU_GRADIENT_Y = NORM_GRADIENT_VAR + 1, ADD_RELU_GRADIENT_WEIGHT, ADD_RELU_GRADIENT_MORE_G };
enum { ADD_RELU_DX, ADD_RELU_DSHORTCUT, ADD_RELU_DWEIGHT, ADD_RELU_DBIAS };

/* False, with an error, where a call's eps is not finite, or negative. */
bool eps_fits(const char *name, vt_site at, double eps);

/* [C] seen with the axes of x, [N, C, ...]; the inert tensor stays it. */
vt_tensor per_channel(vt_tensor scale, vt_tensor x);

/* Of layer_norm or batch_norm: records its gradient, the op named NORM_GRADIENT above. */
void record_norm_gradient(const op *gradient, const node *n, vt_tensor g, vt_tensor *dx);

#endif
