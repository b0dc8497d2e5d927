/* onednn_plan.h - how plans are made of primitives of oneDNN, in versions 2.6 and 3. */
#ifndef VITRO_BACKENDS_CPU_ONEDNN_ONEDNN_PLAN_H
#define VITRO_BACKENDS_CPU_ONEDNN_ONEDNN_PLAN_H

#include "backends/cpu/onednn/onednn.h"
#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stdint.h>

/* A memory descriptor: opaque in version 3, a struct before. */
#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t descriptor;
typedef const_dnnl_memory_desc_t descriptor_view;
#else
typedef const dnnl_memory_desc_t *descriptor_view;
typedef dnnl_memory_desc_t *descriptor;
#endif

/* A tensor in the caller's memory. Rank 0: absent. */
typedef struct layout {
    int rank;
    dnnl_dims_t dim, stride; /* stride in elements */
    bool bf16;               /* in memory */
    bool takes_bf16;         /* as the primitive wants it, rather than f32: the plan converts */
} layout;

layout layout_contiguous(int rank, const int64_t *dim);

enum { MAX_ARGUMENTS = 4 };

/* One argument of a primitive: which (DNNL_ARG_SRC, ...), and how the caller's memory is laid out. */
typedef struct argument {
    int id;
    bool output;
    layout layout;
} argument;

/* Makes the primitive descriptor for arguments of the given layouts; the attributes ask for the caller's scratchpad.
 * `problem` is what onednn_prepare was given. */
typedef dnnl_status_t describe(const void *problem, const argument *arguments, dnnl_engine_t engine,
                               const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out);

/* Descriptors for `describe` functions, of what the primitive takes. `any` leaves the layout to oneDNN: the plan then
 * reorders. They end with descriptor_free; NULL where oneDNN refuses. */
descriptor descriptor_plain(const layout *l);
descriptor descriptor_any(const layout *l);
void descriptor_free(descriptor d);

/* The plan of the primitive that `function` describes; NULL, and no error, where oneDNN has none that is fast; NULL
 * with an error where memory is short. */
onednn_plan *onednn_prepare(describe *function, const void *problem, const argument *arguments, int count);

#endif
