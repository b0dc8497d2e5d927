/* product_geometry.h - extents and strides of a matrix product, from the arrays of an op. Each backend has a
 * gemm_problem of its own, which is known where this is included; these members are in all of them. Also for C++. */
#ifndef VITRO_BACKENDS_PRODUCT_GEOMETRY_H
#define VITRO_BACKENDS_PRODUCT_GEOMETRY_H

#include <string.h>

static inline int64_t extent_from_end(const array *a, int i)
{
    return a->shape.dim[a->shape.rank - i];
}

static inline int64_t stride_from_end(const array *a, int i)
{
    return a->stride[a->shape.rank - i];
}

/* Appends a batch axis, outermost first; one that goes on where the last ended is merged with it. */
static inline void add_batch_axis(gemm_problem *p, int64_t extent, int64_t a_stride, int64_t b_stride)
{
    if (extent == 1) return;
    int64_t last = p->batch_rank - 1;
    if (last >= 0 && p->a_batch[last] == extent * a_stride && p->b_batch[last] == extent * b_stride) {
        p->batch[last] *= extent;
        p->a_batch[last] = a_stride;
        p->b_batch[last] = b_stride;
        return;
    }
    p->batch[p->batch_rank] = extent;
    p->a_batch[p->batch_rank] = a_stride;
    p->b_batch[p->batch_rank] = b_stride;
    p->batch_rank++;
}

/* Where b is the same for every step along the innermost batch axis, that axis can be more rows of a. */
static inline void fold_batch_into_rows(gemm_problem *p)
{
    int64_t last = p->batch_rank - 1;
    if (last < 0 || p->b_batch[last] != 0) return;
    if (p->m == 1)
        p->a_row = p->a_batch[last];
    else if (p->a_batch[last] != p->m * p->a_row)
        return;
    p->m *= p->batch[last];
    p->batch[last] = p->a_batch[last] = 0;
    p->batch_rank--;
}

/* Of a [..., m, k] and b [..., k, n], or their transposes, whose leading axes broadcast to those of y [..., m, n]. */
static inline gemm_problem product_geometry(const array *a, bool transpose_a, const array *b, bool transpose_b,
                                            const vt_shape *y)
{
    gemm_problem p;
    memset(&p, 0, sizeof p);
    p.m = extent_from_end(a, transpose_a ? 1 : 2);
    p.k = extent_from_end(a, transpose_a ? 2 : 1);
    p.n = extent_from_end(b, transpose_b ? 2 : 1);
    p.a_row = stride_from_end(a, transpose_a ? 1 : 2);
    p.a_column = stride_from_end(a, transpose_a ? 2 : 1);
    p.b_row = stride_from_end(b, transpose_b ? 1 : 2);
    p.b_column = stride_from_end(b, transpose_b ? 2 : 1);
    for (int i = y->rank; i > 2; i--) {
        bool a_moves = i <= a->shape.rank && extent_from_end(a, i) != 1;
        bool b_moves = i <= b->shape.rank && extent_from_end(b, i) != 1;
        add_batch_axis(&p, y->dim[y->rank - i], a_moves ? stride_from_end(a, i) : 0,
                       b_moves ? stride_from_end(b, i) : 0);
    }
    fold_batch_into_rows(&p);
    return p;
}

#endif
