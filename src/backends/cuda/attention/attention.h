/* attention.h - a call of attention, seen as heads, and the kernels for it: Dao et al. 2022, FlashAttention. The map of
 * weights is never in memory. Backward computes it again, for which the logsumexp of each query is enough. */
#ifndef VITRO_BACKENDS_CUDA_ATTENTION_ATTENTION_H
#define VITRO_BACKENDS_CUDA_ATTENTION_ATTENTION_H

#include "backends/cuda/element/walk.h"

extern "C" {
#include "core/base/philox.h"
}

/* What a call reads and writes, forward Q to MASK, backward all of them. Of a head: Q, DQ [queries, channels], K, DK
 * [keys, channels], V, DV [keys, width], Y, G [queries, width], LOGSUMEXP [queries], BIAS, MASK [queries, keys]. */
enum { Q, K, V, Y, LOGSUMEXP, BIAS, MASK, G, DQ, DK, DV, ARRAYS };

/* One head's part of an array. */
typedef struct matrix {
    char *data;          /* NULL: absent */
    int size;            /* of an element: 2 is bf16, 4 is f32 */
    int64_t row, column; /* strides, in elements */
} matrix;

/* The random mask of the weights [heads, queries, keys], drawn again wherever it is needed. */
typedef struct weight_dropout {
    const bound *stream; /* in the device's memory; NULL: nothing is dropped */
    uint32_t least_kept; /* a number u 2^-24 is at least p where the integer u is at least this */
    float scale;         /* of what is kept */
} weight_dropout;

/* An argument of kernels. */
typedef struct attention {
    walk<ARRAYS> heads;
    matrix arrays[ARRAYS]; /* of the first head */
    int queries, keys, channels, width;
    float scale;
    bool causal;
    weight_dropout dropout;
    float *means; /* [heads, queries]: what backward finds out about queries first, the sum of g y */
} attention;

/* Finds a head's parts, in shared memory, where they need no registers. All threads of a block do it. */
static __device__ __forceinline__ void find_head(const attention &a, int64_t head, matrix (&of)[ARRAYS])
{
    int which = (int)threadIdx.x;
    if (which < ARRAYS) {
        int64_t offset = 0;
        for (int axis = a.heads.rank - 1; axis >= 0; axis--) {
            offset += head % a.heads.extent[axis] * a.heads.stride[which][axis];
            head /= a.heads.extent[axis];
        }
        of[which] = a.arrays[which];
        of[which].data += offset * of[which].size;
    }
    __syncthreads();
}

static __device__ __forceinline__ char *element(const matrix &m, int row, int column)
{
    return m.data + (row * m.row + column * m.column) * m.size;
}

static __device__ __forceinline__ float load_float(const matrix &m, int row, int column)
{
    const char *from = element(m, row, column);
    return m.size == 2 ? __bfloat162float(*(const __nv_bfloat16 *)from) : *(const float *)from;
}

static __device__ __forceinline__ void store_float(const matrix &m, int row, int column, float x)
{
    char *to = element(m, row, column);
    if (m.size == 2)
        *(__nv_bfloat16 *)to = __float2bfloat16(x);
    else
        *(float *)to = x;
}

/* Four neighbours of the mask: another key of the same query is often among those drawn last. */
typedef struct drawn {
    uint64_t block;
    uint32_t words[4];
} drawn;

static __device__ __forceinline__ drawn nothing_drawn()
{
    return { ~0ull, {} };
}

/* What becomes of a weight: 0, or the scale. */
static __device__ __forceinline__ float kept(const attention &a, int64_t head, int query, int key, drawn &last)
{
    const uint64_t element = ((uint64_t)head * a.queries + query) * a.keys + key, block = element / 4;
    if (block != last.block) philox_block(a.dropout.stream->seed, a.dropout.stream->stream, block, last.words);
    last.block = block;
    uint32_t word = last.words[0];
#pragma unroll
    for (unsigned k = 1; k < 4; k++) word = element % 4 == k ? last.words[k] : word;
    return word >> 8 >= a.dropout.least_kept ? a.dropout.scale : 0;
}

static inline int parts_of(int count, int part)
{
    return (count + part - 1) / part;
}

/* For every call. */
void attend_in_f32(const attention &a);
void attend_backward_in_f32(const attention &a);

/* On tensor cores, for q, k, v and g in bf16, with rows that are 16-byte aligned. */
bool tensor_cores_take(const attention &a);
void attend_in_bf16(const attention &a);
/* False where a block has too little shared memory for it. */
bool attend_backward_in_bf16(const attention &a);
/* A block a head; false where there are too few of them, or too much in one. */
bool attend_backward_by_heads_in_bf16(const attention &a);

#endif
