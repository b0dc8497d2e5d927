/* blas_library.h - cuBLASLt, loaded when the first product is prepared: it takes 60 ms and 200 MB of memory. */
#ifndef VITRO_BACKENDS_CUDA_PRODUCT_BLAS_LIBRARY_H
#define VITRO_BACKENDS_CUDA_PRODUCT_BLAS_LIBRARY_H

#include "backends/cuda/machine/device.h"
#include <cublasLt.h>

/* What this library calls of it. */
#define BLAS_FUNCTIONS(DO)                                                                                             \
    DO(Create)                                                                                                         \
    DO(GetStatusString)                                                                                                \
    DO(MatmulDescCreate)                                                                                               \
    DO(MatmulDescDestroy)                                                                                              \
    DO(MatmulDescSetAttribute)                                                                                         \
    DO(MatrixLayoutCreate)                                                                                             \
    DO(MatrixLayoutDestroy)                                                                                            \
    DO(MatrixLayoutSetAttribute)                                                                                       \
    DO(MatmulPreferenceCreate)                                                                                         \
    DO(MatmulPreferenceDestroy)                                                                                        \
    DO(MatmulPreferenceSetAttribute)                                                                                   \
    DO(MatmulAlgoGetHeuristic)                                                                                         \
    DO(Matmul)

typedef struct blas_library {
    cublasLtHandle_t handle;
#define MEMBER(name) decltype(&cublasLt##name) name;
    BLAS_FUNCTIONS(MEMBER)
#undef MEMBER
} blas_library;

/* Of the process, and for every thread; NULL with an error that says what to install. */
const blas_library *blas_load();

#endif
