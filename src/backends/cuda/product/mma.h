/* mma.h - tensor cores, and copies that go on beside the arithmetic: what CUDA C++ has no words for. */
#ifndef VITRO_BACKENDS_CUDA_PRODUCT_MMA_H
#define VITRO_BACKENDS_CUDA_PRODUCT_MMA_H

#include "backends/cuda/machine/portable.h"
#include <string.h>

/* Operands of d += a b, with tiles of 16 x 8, 16 x 16 and 16 x 8 elements, lie scattered over a warp. A lane with
 * row = lane / 4 and column = lane % 4 * 2 holds
 *
 *  d[0], d[1]: (row, column), (row, column + 1)     d[2], d[3]: (row + 8, column), (row + 8, column + 1)
 *  a[0], a[1]: (row, column), (row + 8, column)     a[2], a[3]: (row, column + 8), (row + 8, column + 8)
 *  b0, b1:     (column, row), (column + 8, row)
 *
 * where a register of a or b holds two bf16, of which the second is the next along the axis that is summed over. So two
 * tiles of d beside each other, rounded, are an a.
 *
 * ldmatrix_x4 loads four tiles of 8 x 8 bf16 from shared memory: lane l names row l % 8 of tile l / 8, 16 bytes that
 * are aligned so. result[t] holds (row, column) and (row, column + 1) of tile t, or transposed (column, row) and
 * (column + 1, row).
 *
 * copy_async copies 16 bytes, aligned so, from global to shared memory, or zeros where `from` is not valid. They are
 * there for the thread that copies when it has waited for their group, for others behind a barrier after that.
 *
 * All of a warp takes part in the first three. */

/* Two floats as they lie in an operand. */
static __device__ __forceinline__ uint32_t pack_bf16(float first, float second)
{
    __nv_bfloat162 pair = __floats2bfloat162_rn(first, second);
    uint32_t bits;
    memcpy(&bits, &pair, sizeof bits);
    return bits;
}

#ifdef __CUDACC__
static __device__ __forceinline__ uint32_t shared_address(const void *p)
{
    return (uint32_t)__cvta_generic_to_shared(p);
}

static __device__ __forceinline__ void mma_16x8x16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

static __device__ __forceinline__ void ldmatrix_x4(uint32_t (&result)[4], const void *row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(result[0]), "=r"(result[1]), "=r"(result[2]), "=r"(result[3])
                 : "r"(shared_address(row))
                 : "memory");
}

static __device__ __forceinline__ void ldmatrix_x4_transposed(uint32_t (&result)[4], const void *row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(result[0]), "=r"(result[1]), "=r"(result[2]), "=r"(result[3])
                 : "r"(shared_address(row))
                 : "memory");
}

static __device__ __forceinline__ void copy_async(void *to, const void *from, bool valid)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
                 "r"(valid ? 16 : 0)
                 : "memory");
}

/* What was copied since the last commit becomes a group. */
static __device__ __forceinline__ void commit_copies()
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/* Waits for all groups but the last `GROUPS`. */
template <int GROUPS> static __device__ __forceinline__ void wait_for_copies()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(GROUPS) : "memory");
}

/* 2^x in one instruction: two units in the last place, and 0 for what is less than the smallest normal number. */
static __device__ __forceinline__ float exp2_approximate(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
#else
#include <mma_on_host.h>
#endif

#endif
