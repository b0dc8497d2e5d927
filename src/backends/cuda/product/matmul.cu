/* matmul.cu - which code runs a matrix product. */
#include "backends/cuda/product/blas.h"
#include "backends/cuda/product/matmul.h"
#include <stdlib.h>

struct matmul {
    gemm_problem problem;
    blas_product *blas; /* NULL: our own loops run */
};

matmul *matmul_prepare(const gemm_problem *p)
{
    matmul *m = (matmul *)calloc(1, sizeof *m);
    if (!m) {
        raise_error(VT_ERROR_MEMORY, vt_site{}, "out of memory to prepare a matrix product");
        return NULL;
    }
    m->problem = *p;
    if (gemm_count(p) == 0 || p->k == 0 || blas_prepare(p, &m->blas)) return m;
    free(m);
    return NULL;
}

size_t matmul_scratch(const matmul *m)
{
    return m->blas ? blas_scratch(m->blas) : 0;
}

bool matmul_run(matmul *m, const gemm_operands *o, void *scratch)
{
    if (gemm_count(&m->problem) == 0) return true;
    if (m->blas && blas_takes(o)) return blas_run(m->blas, o, scratch);
    gemm_queue(&m->problem, o);
    return cuda_ok(cudaGetLastError(), "matrix product");
}

void matmul_discard(matmul *m)
{
    if (!m) return;
    blas_discard(m->blas);
    free(m);
}
