/* backend.h - what a backend provides: memory and a table of kernels. */
#ifndef VITRO_CORE_BACKEND_H
#define VITRO_CORE_BACKEND_H

#include "core/array.h"

struct op;

/* Values that change from step to step and so are no part of a graph's structure. */
typedef struct bound {
    double scalar[4];      /* learning rate, step number, ... as the op defines */
    uint64_t seed, stream; /* the random numbers of this node */
} bound;

/* One execution of one op. Outputs are contiguous and distinct from the inputs; an op with an effect overwrites the
 * inputs that it says it writes. */
typedef struct kernel_call {
    const struct op *op;
    const void *attributes;
    const bound *bound;
    int inputs, outputs;
    array *in, *out;
    vt_site at; /* for errors that only the data shows */
} kernel_call;

/* A kernel. It raises an error and returns false where it fails. */
typedef struct kernel {
    bool (*run)(const kernel_call *call);
    bool (*supports)(const kernel_call *call); /* NULL: every call. Sees shapes, strides, dtypes; data may be NULL */
    bool strided;                              /* takes inputs of any strides; otherwise they come contiguous */
} kernel;

typedef struct backend {
    const char *name;
    const kernel *(*kernel_of)(const struct op *op);   /* NULL where it has none */
    const kernel *(*fallback_of)(const struct op *op); /* for a call that neither a kernel nor a decomposition serves */
    void *(*allocate)(size_t bytes);                   /* 64-byte aligned; NULL where memory is short */
    void (*release)(void *memory, size_t bytes);
    void (*set_threads)(int threads);
} backend;

/* The backends this library was built with; NULL for an unknown name. */
const backend *backend_find(const char *name);
/* "cpu, reference": for messages. */
const char *backend_names(void);

#endif
