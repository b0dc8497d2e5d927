/* attention_f32.cu - attention for every call: any number of channels, any strides, bias and mask. A block of threads
 * has a tile of 64 rows, and streams through what these meet. Where there are more than 64 columns to be computed,
 * several blocks share them, and each computes the weights. */
#include "backends/cuda/attention/attention.h"

enum { TILE = 64, CHUNK = 32, PITCH = TILE + 4 };
static_assert((int)TILE == (int)BIAS_TILE, "a block has a tile");

/* A thread has 4 rows and 4 columns of a tile of 64 x 64: rows 4 * (thread / 16), columns 4 * (thread % 16). */
enum { PART = 4, ACROSS = TILE / PART };

typedef float part[PART][PART];

static __device__ __forceinline__ int my_row()
{
    return (int)threadIdx.x / ACROSS * PART;
}

static __device__ __forceinline__ int my_column()
{
    return (int)threadIdx.x % ACROSS * PART;
}

typedef struct room {
    float left[CHUNK][PITCH], right[CHUNK][PITCH]; /* factors, by what is summed over */
    float weights[TILE][PITCH];                    /* transposed: by column, as the rows' threads write them */
} room;

/* -- Products ----------------------------------------------------------------------------------------------------- */

static __device__ __forceinline__ void add_products(const float *left, const float *right, part &sum)
{
    float4 a = *(const float4 *)left, b = *(const float4 *)right;
    const float x[PART] = { a.x, a.y, a.z, a.w }, y[PART] = { b.x, b.y, b.z, b.w };
#pragma unroll
    for (int i = 0; i < PART; i++)
#pragma unroll
        for (int j = 0; j < PART; j++) sum[i][j] += x[i] * y[j];
}

/* Rows [first, end) of m, at most 64, and columns from `column` on, at most 32, transposed; zeros beyond. Threads are
 * beside each other where elements are. */
static __device__ __forceinline__ void load_transposed(const matrix &m, int first, int end, int column, int columns,
                                                       float (&to)[CHUNK][PITCH])
{
    bool along_rows = m.column == 1;
    for (int i = threadIdx.x; i < TILE * CHUNK; i += BLOCK) {
        int r = along_rows ? i / CHUNK : i % TILE, c = along_rows ? i % CHUNK : i / TILE;
        bool there = first + r < end && column + c < columns;
        to[c][r] = there ? load_float(m, first + r, column + c) : 0;
    }
}

/* Rows [first, end), at most 32, and columns from `column` on, at most 64. */
static __device__ __forceinline__ void load_rows(const matrix &m, int first, int end, int column, int columns,
                                                 float (&to)[CHUNK][PITCH])
{
    bool along_rows = m.column == 1;
    for (int i = threadIdx.x; i < TILE * CHUNK; i += BLOCK) {
        int r = along_rows ? i / TILE : i % CHUNK, c = along_rows ? i % TILE : i / CHUNK;
        bool there = first + r < end && column + c < columns;
        to[r][c] = there ? load_float(m, first + r, column + c) : 0;
    }
}

/* product = rows of a, from number i on, times those of b, from number j on */
static __device__ __forceinline__ void multiply(const matrix &a, int i, int a_rows, const matrix &b, int j, int b_rows,
                                                int channels, room &r, part &product)
{
    for (int k = 0; k < PART * PART; k++) product[k / PART][k % PART] = 0;
    for (int channel = 0; channel < channels; channel += CHUNK) {
        load_transposed(a, i, a_rows, channel, channels, r.left);
        load_transposed(b, j, b_rows, channel, channels, r.right);
        __syncthreads();
#pragma unroll 8
        for (int k = 0; k < CHUNK; k++) add_products(&r.left[k][my_row()], &r.right[k][my_column()], product);
        __syncthreads();
    }
}

/* sum += weights times 64 columns of b, for 64 rows of it. The weights are each thread's. */
static __device__ __forceinline__ void accumulate(const part &weights, const matrix &b, int row, int b_rows, int column,
                                                  int columns, room &r, part &sum)
{
    for (int j = 0; j < PART; j++)
        *(float4 *)&r.weights[my_column() + j][my_row()] =
            make_float4(weights[0][j], weights[1][j], weights[2][j], weights[3][j]);
    for (int first = 0; first < TILE; first += CHUNK) {
        load_rows(b, row + first, b_rows, column, columns, r.right);
        __syncthreads();
#pragma unroll 8
        for (int k = 0; k < CHUNK; k++) add_products(&r.weights[first + k][my_row()], &r.right[k][my_column()], sum);
        __syncthreads();
    }
}

static __device__ __forceinline__ void store(const part &x, const float (&factor)[PART], const matrix &m, int row,
                                             int rows, int column, int columns)
{
    for (int i = 0; i < PART; i++)
        for (int j = 0; j < PART; j++) {
            int r = row + my_row() + i, c = column + my_column() + j;
            if (r < rows && c < columns) store_float(m, r, c, x[i][j] * factor[i]);
        }
}

/* -- Rows --------------------------------------------------------------------------------------------------------- */

/* Over the threads that share a row. */
static __device__ __forceinline__ float largest_of_row(float x)
{
    for (int step = ACROSS / 2; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(FULL_WARP, x, step));
    return x;
}

static __device__ __forceinline__ float sum_of_row(float x)
{
    for (int step = ACROSS / 2; step > 0; step /= 2) x += __shfl_xor_sync(FULL_WARP, x, step);
    return x;
}

static __device__ __forceinline__ float logit(const attention &a, const matrix (&of)[ARRAYS], int query, int key,
                                              float product)
{
    bool hidden = query >= a.queries || key >= a.keys || (a.causal && key > query);
    if (hidden || (of[MASK].data && !*element(of[MASK], query, key))) return -INFINITY;
    return a.scale * product + (of[BIAS].data ? load_float(of[BIAS], query, key) : 0);
}

/* A row of what becomes of weights, of neighbouring keys. */
static __device__ __forceinline__ void drop_row(const attention &a, int64_t head, int query, int key, float (&x)[PART])
{
    drawn last = nothing_drawn();
    for (int j = 0; j < PART; j++) x[j] *= kept(a, head, query, key + j, last);
}

/* -- Forward ------------------------------------------------------------------------------------------------------ */

/* Turns the logits of 4 rows into weights relative to the largest one so far; what was summed up before is multiplied
 * by `factor`. */
static __device__ __forceinline__ void soften(part &s, float (&max)[PART], float (&sum)[PART], float (&factor)[PART])
{
    for (int i = 0; i < PART; i++) {
        float before = max[i];
        for (int j = 0; j < PART; j++) max[i] = fmaxf(max[i], s[i][j]);
        max[i] = largest_of_row(max[i]);
        float shift = max[i] == -INFINITY ? 0 : max[i], added = 0;
        for (int j = 0; j < PART; j++) added += s[i][j] = expf(s[i][j] - shift);
        factor[i] = expf(before - shift);
        sum[i] = sum[i] * factor[i] + sum_of_row(added);
    }
}

/* A tile of queries, and 64 columns of v. */
static __global__ void __launch_bounds__(BLOCK) forward(const __grid_constant__ attention a, int tiles, int chunks)
{
    SHARED(matrix, of, [ARRAYS]);
    SHARED(room, shared, [1]);
    int64_t head = blockIdx.x / ((int64_t)tiles * chunks);
    find_head(a, head, of);
    int chunk = (int)(blockIdx.x / tiles % chunks), first = (int)(blockIdx.x % tiles) * TILE;
    int visible = a.causal ? min(a.keys, first + TILE) : a.keys;
    part y = {}, s;
    float max[PART], sum[PART] = {}, factor[PART];
    for (int i = 0; i < PART; i++) max[i] = -INFINITY;
    for (int key = 0; key < visible; key += TILE) {
        multiply(of[Q], first, a.queries, of[K], key, a.keys, a.channels, *shared, s);
        for (int i = 0; i < PART; i++)
            for (int j = 0; j < PART; j++) s[i][j] = logit(a, of, first + my_row() + i, key + my_column() + j, s[i][j]);
        soften(s, max, sum, factor);
        for (int i = 0; i < PART; i++)
            for (int j = 0; j < PART; j++) y[i][j] *= factor[i];
        for (int i = 0; a.dropout.stream && i < PART; i++)
            drop_row(a, head, first + my_row() + i, key + my_column(), s[i]);
        accumulate(s, of[V], key, a.keys, chunk * TILE, a.width, *shared, y);
    }
    for (int i = 0; i < PART; i++) {
        int query = first + my_row() + i;
        factor[i] = sum[i] == 0 ? 0 : 1 / sum[i];
        if (chunk == 0 && my_column() == 0 && query < a.queries)
            store_float(of[LOGSUMEXP], query, 0, sum[i] == 0 ? 0 : max[i] + logf(sum[i]));
    }
    store(y, factor, of[Y], first, a.queries, chunk * TILE, a.width);
}

void attend_in_f32(const attention &a)
{
    int tiles = parts_of(a.queries, TILE), chunks = max(1, parts_of(a.width, TILE));
    LAUNCH(forward, (unsigned)(a.heads.count * tiles * chunks), BLOCK, 0, compute_stream(), a, tiles, chunks);
}

/* -- Backward ----------------------------------------------------------------------------------------------------- */

/* The mean of the gradients of a query's weights, by the weights: the sum of g y. */
static __device__ __forceinline__ float mean_of(const attention &a, const matrix (&of)[ARRAYS], int query)
{
    float sum = 0;
    for (int e = (int)threadIdx.x % ACROSS; query < a.queries && e < a.width; e += ACROSS)
        sum += load_float(of[G], query, e) * load_float(of[Y], query, e);
    return sum_of_row(sum);
}

/* What backward has to know of a thread's queries. */
typedef struct statistics {
    float logsumexp[PART], mean[PART];
} statistics;

/* All threads of a block do it. */
static __device__ __forceinline__ statistics find_statistics(const attention &a, const matrix (&of)[ARRAYS], int first)
{
    statistics known;
    for (int i = 0; i < PART; i++) {
        int query = first + my_row() + i;
        known.logsumexp[i] = query < a.queries ? load_float(of[LOGSUMEXP], query, 0) : 0;
        known.mean[i] = mean_of(a, of, query);
    }
    return known;
}

/* dlogits = weights (g vᵀ - mean) of a tile of queries from `query` on, and keys from `key` on. */
static __device__ __forceinline__ void find_dlogits(const attention &a, const matrix (&of)[ARRAYS], int64_t head,
                                                    int query, int key, const statistics &known, room &r, part &dlogits)
{
    part dweights;
    multiply(of[Q], query, a.queries, of[K], key, a.keys, a.channels, r, dlogits);
    multiply(of[G], query, a.queries, of[V], key, a.keys, a.width, r, dweights);
    for (int i = 0; a.dropout.stream && i < PART; i++)
        drop_row(a, head, query + my_row() + i, key + my_column(), dweights[i]);
#pragma unroll
    for (int i = 0; i < PART; i++)
        for (int j = 0; j < PART; j++) {
            float x = logit(a, of, query + my_row() + i, key + my_column() + j, dlogits[i][j]);
            dlogits[i][j] = expf(x - known.logsumexp[i]) * (dweights[i][j] - known.mean[i]);
        }
}

/* A tile of queries, and 64 columns of dq: dlogits k. */
static __global__ void __launch_bounds__(BLOCK)
    gradient_of_queries(const __grid_constant__ attention a, int tiles, int chunks)
{
    SHARED(matrix, of, [ARRAYS]);
    SHARED(room, shared, [1]);
    int64_t head = blockIdx.x / ((int64_t)tiles * chunks);
    find_head(a, head, of);
    int chunk = (int)(blockIdx.x / tiles % chunks), first = (int)(blockIdx.x % tiles) * TILE;
    int visible = a.causal ? min(a.keys, first + TILE) : a.keys;
    part dq = {}, dlogits;
    const statistics known = find_statistics(a, of, first);
    const float factor[PART] = { a.scale, a.scale, a.scale, a.scale };
    for (int i = 0; chunk == 0 && my_column() == 0 && i < PART; i++) {
        int query = first + my_row() + i;
        if (query < a.queries) a.means[head * a.queries + query] = known.mean[i];
    }
    for (int key = 0; key < visible; key += TILE) {
        find_dlogits(a, of, head, first, key, known, *shared, dlogits);
        accumulate(dlogits, of[K], key, a.keys, chunk * TILE, a.channels, *shared, dq);
    }
    store(dq, factor, of[DQ], first, a.queries, chunk * TILE, a.channels);
}

/* A tile of keys, and 64 columns of dk and dv: dlogitsᵀ q and weightsᵀ g. A row of what a thread computes is a key. */
static __global__ void __launch_bounds__(BLOCK, 1) /* for two blocks, much would be spilled */
    gradient_of_keys(const __grid_constant__ attention a, int tiles, int chunks)
{
    SHARED(matrix, of, [ARRAYS]);
    SHARED(room, shared, [1]);
    int64_t head = blockIdx.x / ((int64_t)tiles * chunks);
    find_head(a, head, of);
    int column = (int)(blockIdx.x / tiles % chunks) * TILE, first = (int)(blockIdx.x % tiles) * TILE;
    part dk = {}, dv = {}, weights, dlogits;
    const float one[PART] = { 1, 1, 1, 1 }, scale[PART] = { a.scale, a.scale, a.scale, a.scale };
    for (int query = a.causal ? first : 0; query < a.queries; query += TILE) {
        multiply(of[K], first, a.keys, of[Q], query, a.queries, a.channels, *shared, weights);
        multiply(of[V], first, a.keys, of[G], query, a.queries, a.width, *shared, dlogits);
#pragma unroll
        for (int j = 0; j < PART; j++) {
            int to = query + my_column() + j;
            float logsumexp = to < a.queries ? load_float(of[LOGSUMEXP], to, 0) : 0;
            float mean = to < a.queries ? a.means[head * a.queries + to] : 0;
            drawn last = nothing_drawn();
            for (int i = 0; i < PART; i++) {
                int key = first + my_row() + i;
                float weight = expf(logit(a, of, to, key, weights[i][j]) - logsumexp);
                float share = a.dropout.stream ? kept(a, head, to, key, last) : 1;
                weights[i][j] = weight * share;
                dlogits[i][j] = weight * (dlogits[i][j] * share - mean);
            }
        }
        accumulate(weights, of[G], query, a.queries, column, a.width, *shared, dv);
        accumulate(dlogits, of[Q], query, a.queries, column, a.channels, *shared, dk);
    }
    store(dk, scale, of[DK], first, a.keys, column, a.channels);
    store(dv, one, of[DV], first, a.keys, column, a.width);
}

/* A tile of queries and of keys, of the heads of a part. */
static __global__ void __launch_bounds__(BLOCK, 1) /* as gradient_of_keys */
    sum_dlogits(const __grid_constant__ attention a, const __grid_constant__ bias_sharing s)
{
    SHARED(sharing_head, head, [1]);
    SHARED(room, shared, [1]);
    const bias_tile t = find_bias_tile(a, s);
    part sum = {}, dlogits;
    for (int64_t which = t.first; which < t.end; which++) {
        __syncthreads(); /* threads may still be reading what the head before left */
        find_sharing_head(a, s, t.matrix, which, *head);
        find_dlogits(a, head->of, head->number, t.query, t.key, find_statistics(a, head->of, t.query), *shared,
                     dlogits);
        for (int i = 0; i < PART; i++)
            for (int j = 0; j < PART; j++) sum[i][j] += dlogits[i][j];
    }
    for (int i = 0; i < PART; i++)
        for (int j = 0; j < PART; j++) {
            float *to = bias_sum(a, s, t, t.query + my_row() + i, t.key + my_column() + j);
            if (to) *to = sum[i][j];
        }
}

void attend_backward_in_f32(const attention &a)
{
    int tiles = parts_of(a.queries, TILE), chunks = max(1, parts_of(a.channels, TILE));
    if (tiles > 0)
        LAUNCH(gradient_of_queries, (unsigned)(a.heads.count * tiles * chunks), BLOCK, 0, compute_stream(), a, tiles,
               chunks);
    tiles = parts_of(a.keys, TILE);
    chunks = max(1, parts_of(max(a.channels, a.width), TILE));
    if (tiles > 0)
        LAUNCH(gradient_of_keys, (unsigned)(a.heads.count * tiles * chunks), BLOCK, 0, compute_stream(), a, tiles,
               chunks);
}

void sum_dlogits_in_f32(const attention &a, const bias_sharing &s)
{
    LAUNCH(sum_dlogits, (unsigned)(s.parts * s.matrices * s.query_tiles * s.key_tiles), BLOCK, 0, compute_stream(), a,
           s);
}
