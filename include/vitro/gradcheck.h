/* gradcheck.h - is this gradient right? Held against central differences in f64, with random cotangents. */
#ifndef VITRO_GRADCHECK_H
#define VITRO_GRADCHECK_H

#include <vitro/base.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The function under test: one output, of floating point, from the inputs. It is called many times and must record the
 * same ops each time; random ops in it draw the same numbers each time. */
typedef vt_tensor (*vt_function)(const vt_tensor *inputs, void *user);

typedef struct vt_gradcheck_args {
    vt_site at_;
    vt_function function;
    const vt_tensor *inputs; /* the f64 ones are varied, in copies; integer ones are held; f32 is refused */
    int count;
    vt_named_only named_only_;
    void *user;        /* handed to the function */
    bool second_order; /* check the gradient of the gradient too */
    double step;       /* of the central difference */
    double tolerance;  /* of |analytic - numeric|, relative to the largest numeric gradient or 1 */
    uint64_t seed;     /* of the cotangents */
    FILE *report;      /* gets a line for each input, and the worst elements where one differs; NULL: none */
} vt_gradcheck_args;
#define VT_GRADCHECK_DEFAULTS .step = 1e-5, .tolerance = 1e-6, .seed = 0
VT_API vt_gradcheck_args vt_gradcheck_defaults(void);

/* Holds the gradients of <result, cotangent>, for three random cotangents, to central differences. Then, of each two
 * f64 inputs of one shape that the function does not overwrite, the second becomes equal to the first, and after that
 * the same tensor: its gradient must be the sum of the two that there were before. With second_order all this is done
 * of the gradient too, along random directions.
 *
 * True where every gradient agrees. False with an error of VT_ERROR_GRADIENT that names the input and the element that
 * differs most, its analytic and its numeric value; or with the function's own error. */
VT_API bool vt_gradcheck_with(const vt_gradcheck_args *a);
#define vt_gradcheck(...)                                                                                              \
    VT_CALL(vt_gradcheck_with, vt_gradcheck_args, VT_GRADCHECK_DEFAULTS, 3,                                            \
            "vt_gradcheck(function, inputs, count, .second_order ...)", __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
