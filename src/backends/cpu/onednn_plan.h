/* onednn_plan.h - primitives of oneDNN, made once and kept, in versions 2.6 and 3. */
#ifndef VITRO_BACKENDS_CPU_ONEDNN_PLAN_H
#define VITRO_BACKENDS_CPU_ONEDNN_PLAN_H

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
} layout;

layout layout_contiguous(int rank, const int64_t *dim);

enum { MAX_ARGUMENTS = 4 };

/* One argument of a primitive: which (DNNL_ARG_SRC, ...), how the caller's memory is laid out, and the memory. */
typedef struct argument {
    int id;
    bool output;
    layout layout;
    void *data;
} argument;

/* Makes the primitive descriptor for arguments of the given layouts; the attributes ask for the caller's scratchpad.
 * `key` is what onednn_run was given. */
typedef dnnl_status_t describe(const void *key, const argument *arguments, dnnl_engine_t engine,
                               const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out);

/* f32 descriptors for `describe` functions. `any` leaves the layout to oneDNN: onednn_run then reorders. They end with
 * descriptor_free; NULL where oneDNN refuses. */
descriptor descriptor_plain(const layout *l);
descriptor descriptor_any(const layout *l);
void descriptor_free(descriptor d);

/* Runs the primitive that belongs to the function and the bytes of the key, a struct of int64_t, on arguments in the
 * caller's layouts, which must follow from the key. False where oneDNN has none (which is remembered), or memory is
 * short. */
bool onednn_run(describe *function, const void *key, size_t key_size, const argument *arguments, int count);

#endif
