/* op.h - what an op is. */
#ifndef VITRO_CORE_GRAPH_OP_H
#define VITRO_CORE_GRAPH_OP_H

#include "core/base/array.h"
#include "core/backend.h"
#include <vitro/base.h>

typedef struct node node;

/* What is known of a tensor before it is computed. */
typedef struct spec {
    vt_dtype dtype;
    vt_shape shape;
} spec;

/* What an op is. Adding one: see docs/add-an-op.md. */
typedef struct op {
    const char *name;
    int id;                     /* its place in ops.def */
    int min_inputs, max_inputs; /* inputs between the two are optional: absent is the inert handle. max 0: any number */
    int outputs;                /* 0: as many as `infer` says */

    /* Checks inputs and attributes and fills the specs of the outputs; refuse() and false where they do not fit. */
    bool (*infer)(const node *n, const spec *in, spec *out);

    /* Fills dx[i] with the gradient of input i, given the gradients g of the outputs (inert: zero). Elementwise ops may
     * leave broadcast axes unreduced. A dx left inert is an error where that input needs a gradient. NULL: the gradient
     * of `decompose` is taken. */
    void (*vjp)(const node *n, const vt_tensor *g, vt_tensor *dx);

    /* The same computation in simpler ops. Fallback where a backend has no kernel, and the oracle of those that have.
     */
    void (*decompose)(const node *n, vt_tensor *out);

    /* For ops that only look at memory in another way: the outputs, whose shapes and dtypes are filled in, as views of
     * in; false where that takes a copy of the input first. */
    bool (*view)(const void *attributes, const array *in, int outputs, array *out);

    /* The way back through a view of one output: in, whose shape and dtype are filled in, such that its view is out;
     * false where there is none. NULL: never. It lets a kernel write its result where a later op wants it. */
    bool (*unview)(const void *attributes, const array *out, array *in);

    /* For ops that only put their inputs beside each other: where in the output each of them lies. Such an op has no
     * kernel: what is not written to its part in the first place is copied there. */
    void (*parts)(const void *attributes, const array *out, int inputs, array *in);

    /* For ops with effects: whether input i, if there is one, is overwritten. */
    bool (*writes)(int i);

    /* For products: multiplications and additions of a call. NULL: not counted. */
    double (*flops)(const kernel_call *call);

    /* The attributes, a bit each, that are numbers which may be infinite or NaN. What is not finite in the result where
     * one of them is not has been asked for. */
    uint32_t unbounded;

    bool chainable;   /* it may be part of a `chain`, several ops on each element as one */
    bool constant;    /* the gradient is zero everywhere: outputs do not depend on inputs as far as vt_backward goes */
    bool varies;      /* the result depends on what is bound to the node */
    uint32_t rounded; /* the inputs, a bit each, that a precision of bf16 rounds to bf16: factors of products */
} op;

#endif
