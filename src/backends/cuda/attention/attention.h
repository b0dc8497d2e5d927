/* attention.h - a call of attention, seen as heads, and the kernels for it: Dao et al. 2022, FlashAttention. The map of
 * weights is never in memory. Backward computes it again, for which the logsumexp of each query is enough. */
#ifndef VITRO_BACKENDS_CUDA_ATTENTION_ATTENTION_H
#define VITRO_BACKENDS_CUDA_ATTENTION_ATTENTION_H

#include "backends/cuda/element/dropout.h"
#include "backends/cuda/element/walk.h"

/* What a call reads and writes, forward Q to MASK, backward all of them. Of a head: Q, DQ [queries, channels], K, DK
 * [keys, channels], V, DV [keys, width], Y, G [queries, width], LOGSUMEXP [queries], BIAS, MASK, DBIAS [queries, keys].
 */
enum { Q, K, V, Y, LOGSUMEXP, BIAS, MASK, G, DQ, DK, DV, DBIAS, ARRAYS };

/* One head's part of an array. */
typedef struct matrix {
    char *data;          /* NULL: absent */
    int size;            /* of an element: 2 is bf16, 4 is f32 */
    int64_t row, column; /* strides, in elements */
} matrix;

/* An argument of kernels. */
typedef struct attention {
    walk<ARRAYS> heads;
    matrix arrays[ARRAYS]; /* of the first head */
    int queries, keys, channels, width;
    float scale;
    bool causal;
    dropout_rule dropout; /* of the weights [heads, queries, keys] */
    float *means;         /* [heads, queries]: what backward finds out about queries first, the sum of g y */
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
    if (block != last.block) draw_words(a.dropout, block, last.words);
    last.block = block;
    return is_kept(a.dropout, word_of(last.words, element)) ? a.dropout.scale : 0;
}

static inline int parts_of(int count, int part)
{
    return (count + part - 1) / part;
}

/* -- The gradient of a bias ------------------------------------------------------------------------------------------
 * Heads that have the same matrix of the bias share its gradient, which is the sum of their dlogits. They are cut into
 * parts, each of which has a sum of its own. */

enum { BIAS_TILE = 64 }; /* queries, and keys */

/* An argument of kernels. */
typedef struct bias_sharing {
    unsigned own;            /* a bit for each axis of attention.heads along which the bias has other matrices */
    int64_t matrices, heads; /* of the bias; that share each */
    int64_t parts;           /* of these heads */
    int query_tiles, key_tiles;
    float *sums; /* [parts, matrices, queries, keys] */
} bias_sharing;

/* What a block has: a tile of the sum of a part, which is heads `first` to `end` of those that share a matrix. */
typedef struct bias_tile {
    int64_t matrix, part, first, end;
    int query, key; /* the first of the tile */
} bias_tile;

static __device__ __forceinline__ bias_tile find_bias_tile(const attention &a, const bias_sharing &s)
{
    const int tiles = s.query_tiles * s.key_tiles, number = (int)(blockIdx.x % tiles);
    const int64_t rest = blockIdx.x / tiles;
    bias_tile t = { .matrix = rest % s.matrices, .part = rest / s.matrices };
    t.query = number / s.key_tiles * BIAS_TILE;
    t.key = number % s.key_tiles * BIAS_TILE;
    t.first = s.heads * t.part / s.parts;
    t.end = a.causal && t.key >= t.query + BIAS_TILE ? t.first : s.heads * (t.part + 1) / s.parts;
    return t;
}

/* One of the heads that share a matrix, in shared memory. */
typedef struct sharing_head {
    matrix of[ARRAYS];
    int64_t number; /* of all heads, by which weights are dropped */
} sharing_head;

/* As find_head: number `sharer` of the heads that share matrix number `shared`. */
static __device__ __forceinline__ void find_sharing_head(const attention &a, const bias_sharing &s, int64_t shared,
                                                         int64_t sharer, sharing_head &head)
{
    int which = (int)threadIdx.x;
    if (which < ARRAYS) {
        int64_t offset = 0, number = 0, inner = 1;
        for (int axis = a.heads.rank - 1; axis >= 0; axis--) {
            const bool own = s.own >> axis & 1;
            const int64_t rest = own ? shared : sharer, outer = rest / a.heads.extent[axis];
            const int64_t place = rest - outer * a.heads.extent[axis];
            offset += place * a.heads.stride[which][axis];
            number += place * inner;
            inner *= a.heads.extent[axis];
            shared = own ? outer : shared;
            sharer = own ? sharer : outer;
        }
        head.of[which] = a.arrays[which];
        head.of[which].data += offset * head.of[which].size;
        if (which == 0) head.number = number;
    }
    __syncthreads();
}

/* Where an element of a tile is summed; NULL: it is not there. */
static __device__ __forceinline__ float *bias_sum(const attention &a, const bias_sharing &s, const bias_tile &t,
                                                  int query, int key)
{
    if (query >= a.queries || key >= a.keys) return NULL;
    return s.sums + ((t.part * s.matrices + t.matrix) * a.queries + query) * a.keys + key;
}

/* -- The kernels --------------------------------------------------------------------------------------------------- */

/* For every call. */
void attend_in_f32(const attention &a);
void attend_backward_in_f32(const attention &a);
void sum_dlogits_in_f32(const attention &a, const bias_sharing &s);

/* On tensor cores, for q, k, v and g in bf16, with rows that are 16-byte aligned. */
bool tensor_cores_take(const attention &a);
void attend_in_bf16(const attention &a);
/* False where a block has too little shared memory for it. */
bool attend_backward_in_bf16(const attention &a);
bool sum_dlogits_in_bf16(const attention &a, const bias_sharing &s);
/* A block a head; false where there are too few of them, or too much in one. */
bool attend_backward_by_heads_in_bf16(const attention &a);

#endif
