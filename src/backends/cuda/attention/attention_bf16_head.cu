/* attention_bf16_head.cu - the gradient of attention on tensor cores, where all of a head fits into shared memory: one
 * block has it, computes the weights once, and reads and writes global memory once.
 *
 * A warp has the keys of one or two groups of 16, and goes through the queries, with the gradients of its keys and
 * values in registers. After each 64 queries, dlogits of all keys are in shared memory for the gradient of these
 * queries. */
#include "backends/cuda/attention/attention_tiles.h"

constexpr int HEAD_WARPS = 8, HEAD_THREADS = HEAD_WARPS * WARP, MOST_QUERIES = 256;

/* What lies where in shared memory, in bytes. An argument of the kernel, so that it takes no registers. */
typedef struct layout {
    int q, g, k, v; /* in whole groups of 16 rows */
    int dlogits[2]; /* of 64 queries, by key; while one is read the next is written */
    int known;      /* the statistics of queries */
    int bytes;
} layout;

static int take(layout *l, int rows, int row_bytes)
{
    int taken = l->bytes;
    l->bytes += parts_of(rows, ROWS) * ROWS * row_bytes;
    return taken;
}

template <int D> static layout lay_out(const attention &a)
{
    layout l = {};
    l.q = take(&l, a.queries, pitch<D> * (int)sizeof(bf16));
    l.g = take(&l, a.queries, pitch<D> * (int)sizeof(bf16));
    l.k = take(&l, a.keys, pitch<D> * (int)sizeof(bf16));
    l.v = take(&l, a.keys, pitch<D> * (int)sizeof(bf16));
    for (int &dlogits : l.dlogits) dlogits = take(&l, a.keys, pitch<TILE> * (int)sizeof(bf16));
    l.known = take(&l, a.queries, sizeof(statistics));
    return l;
}

/* The first key of this warp's group n. */
static __device__ __forceinline__ int key_of(int n)
{
    return warp_row() + n * HEAD_WARPS * ROWS;
}

/* An operand of 16 keys by 16 queries. */
static __device__ __forceinline__ void store_operand(const uint32_t (&x)[4], bf16 *to)
{
#pragma unroll
    for (int i = 0; i < 4; i++)
        *(uint32_t *)(to + (lane() / 4 + i % 2 * 8) * pitch<TILE> + lane() % 4 * 2 + i / 2 * 8) = x[i];
}

/* What N of a warp's groups of keys get from 16 queries from number `query` on, whose dlogits are left in columns of
 * `to`. What is loaded of the queries serves all groups. */
template <int D, int N, bool ADJUSTED, int GROUPS>
static __device__ __forceinline__ void
add_gradient_of_keys(const attention &a, const matrix (&of)[ARRAYS], const layout &l, char *memory,
                     const uint32_t (&k)[GROUPS][D / 16][4], int query, bf16 *to, float (&dk)[GROUPS][D / 8][4],
                     float (&dv)[GROUPS][D / 8][4])
{
    const bf16 *q = (bf16 *)(memory + l.q) + query * pitch<D>, *g = (bf16 *)(memory + l.g) + query * pitch<D>;
    const statistics *known = (statistics *)(memory + l.known) + query;
    square products[N] = {}, dproducts[N] = {};
    uint32_t weights[N][4], dlogits[N][4], b[4], v[4];
#pragma unroll
    for (int c = 0; c < D / 16; c++) {
        load_b_by_columns(b, q + c * 16, pitch<D>);
#pragma unroll
        for (int n = 0; n < N; n++) {
            mma_16x8x16(products[n][0], k[n][c], b[0], b[1]);
            mma_16x8x16(products[n][1], k[n][c], b[2], b[3]);
        }
        load_b_by_columns(b, g + c * 16, pitch<D>);
#pragma unroll
        for (int n = 0; n < N; n++) {
            load_a(v, (bf16 *)(memory + l.v) + key_of(n) * pitch<D> + c * 16, pitch<D>);
            mma_16x8x16(dproducts[n][0], v, b[0], b[1]);
            mma_16x8x16(dproducts[n][1], v, b[2], b[3]);
        }
    }
#pragma unroll
    for (int n = 0; n < N; n++) {
        weigh<ADJUSTED, column_of, row_of>(a, of, blockIdx.x, query, key_of(n), known, products[n], dproducts[n]);
        round_square(weights[n], products[n]);
        round_square(dlogits[n], dproducts[n]);
        store_operand(dlogits[n], to + key_of(n) * pitch<TILE>);
    }
#pragma unroll
    for (int c = 0; c < D / 8; c += 2) {
        load_b(b, g + c * 8, pitch<D>);
#pragma unroll
        for (int n = 0; n < N; n++) {
            mma_16x8x16(dv[n][c], weights[n], b[0], b[1]);
            mma_16x8x16(dv[n][c + 1], weights[n], b[2], b[3]);
        }
        load_b(b, q + c * 8, pitch<D>);
#pragma unroll
        for (int n = 0; n < N; n++) {
            mma_16x8x16(dk[n][c], dlogits[n], b[0], b[1]);
            mma_16x8x16(dk[n][c + 1], dlogits[n], b[2], b[3]);
        }
    }
}

/* The gradients of 64 queries from number `first` on: a warp has 16 of them, and half the columns. Nobody needs their q
 * any more, so that rows pass through there on their way out. */
template <int D>
static __device__ __forceinline__ void store_gradient_of_queries(const attention &a, const layout &l, char *memory,
                                                                 const matrix &to, int first, const bf16 *dlogits)
{
    int row = warp_row() % TILE, query = first + row, column = warp_row() / TILE * (D / 2);
    int visible = a.causal ? min(a.keys, query + ROWS) : a.keys;
    float dq[D / 16][4] = {};
    if (query >= a.queries) return;
    for (int key = 0; key < visible; key += ROWS) {
        uint32_t x[4], b[4];
        load_a_by_columns(x, dlogits + key * pitch<TILE> + row, pitch<TILE>);
#pragma unroll
        for (int c = 0; c < D / 16; c += 2) {
            load_b(b, (bf16 *)(memory + l.k) + key * pitch<D> + column + c * 8, pitch<D>);
            mma_16x8x16(dq[c], x, b[0], b[1]);
            mma_16x8x16(dq[c + 1], x, b[2], b[3]);
        }
    }
    matrix half = to;
    half.data += column * to.size;
    const float scale[2] = { a.scale, a.scale };
    store_rows<D / 2>(dq, scale, (bf16 *)(memory + l.q) + query * pitch<D> + column, pitch<D>, half, query, a.queries,
                      a.channels - column);
}

template <int D, int GROUPS, bool ADJUSTED>
static __global__ void __launch_bounds__(HEAD_THREADS, 3 - GROUPS)
    gradient_of_head(const __grid_constant__ attention a, const __grid_constant__ layout l)
{
    SHARED(matrix, of, [ARRAYS]);
    DYNAMIC_SHARED(char, memory);
    bf16 *q = (bf16 *)(memory + l.q), *g = (bf16 *)(memory + l.g);
    bf16 *k = (bf16 *)(memory + l.k), *v = (bf16 *)(memory + l.v);
    uint32_t held[GROUPS][D / 16][4];
    float dk[GROUPS][D / 8][4] = {}, dv[GROUPS][D / 8][4] = {};
    find_head(a, blockIdx.x, of);
    copy_rows<D, HEAD_THREADS>(q, a.queries, of[Q], 0, a.queries, a.channels);
    copy_rows<D, HEAD_THREADS>(k, a.keys, of[K], 0, a.keys, a.channels);
    copy_rows<D, HEAD_THREADS>(g, a.queries, of[G], 0, a.queries, a.width);
    copy_rows<D, HEAD_THREADS>(v, a.keys, of[V], 0, a.keys, a.width);
    commit_copies();
    find_statistics<HEAD_THREADS>(a, of, 0, a.queries, (statistics *)(memory + l.known));
    wait_for_copies<0>();
    __syncthreads();
#pragma unroll
    for (int n = 0; n < GROUPS; n++)
        if (key_of(n) < a.keys) load_rows<D>(held[n], k + key_of(n) * pitch<D>);
    for (int first = 0; first < a.queries; first += TILE) {
        bf16 *dlogits = (bf16 *)(memory + (first / TILE % 2 ? l.dlogits[1] : l.dlogits[0]));
        for (int query = first; query < min(first + TILE, a.queries); query += ROWS) {
            int visible = a.causal ? min(a.keys, query + ROWS) : a.keys;
            if (GROUPS == 2 && key_of(1) < visible)
                add_gradient_of_keys<D, GROUPS, ADJUSTED>(a, of, l, memory, held, query, dlogits + query % TILE, dk,
                                                          dv);
            else if (key_of(0) < visible)
                add_gradient_of_keys<D, 1, ADJUSTED>(a, of, l, memory, held, query, dlogits + query % TILE, dk, dv);
        }
        __syncthreads();
        store_gradient_of_queries<D>(a, l, memory, of[DQ], first, dlogits);
    }
    const float one[2] = { 1, 1 }, scale[2] = { a.scale, a.scale };
#pragma unroll
    for (int n = 0; n < GROUPS; n++) {
        if (key_of(n) >= a.keys) continue;
        bf16 *room = v + key_of(n) * pitch<D>; /* no other warp reads them */
        store_rows<D>(dk[n], scale, room, pitch<D>, of[DK], key_of(n), a.keys, a.channels);
        store_rows<D>(dv[n], one, room, pitch<D>, of[DV], key_of(n), a.keys, a.width);
    }
}

template <int D, int GROUPS> static bool attend_backward_by_head(const attention &a)
{
    layout l = lay_out<D>(a);
    if ((size_t)l.bytes > shared_memory_of_a_block()) return false;
    if constexpr (D == 32) {
        if (is_adjusted(a)) {
            launch(gradient_of_head<D, GROUPS, true>, a.heads.count, HEAD_THREADS, (size_t)l.bytes, a, l);
            return true;
        }
    }
    launch(gradient_of_head<D, GROUPS, false>, a.heads.count, HEAD_THREADS, (size_t)l.bytes, a, l);
    return true;
}

/* Fewer heads than multiprocessors are better shared by blocks. Beside the gradients of more than 32 columns there are
 * no registers for what adjusts the weights. */
bool attend_backward_by_heads_in_bf16(const attention &a)
{
    int columns = a.channels > a.width ? a.channels : a.width, groups = parts_of(a.keys, HEAD_WARPS * ROWS);
    if (a.heads.count < multiprocessors() || a.queries > MOST_QUERIES || columns > 64 || groups > 2) return false;
    if (columns > 32 && is_adjusted(a)) return false;
    if (columns <= 32) return groups == 1 ? attend_backward_by_head<32, 1>(a) : attend_backward_by_head<32, 2>(a);
    return groups == 1 ? attend_backward_by_head<64, 1>(a) : attend_backward_by_head<64, 2>(a);
}
