/* node.h - ops, and the nodes that recording them makes. */
#ifndef VITRO_CORE_NODE_H
#define VITRO_CORE_NODE_H

#include "core/array.h"
#include "core/backend.h"
#include <vitro/base.h>
#include <vitro/error.h>

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
    int outputs;                /* 0: as many as `infer` says through node_set_outputs */

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
    bool (*view)(const node *n, const array *in, array *out);

    /* The way back through a view of one output: in, whose shape and dtype are filled in, such that its view is out;
     * false where there is none. NULL: never. It lets a kernel write its result where a later op wants it. */
    bool (*unview)(const void *attributes, const array *out, array *in);

    /* For ops that only put their inputs beside each other: where in the output each of them lies. Such an op has no
     * kernel: what is not written to its part in the first place is copied there. */
    void (*parts)(const void *attributes, const array *out, int inputs, array *in);

    /* For ops with effects: whether input i is overwritten. */
    bool (*writes)(int i);

    /* For products: multiplications and additions of a call. NULL: not counted. */
    double (*flops)(const kernel_call *call);

    bool chainable;   /* it may be part of a `chain`, several ops on each element as one */
    bool constant;    /* the gradient is zero everywhere: outputs do not depend on inputs as far as vt_backward goes */
    bool varies;      /* the result depends on what is bound to the node */
    uint32_t rounded; /* the inputs, a bit each, that a precision of bf16 rounds to bf16: factors of products */
} op;

/* A recorded op. */
struct node {
    const struct op *op;
    vt_site at;
    int inputs, outputs;
    const vt_tensor *in;
    vt_tensor *out;
    const spec *out_spec;
    const void *attributes; /* of the op's own struct type, made of int64_t and double, without padding */
    size_t attributes_size;
    struct bound bound;

    /* core's own */
    const uint32_t *in_version; /* of leaves, when recorded */
    node *previous, *next;      /* in the order of recording */
    uint64_t sequence;
    uint64_t run;  /* the last run that it is part of ... */
    int number;    /* ... and its place among the nodes there */
    uint64_t walk; /* the last differentiation that visited it, during which nodes may run ... */
    bool active;   /* ... and whether a gradient passes there */
    bool done;     /* it has run */
};

/* A node's attributes as its own struct. */
#define ATTRIBUTES(type, n) ((const type *)(n)->attributes)

/* Raises an error of the node: "<op>: <message>  at file:line in function()". Returns false. */
bool refuse(const node *n, const char *format, ...) VT_PRINTF(2, 3);

/* What recording takes. */
typedef struct recording {
    const struct op *op;
    vt_site at;
    int inputs;
    const vt_tensor *in;
    const void *attributes;
    size_t attributes_size;
    struct bound bound;
    int outputs; /* only for ops whose number of outputs varies */
} recording;

/* Appends a node; fills out with handles of its outputs, all inert where it failed. */
bool record_into(const recording *r, vt_tensor *out);

/* The bound of a random op: the context's seed, and a stream of its own. */
bound bound_random(void);

/* The common case, one output:
 *     record(&op_gelu, at, INPUTS(x), ATTRIBUTE(gelu_attributes, .tanh = 1)) */
#define INPUTS(...)                                                                                                    \
    .inputs = (int)(sizeof((vt_tensor[]){ __VA_ARGS__ }) / sizeof(vt_tensor)), .in = (vt_tensor[])                     \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define ATTRIBUTE(type, ...)  .attributes = &(type){ __VA_ARGS__ }, .attributes_size = sizeof(type)
#define record(op_, at_, ...) record_one(&(recording){ .op = op_, .at = at_, __VA_ARGS__ })
vt_tensor record_one(const recording *r);

/* Public functions that call other public functions begin with
 *     ENTER("huber_loss", at);
 * so that messages from inside name the user's call, and gradients name the forward op's. Ended by the block. */
typedef struct entry {
    bool outermost;
} entry;
entry entry_begin(const char *name, vt_site at);
void entry_end(entry *e);
#define ENTER(name, at) entry VT_CLEANUP_(entry_end) entered_ = entry_begin(name, at)

/* Raises an error in the name of an op, or of the function that was entered. Returns the inert handle. */
vt_tensor refuse_call(const char *name, vt_site at, vt_status status, const char *format, ...) VT_PRINTF(4, 5);

/* Functions that take a struct of arguments begin with it. */
#define NEED_ARGUMENTS(name, a, nothing)                                                                               \
    do {                                                                                                               \
        if (a) break;                                                                                                  \
        refuse_call(name, (vt_site){ 0 }, VT_ERROR_ARGUMENT, "the struct of arguments is NULL");                       \
        return nothing;                                                                                                \
    } while (0)

/* False, with an error "eps is nan; it must be finite, 0 or more", where a number of the call does not fit. */
bool number_fits(bool fits, const char *name, vt_site at, const char *what, double value, const char *wanted);

/* The spec of a live handle; false, with an error naming `what`, where it is inert or stale. */
bool spec_of(const char *name, vt_site at, const char *what, vt_tensor x, spec *out);

/* Whether tensors can have it: bf16 is only how a plan stores some of them. */
bool dtype_is_of_tensors(int64_t dtype);
#define DTYPES_OF_TENSORS "it must be f32, f64, i32, i64, u8 or bool"

/* The dtype of tensors where none is given. */
vt_dtype dtype_default(void);

/* Resolves a negative axis; -1 where it is out of range. */
int axis_resolve(int64_t axis, int rank);

/* Whether rank and extents are in range, and their product is a number of elements that memory could hold. */
bool shape_is_valid(vt_shape shape);

/* The shape of a op b, aligned at the last axis; false where they do not fit. */
bool shape_broadcast(vt_shape a, vt_shape b, vt_shape *out);

#endif
