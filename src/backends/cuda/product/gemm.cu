/* gemm.cu - products of any strides, in square tiles that pass through shared memory. */
#include "backends/cuda/element/convert.h"
#include "backends/cuda/product/gemm.h"

enum { TILE = 32, LINES = BLOCK / TILE, ROWS = TILE / LINES };

/* Where a batch begins in a and in b. */
static __device__ inline void find_batch(const gemm_problem &p, int64_t batch, int64_t *a, int64_t *b)
{
    *a = *b = 0;
    for (int64_t axis = p.batch_rank - 1; axis >= 0; axis--) {
        int64_t outer = batch / p.batch[axis], place = batch - outer * p.batch[axis];
        *a += place * p.a_batch[axis];
        *b += place * p.b_batch[axis];
        batch = outer;
    }
}

/* The tile of a matrix that begins at (first_row, first_column), with zeros where the matrix has ended. */
template <class In>
static __device__ inline void load_tile(float (&tile)[TILE][TILE + 1], const In *x, int64_t row, int64_t column,
                                        int64_t rows, int64_t columns, int64_t first_row, int64_t first_column)
{
    int across = threadIdx.x % TILE;
    for (int down = threadIdx.x / TILE; down < TILE; down += LINES) {
        int64_t i = first_row + down, j = first_column + across;
        tile[down][across] = i < rows && j < columns ? (float)x[i * row + j * column] : 0;
    }
}

/* a [batch..., m, k], b [batch..., k, n], bias [n] or NULL -> y [batch..., m, n]. A block computes a tile of y, a
 * thread ROWS elements of one of its columns. */
template <class In, class Y>
static __global__ void __launch_bounds__(BLOCK)
    multiply(gemm_problem p, int64_t across, int64_t down, const In *a, const In *b, const Y *bias, Y *y)
{
    SHARED(float, a_tile, [TILE][TILE + 1]);
    SHARED(float, b_tile, [TILE][TILE + 1]);
    int64_t batch = blockIdx.x / (across * down), tile = blockIdx.x - batch * across * down, a_begin, b_begin;
    int64_t first_row = tile / across * TILE, first_column = tile % across * TILE;
    find_batch(p, batch, &a_begin, &b_begin);
    int column = threadIdx.x % TILE, line = threadIdx.x / TILE;
    float sum[ROWS] = {};
    for (int64_t step = 0; step < p.k; step += TILE) {
        load_tile(a_tile, a + a_begin, p.a_row, p.a_column, p.m, p.k, first_row, step);
        load_tile(b_tile, b + b_begin, p.b_row, p.b_column, p.k, p.n, step, first_column);
        __syncthreads();
        for (int l = 0; l < TILE; l++)
            for (int r = 0; r < ROWS; r++) sum[r] += a_tile[line + r * LINES][l] * b_tile[l][column];
        __syncthreads();
    }
    int64_t j = first_column + column;
    for (int r = 0; r < ROWS; r++) {
        int64_t i = first_row + line + r * LINES;
        if (i >= p.m || j >= p.n) continue;
        y[(batch * p.m + i) * p.n + j] = converter<Y, float>::of(bias ? sum[r] + (float)bias[j] : sum[r]);
    }
}

static int64_t batches(const gemm_problem *p)
{
    int64_t count = 1;
    for (int64_t i = 0; i < p->batch_rank; i++) count *= p->batch[i];
    return count;
}

int64_t gemm_count(const gemm_problem *p)
{
    return batches(p) * p->m * p->n;
}

/* Where k is 0 there is no a and no b. */
template <class In, class Y> static void queue(const gemm_problem *p, const gemm_operands *o)
{
    int64_t across = (p->n + TILE - 1) / TILE, down = (p->m + TILE - 1) / TILE;
    const In *a = p->k ? (const In *)o->a : NULL, *b = p->k ? (const In *)o->b : NULL;
    LAUNCH((multiply<In, Y>), (unsigned)(batches(p) * across * down), BLOCK, 0, compute_stream(), *p, across, down, a,
           b, (const Y *)o->bias, (Y *)o->y);
}

void gemm_queue(const gemm_problem *p, const gemm_operands *o)
{
    bool y_bf16 = p->y_dtype == VT_BF16;
    if (p->in_dtype == VT_BF16)
        y_bf16 ? queue<bf16, bf16>(p, o) : queue<bf16, float>(p, o);
    else
        y_bf16 ? queue<float, bf16>(p, o) : queue<float, float>(p, o);
}
