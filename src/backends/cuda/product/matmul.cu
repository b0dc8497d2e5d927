/* matmul.cu - which code runs a matrix product. */
#include "backends/cuda/product/blas.h"
#include "backends/cuda/product/matmul.h"

extern "C" {
#include "backends/strict.h"
#include "core/run/slow_call.h"
}
#include <stdlib.h>

struct matmul {
    gemm_problem problem;
    blas_product *blas; /* NULL: our own loops run */
};

static bool is_empty(const gemm_problem *p)
{
    return gemm_count(p) == 0 || p->k == 0;
}

static bool take_loops(const gemm_problem *p)
{
    return !is_strict() || raise_error(VT_ERROR_UNSUPPORTED, vt_site{},
                                       "device cuda: cuBLASLt has no algorithm for a product of %lld x %lld x %lld "
                                       "(%s to %s), and VT_STRICT=1 forbids loops in its place",
                                       (long long)p->m, (long long)p->n, (long long)p->k,
                                       vt_dtype_name((vt_dtype)p->in_dtype), vt_dtype_name((vt_dtype)p->y_dtype));
}

matmul *matmul_prepare(const gemm_problem *p)
{
    matmul *m = (matmul *)calloc(1, sizeof *m);
    if (!m) {
        raise_error(VT_ERROR_MEMORY, vt_site{}, "out of memory to prepare a matrix product");
        return NULL;
    }
    m->problem = *p;
    if (is_empty(p) || (blas_prepare(p, &m->blas) && (m->blas || take_loops(p)))) return m;
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
    if (m->problem.k)
        slow_call(m->blas ? "have operands that are not aligned for cuBLASLt, and run as loops"
                          : "have no algorithm of cuBLASLt, and run as loops");
    gemm_queue(&m->problem, o);
    return cuda_ok(cudaGetLastError(), "matrix product");
}

void matmul_discard(matmul *m)
{
    if (!m) return;
    blas_discard(m->blas);
    free(m);
}
