/* attention_bf16_gradient.cu - the gradient of attention on tensor cores: of queries, a block for 64 of them that goes
 * through the keys; then of keys and values, a block for 64 of them that goes through the queries. Nothing is added up
 * between blocks, so that the bits are the same each time. */
#include "backends/cuda/attention/attention_tiles.h"
#include <algorithm>

/* -- Of queries --------------------------------------------------------------------------------------------------- */

static __device__ __forceinline__ int half_of(int i)
{
    return i / 2 % 2;
}

/* What 16 queries, from number `query` on, get from 16 keys. */
template <int D, bool ADJUSTED>
static __device__ __forceinline__ void
add_gradient_of_queries(const attention &a, const matrix (&of)[ARRAYS], int64_t head, const uint32_t (&q)[D / 16][4],
                        const uint32_t (&g)[D / 16][4], int query, const bf16 *k, const bf16 *v, int key,
                        const statistics (&known)[2], float (&dq)[D / 8][4])
{
    square logits = {}, dlogits = {};
    uint32_t rounded[4];
    add_products<D>(logits, q, k);
    add_products<D>(dlogits, g, v);
    weigh<ADJUSTED, row_of, column_of, half_of>(a, of, head, query, key, known, logits, dlogits);
    round_square(rounded, dlogits);
    accumulate<D>(dq, rounded, k);
}

/* q and g, and twice k and v: to be used and to be copied. */
template <int D> struct queries_room {
    bf16 q[TILE * pitch<D>], g[TILE * pitch<D>], k[2][TILE * pitch<D>], v[2][TILE * pitch<D>];
    statistics known[TILE];
};

template <int D, bool ADJUSTED>
static __global__ void __launch_bounds__(THREADS, D > 64 || ADJUSTED ? 2 : 3)
    gradient_of_queries(const __grid_constant__ attention a, int tiles)
{
    SHARED(matrix, of, [ARRAYS]);
    DYNAMIC_SHARED(queries_room<D>, room);
    int64_t head = blockIdx.x / tiles;
    find_head(a, head, of);
    int first = (int)(blockIdx.x % tiles) * TILE, query = first + warp_row();
    int visible = a.causal ? min(a.keys, first + TILE) : a.keys;
    int visible_to_warp = a.causal ? min(a.keys, query + ROWS) : a.keys;
    uint32_t q[D / 16][4], g[D / 16][4];
    float dq[D / 8][4] = {};
    statistics known[2] = {};
    copy_rows<D>(room->q, TILE, of[Q], first, a.queries, a.channels);
    copy_rows<D>(room->g, TILE, of[G], first, a.queries, a.width);
    copy_rows<D>(room->k[0], TILE, of[K], 0, a.keys, a.channels);
    copy_rows<D>(room->v[0], TILE, of[V], 0, a.keys, a.width);
    commit_copies();
    find_statistics<THREADS>(a, of, first, TILE, room->known);
    for (int key = 0, turn = 0; key < visible; key += TILE, turn ^= 1) {
        if (key + TILE < visible) {
            copy_rows<D>(room->k[turn ^ 1], TILE, of[K], key + TILE, a.keys, a.channels);
            copy_rows<D>(room->v[turn ^ 1], TILE, of[V], key + TILE, a.keys, a.width);
        }
        commit_copies();
        wait_for_copies<1>();
        __syncthreads();
        if (key == 0) {
            load_rows<D>(q, room->q + warp_row() * pitch<D>);
            load_rows<D>(g, room->g + warp_row() * pitch<D>);
            for (int r = 0; r < 2; r++) known[r] = room->known[warp_row() + row_of(2 * r)];
        }
        for (int i = 0; i < TILE && key + i < visible_to_warp && query < a.queries; i += ROWS)
            add_gradient_of_queries<D, ADJUSTED>(a, of, head, q, g, query, room->k[turn] + i * pitch<D>,
                                                 room->v[turn] + i * pitch<D>, key + i, known, dq);
        __syncthreads();
    }
    int i = (int)threadIdx.x;
    if (i < TILE && first + i < a.queries) a.means[head * a.queries + first + i] = room->known[i].mean;
    const float scale[2] = { a.scale, a.scale };
    store_rows<D>(dq, scale, room->q + warp_row() * pitch<D>, pitch<D>, of[DQ], query, a.queries, a.channels);
}

/* -- Of keys and values ------------------------------------------------------------------------------------------- */

/* What there is to be known of 64 queries. */
template <int D> struct query_tile {
    bf16 q[TILE * pitch<D>], g[TILE * pitch<D>];
    statistics known[TILE];
};

template <int D> struct keys_room {
    query_tile<D> queries[2]; /* to be used and to be copied */
    bf16 k[TILE * pitch<D>], v[TILE * pitch<D>];
};

/* Begins to copy. A query that is not there has a q and a g of zeros: whatever its weights, they add nothing. */
template <int D>
static __device__ __forceinline__ void copy_queries(const attention &a, const matrix (&of)[ARRAYS], const float *means,
                                                    int first, query_tile<D> &to)
{
    copy_rows<D>(to.q, TILE, of[Q], first, a.queries, a.channels);
    copy_rows<D>(to.g, TILE, of[G], first, a.queries, a.width);
    int i = (int)threadIdx.x;
    if (i >= TILE) return;
    bool there = first + i < a.queries;
    to.known[i] =
        there ? statistics{ load_float(of[LOGSUMEXP], first + i, 0) * LOG2_E, means[first + i] } : statistics{};
}

/* What 16 keys, from number `key` on, get from 16 queries, from number `query` on, which is number i of a tile. */
template <int D, bool ADJUSTED>
static __device__ __forceinline__ void
add_gradient_of_keys(const attention &a, const matrix (&of)[ARRAYS], int64_t head, const uint32_t (&k)[D / 16][4],
                     const uint32_t (&v)[D / 16][4], int key, const query_tile<D> &tile, int i, int query,
                     float (&dk)[D / 8][4], float (&dv)[D / 8][4])
{
    square weights = {}, dlogits = {};
    uint32_t rounded[4];
    add_products<D>(weights, k, tile.q + i * pitch<D>);
    add_products<D>(dlogits, v, tile.g + i * pitch<D>);
    weigh<ADJUSTED, column_of, row_of>(a, of, head, query, key, tile.known + i, weights, dlogits);
    round_square(rounded, weights);
    accumulate<D>(dv, rounded, tile.g + i * pitch<D>);
    round_square(rounded, dlogits);
    accumulate<D>(dk, rounded, tile.q + i * pitch<D>);
}

template <int D, bool ADJUSTED>
static __global__ void __launch_bounds__(THREADS, D > 64 || ADJUSTED ? 2 : 3)
    gradient_of_keys(const __grid_constant__ attention a, int tiles)
{
    SHARED(matrix, of, [ARRAYS]);
    DYNAMIC_SHARED(keys_room<D>, room);
    int64_t head = blockIdx.x / tiles;
    find_head(a, head, of);
    const float *means = a.means + head * a.queries;
    int first = (int)(blockIdx.x % tiles) * TILE, key = first + warp_row();
    int first_query = a.causal ? first : 0; /* that sees one of the keys */
    uint32_t k[D / 16][4], v[D / 16][4];
    float dk[D / 8][4] = {}, dv[D / 8][4] = {};
    copy_rows<D>(room->k, TILE, of[K], first, a.keys, a.channels);
    copy_rows<D>(room->v, TILE, of[V], first, a.keys, a.width);
    copy_queries(a, of, means, first_query, room->queries[0]);
    commit_copies();
    for (int query = first_query, turn = 0; query < a.queries; query += TILE, turn ^= 1) {
        if (query + TILE < a.queries) copy_queries(a, of, means, query + TILE, room->queries[turn ^ 1]);
        commit_copies();
        wait_for_copies<1>();
        __syncthreads();
        if (query == first_query) {
            load_rows<D>(k, room->k + warp_row() * pitch<D>);
            load_rows<D>(v, room->v + warp_row() * pitch<D>);
        }
        for (int i = 0; i < TILE && query + i < a.queries && key < a.keys; i += ROWS)
            if (!a.causal || key < query + i + ROWS)
                add_gradient_of_keys<D, ADJUSTED>(a, of, head, k, v, key, room->queries[turn], i, query + i, dk, dv);
        __syncthreads();
    }
    wait_for_copies<0>(); /* where no query sees a key */
    __syncthreads();
    const float one[2] = { 1, 1 }, scale[2] = { a.scale, a.scale };
    store_rows<D>(dk, scale, room->k + warp_row() * pitch<D>, pitch<D>, of[DK], key, a.keys, a.channels);
    store_rows<D>(dv, one, room->k + warp_row() * pitch<D>, pitch<D>, of[DV], key, a.keys, a.width);
}

bool attend_backward_in_bf16(const attention &a)
{
    int query_tiles = parts_of(a.queries, TILE), key_tiles = parts_of(a.keys, TILE);
    bool fits = false;
    with_columns(a, [&](auto columns, auto adjusted) {
        constexpr int D = decltype(columns)::count;
        constexpr bool ADJUSTED = decltype(adjusted)::value;
        constexpr size_t most = std::max(sizeof(queries_room<D>), sizeof(keys_room<D>));
        fits = most <= shared_memory_of_a_block();
        if (!fits) return;
        launch(gradient_of_queries<D, ADJUSTED>, a.heads.count * query_tiles, THREADS, sizeof(queries_room<D>), a,
               query_tiles);
        launch(gradient_of_keys<D, ADJUSTED>, a.heads.count * key_tiles, THREADS, sizeof(keys_room<D>), a, key_tiles);
    });
    return fits;
}
