/* attention_bf16_bias.cu - the gradient of a bias on tensor cores. A block has 64 queries and 64 keys, and goes through
 * heads that share a matrix of the bias, while the next one is on its way. */
#include "backends/cuda/attention/attention_tiles.h"

static_assert((int)BIAS_TILE == TILE, "a warp has 16 queries");

/* What there is of a head: to be used, or to be copied. */
template <int D> struct head_room {
    bf16 q[TILE * pitch<D>], g[TILE * pitch<D>], k[TILE * pitch<D>], v[TILE * pitch<D>];
    statistics known[TILE];
};

/* Begins to copy. */
template <int D>
static __device__ __forceinline__ void copy_head(const attention &a, const matrix (&of)[ARRAYS], const bias_tile &t,
                                                 head_room<D> &to)
{
    copy_rows<D>(to.q, TILE, of[Q], t.query, a.queries, a.channels);
    copy_rows<D>(to.g, TILE, of[G], t.query, a.queries, a.width);
    copy_rows<D>(to.k, TILE, of[K], t.key, a.keys, a.channels);
    copy_rows<D>(to.v, TILE, of[V], t.key, a.keys, a.width);
    find_statistics<THREADS>(a, of, t.query, TILE, to.known);
}

/* sums += dlogits of a warp's 16 queries and of the tile's keys, of one head. */
template <int D>
static __device__ __forceinline__ void add_dlogits(const attention &a, const sharing_head &head, const bias_tile &t,
                                                   const head_room<D> &room, square (&sums)[TILE_GROUPS])
{
    uint32_t q[D / 16][4], g[D / 16][4];
    load_rows<D>(q, room.q + warp_row() * pitch<D>);
    load_rows<D>(g, room.g + warp_row() * pitch<D>);
#pragma unroll
    for (int n = 0; n < TILE_GROUPS; n++) {
        square logits = {}, dlogits = {};
        add_products<D>(logits, q, room.k + n * ROWS * pitch<D>);
        add_products<D>(dlogits, g, room.v + n * ROWS * pitch<D>);
        weigh<true, row_of, column_of>(a, head.of, head.number, t.query + warp_row(), t.key + n * ROWS,
                                       room.known + warp_row(), logits, dlogits);
#pragma unroll
        for (int i = 0; i < 8; i++) sums[n][i / 4][i % 4] += dlogits[i / 4][i % 4];
    }
}

template <int D>
static __global__ void __launch_bounds__(THREADS, 2)
    sum_dlogits(const __grid_constant__ attention a, const __grid_constant__ bias_sharing s)
{
    SHARED(sharing_head, head, [2]);
    DYNAMIC_SHARED(head_room<D>, room); /* two */
    const bias_tile t = find_bias_tile(a, s);
    square sums[TILE_GROUPS] = {};
    if (t.first < t.end) {
        find_sharing_head(a, s, t.matrix, t.first, head[0]);
        copy_head(a, head[0].of, t, room[0]);
        commit_copies();
    }
    int turn = 0;
    for (int64_t which = t.first; which < t.end; which++, turn ^= 1) {
        if (which + 1 < t.end) {
            find_sharing_head(a, s, t.matrix, which + 1, head[turn ^ 1]);
            copy_head(a, head[turn ^ 1].of, t, room[turn ^ 1]);
        }
        commit_copies();
        wait_for_copies<1>();
        __syncthreads();
        if (t.query + warp_row() < a.queries) add_dlogits(a, head[turn], t, room[turn], sums);
        __syncthreads();
    }
#pragma unroll
    for (int n = 0; n < TILE_GROUPS; n++)
#pragma unroll
        for (int i = 0; i < 8; i++) {
            float *to = bias_sum(a, s, t, t.query + warp_row() + row_of(i), t.key + n * ROWS + column_of(i));
            if (to) *to = sums[n][i / 4][i % 4];
        }
}

bool sum_dlogits_in_bf16(const attention &a, const bias_sharing &s)
{
    bool fits = false;
    with_columns(a, [&](auto columns, auto) {
        constexpr int D = decltype(columns)::count;
        fits = 2 * sizeof(head_room<D>) <= shared_memory_of_a_block();
        if (fits)
            launch(sum_dlogits<D>, s.parts * s.matrices * s.query_tiles * s.key_tiles, THREADS,
                   2 * sizeof(head_room<D>), a, s);
    });
    return fits;
}
