/* library.h - what the floors above give to core, which calls nothing of theirs by name: defined in src/library.c. */
#ifndef VITRO_CORE_LIBRARY_H
#define VITRO_CORE_LIBRARY_H

#include "core/backend.h"
#include "core/plan/program.h"

/* The ops that differentiation writes sums of gradients in. */
typedef struct algebra {
    vt_tensor (*add)(vt_tensor a, vt_tensor b);
    vt_tensor (*sum_to)(vt_tensor x, vt_shape shape); /* over the axes along which it was broadcast */
    vt_tensor (*full)(vt_shape shape, double value, vt_dtype dtype);
} algebra;

extern const struct library {
    const backend *const *backends; /* the first is the default; ended by NULL */
    const pass *passes;             /* in the order in which they run, ended by a name of NULL */
    algebra algebra;
    vt_tensor (*view)(vt_tensor x); /* of the whole of x: a tensor of its own on the same memory */
} library;

#endif
