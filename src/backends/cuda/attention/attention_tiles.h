/* attention_tiles.h - what a warp does with tiles of bf16 in shared memory: D columns, of which a head has as many as
 * it has channels, and zeros beside them. */
#ifndef VITRO_BACKENDS_CUDA_ATTENTION_ATTENTION_TILES_H
#define VITRO_BACKENDS_CUDA_ATTENTION_ATTENTION_TILES_H

#include "backends/cuda/attention/attention.h"
#include "backends/cuda/product/mma.h"
#include "backends/cuda/element/stored.h"
#include <type_traits>

/* Rows that a block of threads has or takes at once, and those of a warp. */
constexpr int TILE = 64, ROWS = 16, TILE_GROUPS = TILE / ROWS, THREADS = TILE_GROUPS * WARP;

/* From row to row in shared memory: 16 bytes more than the columns, so that 8 rows meet in no bank. */
template <int D> constexpr int pitch = D + 8;

#define LOG2_E 1.4426950408889634f

static __device__ __forceinline__ int lane()
{
    return (int)threadIdx.x % WARP;
}

/* The first row of this warp's. */
static __device__ __forceinline__ int warp_row()
{
    return (int)threadIdx.x / WARP * ROWS;
}

static __device__ __forceinline__ bool sees(const attention &a, int query, int key)
{
    return key < a.keys && (!a.causal || key <= query);
}

/* Of 16 queries from `query` on and 16 keys from `key` on. */
static __device__ __forceinline__ bool all_see_all(const attention &a, int query, int key)
{
    return key + ROWS <= a.keys && (!a.causal || key + ROWS <= query + 1);
}

/* What bias and mask make of a logit, in powers of 2, of a query that is there and a key that it sees. */
static __device__ __forceinline__ float adjusted(const matrix (&of)[ARRAYS], int query, int key, float logit)
{
    if (of[MASK].data && !*element(of[MASK], query, key)) return -INFINITY;
    return of[BIAS].data ? logit + load_float(of[BIAS], query, key) * LOG2_E : logit;
}

/* -- Global to shared memory -------------------------------------------------------------------------------------- */

/* An element of an array whose columns lie beside each other. */
static __device__ __forceinline__ char *in_row(const matrix &m, int row, int column)
{
    return m.data + (row * m.row + column) * m.size;
}

/* Begins to copy groups of 16 rows, with `rows` rows from `first` on in them; what is not before `end` and `columns` is
 * zeros. All threads of a block do it. */
template <int D, int BLOCK_THREADS = THREADS>
static __device__ __forceinline__ void copy_rows(bf16 *to, int rows, const matrix &m, int first, int end, int columns)
{
    for (int i = (int)threadIdx.x; i < (rows + ROWS - 1) / ROWS * ROWS * (D / 8); i += BLOCK_THREADS) {
        int row = i / (D / 8), column = i % (D / 8) * 8;
        bool there = first + row < end && column < columns;
        copy_async(to + row * pitch<D> + column, (const bf16 *)m.data + (there ? (first + row) * m.row + column : 0),
                   there);
    }
}

/* -- Operands of products ----------------------------------------------------------------------------------------- */

/* 16 x 16 of a, and two 16 x 8 of b beside each other, from where they lie by rows of a or b, or by columns. */
static __device__ __forceinline__ void load_a(uint32_t (&a)[4], const bf16 *rows, int pitch)
{
    ldmatrix_x4(a, rows + lane() % 16 * pitch + lane() / 16 * 8);
}

static __device__ __forceinline__ void load_a_by_columns(uint32_t (&a)[4], const bf16 *columns, int pitch)
{
    ldmatrix_x4_transposed(a, columns + (lane() % 8 + lane() / 16 * 8) * pitch + lane() / 8 % 2 * 8);
}

static __device__ __forceinline__ void load_b(uint32_t (&b)[4], const bf16 *rows, int pitch)
{
    ldmatrix_x4_transposed(b, rows + lane() % 16 * pitch + lane() / 16 * 8);
}

static __device__ __forceinline__ void load_b_by_columns(uint32_t (&b)[4], const bf16 *columns, int pitch)
{
    ldmatrix_x4(b, columns + (lane() % 8 + lane() / 16 * 8) * pitch + lane() / 8 % 2 * 8);
}

/* 16 rows, D columns. */
template <int D> static __device__ __forceinline__ void load_rows(uint32_t (&a)[D / 16][4], const bf16 *rows)
{
#pragma unroll
    for (int k = 0; k < D / 16; k++) load_a(a[k], rows + k * 16, pitch<D>);
}

/* -- Products ----------------------------------------------------------------------------------------------------- */

/* A 16 x 16 tile of sums. Element i, of 8, that a lane has is half i / 4, number i % 4 in it. */
typedef float square[2][4];

/* The row or the column of a lane's element i, say. */
typedef int place(int i);

static __device__ __forceinline__ int row_of(int i)
{
    return lane() / 4 + i / 2 % 2 * 8;
}

static __device__ __forceinline__ int column_of(int i)
{
    return i / 4 * 8 + lane() % 4 * 2 + i % 2;
}

/* sum += 16 rows times 16 other rows, each with each */
template <int D>
static __device__ __forceinline__ void add_products(square &sum, const uint32_t (&rows)[D / 16][4], const bf16 *others)
{
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
        uint32_t b[4];
        load_b_by_columns(b, others + k * 16, pitch<D>);
        mma_16x8x16(sum[0], rows[k], b[0], b[1]);
        mma_16x8x16(sum[1], rows[k], b[2], b[3]);
    }
}

static __device__ __forceinline__ void round_square(uint32_t (&a)[4], const square &x)
{
    a[0] = pack_bf16(x[0][0], x[0][1]);
    a[1] = pack_bf16(x[0][2], x[0][3]);
    a[2] = pack_bf16(x[1][0], x[1][1]);
    a[3] = pack_bf16(x[1][2], x[1][3]);
}

/* sum += weights, which are 16 x 16, times 16 rows */
template <int D>
static __device__ __forceinline__ void accumulate(float (&sum)[D / 8][4], const uint32_t (&weights)[4],
                                                  const bf16 *rows)
{
#pragma unroll
    for (int n = 0; n < D / 8; n += 2) {
        uint32_t b[4];
        load_b(b, rows + n * 8, pitch<D>);
        mma_16x8x16(sum[n], weights, b[0], b[1]);
        mma_16x8x16(sum[n + 1], weights, b[2], b[3]);
    }
}

/* Drops weights of a tile of queries from `query` on and keys from `key` on: element i is of QUERY(i) and KEY(i). */
template <place QUERY, place KEY>
static __device__ __forceinline__ void drop(const attention &a, int64_t head, int query, int key, square &x)
{
    drawn last = nothing_drawn();
#pragma unroll
    for (int i = 0; i < 8; i++) x[i / 4][i % 4] *= kept(a, head, query + QUERY(i), key + KEY(i), last);
}

/* -- Weights of the backward pass --------------------------------------------------------------------------------- */

/* What backward has to know of a query, beside its row: the logsumexp, of powers of 2, and the mean of the gradients of
 * its weights, by the weights, which is the sum of g y. */
typedef struct statistics {
    float logsumexp, mean;
} statistics;

/* weights = e^(logits - logsumexp), 0 where a query does not see a key, and dlogits = weights (dweights - mean), in a
 * tile of queries from `query` on and keys from `key` on. Element i is of query QUERY(i) and key KEY(i) of these; the
 * statistics of that query are number INDEX(i). ADJUSTED: there may be a bias and a mask, and dropout, which is of
 * weights and dweights both. */
template <bool ADJUSTED, place QUERY, place KEY, place INDEX = QUERY>
static __device__ __forceinline__ void weigh(const attention &a, const matrix (&of)[ARRAYS], int64_t head, int query,
                                             int key, const statistics *known, square &logits, square &dweights)
{
    if (ADJUSTED && a.dropout.stream) drop<QUERY, KEY>(a, head, query, key, dweights);
#pragma unroll
    for (int i = 0; i < 8; i++) {
        float logit = logits[i / 4][i % 4] * (a.scale * LOG2_E);
        int row = query + QUERY(i), column = key + KEY(i);
        if (ADJUSTED && row < a.queries && column < a.keys) logit = adjusted(of, row, column, logit);
        logits[i / 4][i % 4] = exp2_approximate(logit - known[INDEX(i)].logsumexp);
    }
    if (!all_see_all(a, query, key)) {
#pragma unroll
        for (int i = 0; i < 8; i++)
            if (!sees(a, query + QUERY(i), key + KEY(i))) logits[i / 4][i % 4] = 0;
    }
#pragma unroll
    for (int i = 0; i < 8; i++)
        dweights[i / 4][i % 4] = logits[i / 4][i % 4] * (dweights[i / 4][i % 4] - known[INDEX(i)].mean);
    if (ADJUSTED && a.dropout.stream) drop<QUERY, KEY>(a, head, query, key, logits);
}

/* The statistics of groups of 16 queries, with `rows` from `first` on in them. 8 threads share a query; all of a block
 * do it. */
template <int BLOCK_THREADS>
static __device__ __forceinline__ void find_statistics(const attention &a, const matrix (&of)[ARRAYS], int first,
                                                       int rows, statistics *to)
{
    for (int i = (int)threadIdx.x / 8; i < (rows + ROWS - 1) / ROWS * ROWS; i += BLOCK_THREADS / 8) {
        int query = first + i;
        bool there = query < a.queries;
        float sum = 0;
        for (int column = lane() % 8 * 8; there && column < a.width; column += 64) {
            vector<float, 8> g = load_floats<8>({ in_row(of[G], query, column), true }, 0);
            vector<float, 8> y = load_floats<8>({ in_row(of[Y], query, column), of[Y].size == 2 }, 0);
#pragma unroll
            for (int j = 0; j < 8; j++) sum += g.at[j] * y.at[j];
        }
        for (int step = 4; step > 0; step /= 2) sum += __shfl_xor_sync(FULL_WARP, sum, step);
        if (lane() % 8) continue;
        to[i] = statistics{ there ? load_float(of[LOGSUMEXP], query, 0) * LOG2_E : 0, sum };
    }
}

/* -- Shared to global memory -------------------------------------------------------------------------------------- */

/* A warp's sums, times factors for row lane / 4 and for the one 8 after it, rounded, to 16 rows of `room`, and from
 * there in whole vectors: those before `end` to rows of m from `first` on. */
template <int D>
static __device__ __forceinline__ void store_rounded(const float (&x)[D / 8][4], const float (&factor)[2], bf16 *room,
                                                     int pitch, const matrix &m, int first, int end, int columns)
{
    __syncwarp();
#pragma unroll
    for (int i = 0; i < D / 4; i++) {
        int n = i / 2, half = i % 2;
        *(uint32_t *)(room + (lane() / 4 + half * 8) * pitch + n * 8 + lane() % 4 * 2) =
            pack_bf16(x[n][2 * half] * factor[half], x[n][2 * half + 1] * factor[half]);
    }
    __syncwarp();
    for (int i = lane(); i < ROWS * (D / 8); i += WARP) {
        int row = i / (D / 8), column = i % (D / 8) * 8;
        if (first + row < end && column < columns)
            *(uint4 *)in_row(m, first + row, column) = *(const uint4 *)(room + row * pitch + column);
    }
}

template <int D>
static __device__ __forceinline__ void store_rows(const float (&x)[D / 8][4], const float (&factor)[2], bf16 *room,
                                                  int pitch, const matrix &m, int first, int end, int columns)
{
    if (m.size == 2) return store_rounded<D>(x, factor, room, pitch, m, first, end, columns);
#pragma unroll
    for (int i = 0; i < D / 4; i++) {
        int row = first + lane() / 4 + i % 2 * 8, column = i / 2 * 8 + lane() % 4 * 2;
        const float *pair = &x[i / 2][i % 2 * 2];
        if (row < end && column < columns)
            *(float2 *)in_row(m, row, column) = make_float2(pair[0] * factor[i % 2], pair[1] * factor[i % 2]);
    }
}

/* -- Launching ---------------------------------------------------------------------------------------------------- */

template <int D> struct columns {
    static constexpr int count = D;
};

static inline bool is_adjusted(const attention &a)
{
    return a.arrays[BIAS].data || a.arrays[MASK].data || a.dropout.stream;
}

template <int D, class Function> static void with_columns_of(const attention &a, Function function)
{
    if (is_adjusted(a))
        function(columns<D>{}, std::true_type{});
    else
        function(columns<D>{}, std::false_type{});
}

/* Calls `function` with columns<D> for heads of so many channels and columns of v, and with whether there is a
 * bias, a mask or dropout. */
template <class Function> static void with_columns(const attention &a, Function function)
{
    int most = a.channels > a.width ? a.channels : a.width;
    if (most <= 32)
        with_columns_of<32>(a, function);
    else if (most <= 64)
        with_columns_of<64>(a, function);
    else if (most <= 96)
        with_columns_of<96>(a, function);
    else
        with_columns_of<128>(a, function);
}

/* Bytes of shared memory that a block may ask for, beside the matrices of its heads: of 99 KiB on
 * architectures 8.6, 8.9 and 12.0, of 163 on 8.0, of 227 on 9.0 and 10.0. */
static size_t shared_memory_of_a_block()
{
    constexpr size_t OF_MATRICES = 1 << 10;
    int number = 0, bytes = 0;
    cudaGetDevice(&number);
    cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, number);
    static_assert(2 * sizeof(sharing_head) <= OF_MATRICES, "a block has those of two heads at the most");
    return (size_t)bytes - OF_MATRICES;
}

/* Launches blocks with more shared memory than the 48 KiB that need not be asked for. A kernel is always allowed all
 * that there is: other threads launch it too, and graphs do later. */
template <class Kernel, class... Arguments>
static void launch(Kernel kernel, int64_t blocks, int threads, size_t shared_bytes, Arguments... arguments)
{
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared_memory_of_a_block());
    LAUNCH(kernel, (unsigned)blocks, threads, shared_bytes, compute_stream(), arguments...);
}

#endif
