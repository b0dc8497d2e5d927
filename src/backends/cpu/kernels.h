/* kernels.h - the kernels of the CPU backend: a table a family, and all of them as one level of processors has them. */
#ifndef VITRO_BACKENDS_CPU_KERNELS_H
#define VITRO_BACKENDS_CPU_KERNELS_H

#include "backends/cpu/image/depth_wise.h"
#include "backends/cpu/image/winograd.h"
#include "backends/cpu/machine/multiply_add.h"
#include "backends/cpu/product/gemm.h"
#include "backends/kernel_row.h"

/* Each table ends with a row whose op is NULL. */
#define FAMILY(name) extern const kernel_row cpu_##name##_kernels[];
#include "backends/families.def"

/* What kernels are made of and tests call by itself. */
#define EACH_PART(PART)                                                                                                \
    PART(depth_wise_supports)                                                                                          \
    PART(depth_wise_scratch)                                                                                           \
    PART(depth_wise_convolve)                                                                                          \
    PART(depth_wise_gradients_pay)                                                                                     \
    PART(depth_wise_gradients_scratch)                                                                                 \
    PART(depth_wise_gradients)                                                                                         \
    PART(gemm_can)                                                                                                     \
    PART(gemm_plan_for)                                                                                                \
    PART(gemm_run_f32)                                                                                                 \
    PART(gemm_f32)                                                                                                     \
    PART(gemm_f64)                                                                                                     \
    PART(im2col_scratch_f32)                                                                                           \
    PART(im2col_scratch_f64)                                                                                           \
    PART(im2col_f32)                                                                                                   \
    PART(im2col_f64)                                                                                                   \
    PART(multiply_add)                                                                                                 \
    PART(winograd_supports)                                                                                            \
    PART(winograd_scratch)                                                                                             \
    PART(winograd_convolve)

/* What kernels.c and the rest of the kernels are compiled to, once for each level; nothing else of them is to be seen
 * outside. */
typedef struct cpu_kernels {
    const kernel_row *const *families; /* ended by NULL */
    bool have_pairs, have_matrices;    /* whether there is code for the units GEMM_PAIRS and GEMM_MATRICES */
#define PART(name) __typeof__(name) *name;
    EACH_PART(PART)
#undef PART
} cpu_kernels;

#endif
