/* attention_bf16.cu - attention on tensor cores. A block has 64 queries, a warp 16 of them, and goes through the keys
 * by 64, while the next ones are on their way. */
#include "backends/cuda/attention/attention_tiles.h"

/* Whether vectors of 16 bytes are aligned. */
static bool in_vectors(const attention &a, int which)
{
    const matrix &m = a.arrays[which];
    bool aligned = (uintptr_t)m.data % 16 == 0 && m.column == 1 && m.row * m.size % 16 == 0;
    for (int i = 0; i < a.heads.rank; i++) aligned = aligned && a.heads.stride[which][i] * m.size % 16 == 0;
    return aligned || !m.data;
}

bool tensor_cores_take(const attention &a)
{
    bool takes = a.queries > 0 && a.keys > 0 && a.channels > 0 && a.channels <= 128 && a.channels % 8 == 0 &&
                 a.width > 0 && a.width <= 128 && a.width % 8 == 0;
    for (int factor : { Q, K, V, G }) takes = takes && (a.arrays[factor].size == 2 || !a.arrays[factor].data);
    for (int which : { Q, K, V, G, Y, DQ, DK, DV }) takes = takes && in_vectors(a, which);
    return takes;
}

/* Turns logits, times log2 e, of two rows into weights relative to the largest one so far; what was summed up before is
 * multiplied by `factor`. A lane sums up its own columns. */
static __device__ __forceinline__ void soften(square (&s)[TILE_GROUPS], float (&max)[2], float (&sum)[2],
                                              float (&factor)[2])
{
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float before = max[r];
#pragma unroll
        for (int i = 0; i < 4 * TILE_GROUPS; i++) max[r] = fmaxf(max[r], s[i / 4][i / 2 % 2][2 * r + i % 2]);
        max[r] = fmaxf(max[r], __shfl_xor_sync(FULL_WARP, max[r], 1));
        max[r] = fmaxf(max[r], __shfl_xor_sync(FULL_WARP, max[r], 2));
        float shift = max[r] == -INFINITY ? 0 : max[r];
        factor[r] = exp2_approximate(before - shift);
        sum[r] *= factor[r];
#pragma unroll
        for (int i = 0; i < 4 * TILE_GROUPS; i++) {
            float &weight = s[i / 4][i / 2 % 2][2 * r + i % 2];
            weight = exp2_approximate(weight - shift);
            sum[r] += weight;
        }
    }
}

/* The logits of 16 queries and 16 keys, times log2 e, from their products; -inf where a query does not see a key. */
template <bool ADJUSTED>
static __device__ __forceinline__ void finish_logits(const attention &a, const matrix (&of)[ARRAYS], int query, int key,
                                                     square &s)
{
#pragma unroll
    for (int i = 0; i < 8; i++) {
        int row = query + row_of(i), column = key + column_of(i);
        float &logit = s[i / 4][i % 4];
        logit *= a.scale * LOG2_E;
        if (ADJUSTED && row < a.queries && column < a.keys) logit = adjusted(of, row, column, logit);
    }
    if (all_see_all(a, query, key)) return;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        if (!sees(a, query + row_of(i), key + column_of(i))) s[i / 4][i % 4] = -INFINITY;
    }
}

/* What 16 queries, from number `query` on, take from a tile of keys. Groups of keys that none of them sees are left
 * out. */
template <int D, bool ADJUSTED>
static __device__ __forceinline__ void attend(const attention &a, const matrix (&of)[ARRAYS], int64_t head,
                                              const uint32_t (&q)[D / 16][4], int query, const bf16 *k, const bf16 *v,
                                              int key, float (&max)[2], float (&sum)[2], float (&y)[D / 8][4])
{
    int visible = a.causal ? min(a.keys, query + ROWS) : a.keys;
    square s[TILE_GROUPS];
    float factor[2];
#pragma unroll
    for (int g = 0; g < TILE_GROUPS; g++) {
        for (int i = 0; i < 8; i++) s[g][i / 4][i % 4] = 0;
        if (key + g * ROWS < visible) add_products<D>(s[g], q, k + g * ROWS * pitch<D>);
        finish_logits<ADJUSTED>(a, of, query, key + g * ROWS, s[g]);
    }
    soften(s, max, sum, factor);
#pragma unroll
    for (int i = 0; i < D / 2; i++) y[i / 4][i % 4] *= factor[i / 2 % 2];
#pragma unroll
    for (int g = 0; g < TILE_GROUPS; g++)
        if (key + g * ROWS < visible) {
            uint32_t weights[4];
            if (ADJUSTED && a.dropout.stream) drop<row_of, column_of>(a, head, query, key + g * ROWS, s[g]);
            round_square(weights, s[g]);
            accumulate<D>(y, weights, v + g * ROWS * pitch<D>);
        }
}

/* q, and twice k and v: to be used and to be copied. */
template <int D> struct forward_room {
    bf16 q[TILE * pitch<D>], k[2][TILE * pitch<D>], v[2][TILE * pitch<D>];
};

/* That a multiprocessor has at a time. */
template <int D, bool ADJUSTED> constexpr int forward_blocks = (D > 96 ? 2 : D > 64 ? 3 : 4) - ADJUSTED;

template <int D, bool ADJUSTED>
static __global__ void __launch_bounds__(THREADS, (forward_blocks<D, ADJUSTED>))
    forward(const __grid_constant__ attention a, int tiles)
{
    SHARED(matrix, of, [ARRAYS]);
    DYNAMIC_SHARED(forward_room<D>, room);
    int64_t head = blockIdx.x / tiles;
    find_head(a, head, of);
    int first = (int)(blockIdx.x % tiles) * TILE, query = first + warp_row();
    int visible = a.causal ? min(a.keys, first + TILE) : a.keys;
    uint32_t q[D / 16][4];
    float y[D / 8][4] = {}, max[2] = { -INFINITY, -INFINITY }, sum[2] = {}, factor[2];
    copy_rows<D>(room->q, TILE, of[Q], first, a.queries, a.channels);
    copy_rows<D>(room->k[0], TILE, of[K], 0, a.keys, a.channels);
    copy_rows<D>(room->v[0], TILE, of[V], 0, a.keys, a.width);
    commit_copies();
    for (int key = 0, turn = 0; key < visible; key += TILE, turn ^= 1) {
        if (key + TILE < visible) {
            copy_rows<D>(room->k[turn ^ 1], TILE, of[K], key + TILE, a.keys, a.channels);
            copy_rows<D>(room->v[turn ^ 1], TILE, of[V], key + TILE, a.keys, a.width);
        }
        commit_copies();
        wait_for_copies<1>();
        __syncthreads();
        if (key == 0) load_rows<D>(q, room->q + warp_row() * pitch<D>);
        if (query < a.queries)
            attend<D, ADJUSTED>(a, of, head, q, query, room->k[turn], room->v[turn], key, max, sum, y);
        __syncthreads();
    }
    for (int r = 0; r < 2; r++) {
        int row = query + row_of(2 * r);
        sum[r] += __shfl_xor_sync(FULL_WARP, sum[r], 1);
        sum[r] += __shfl_xor_sync(FULL_WARP, sum[r], 2);
        factor[r] = sum[r] == 0 ? 0 : 1 / sum[r];
        if (lane() % 4 == 0 && row < a.queries)
            store_float(of[LOGSUMEXP], row, 0, sum[r] == 0 ? 0 : (max[r] + log2f(sum[r])) / LOG2_E);
    }
    store_rows<D>(y, factor, room->q + warp_row() * pitch<D>, pitch<D>, of[Y], query, a.queries, a.width);
}

void attend_in_bf16(const attention &a)
{
    int tiles = parts_of(a.queries, TILE);
    with_columns(a, [&](auto columns, auto adjusted) {
        constexpr int D = decltype(columns)::count;
        launch(forward<D, decltype(adjusted)::value>, a.heads.count * tiles, THREADS, sizeof(forward_room<D>), a,
               tiles);
    });
}
