/* linear.cu - ops that are matrix products, or begin with one. */
#include "backends/cuda/product/blas.h"
#include "backends/cuda/elementwise/gelu.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/product/matmul.h"
#include "backends/cuda/element/stored.h"

extern "C" {
#include "ops/linear.h"
}
#include "backends/product_geometry.h"

/* -- Problems ------------------------------------------------------------------------------------------------------ */

static gemm_problem problem_of(const array *a, bool transpose_a, const array *b, bool transpose_b, const array *y)
{
    gemm_problem p = product_geometry(a, transpose_a, b, transpose_b, &y->shape);
    p.in_dtype = a->dtype;
    p.y_dtype = y->dtype;
    return p;
}

static gemm_problem matmul_of(const kernel_call *call, const array *a, const array *b)
{
    const matmul_attributes *t = (const matmul_attributes *)call->attributes;
    return problem_of(a, t->transpose_a, b, t->transpose_b, &call->out[PRODUCT_Y]);
}

/* A vector is one row. */
static array rows_of(const array *x)
{
    array rows = *x;
    if (x->shape.rank == 1) array_reshape(*x, vt_shape{ 2, { 1, x->shape.dim[0] } }, &rows);
    return rows;
}

static gemm_problem linear_of(const kernel_call *call, const array *x, const array *weight, const array *y)
{
    array rows = rows_of(x), y_rows = rows_of(y);
    gemm_problem p = problem_of(&rows, false, weight, true, &y_rows);
    p.has_bias = call->inputs > LINEAR_BIAS && call->in[LINEAR_BIAS].shape.rank > 0;
    return p;
}

/* -- What is supported --------------------------------------------------------------------------------------------- */

static bool is_f32(const kernel_call *call)
{
    return call->in[PRODUCT_A].dtype != VT_F64 && call->in[PRODUCT_A].dtype == call->in[PRODUCT_B].dtype;
}

static array contiguous(const array *a)
{
    return array_contiguous(a->data, a->dtype, a->shape);
}

/* Whether the operands as they lie are no worse than copies of them would be. */
static bool spares_copies(const gemm_problem &strided, const gemm_problem &copied)
{
    if (gemm_count(&strided) == 0 || strided.k == 0) return true;
    int64_t calls = blas_calls(&strided);
    return calls > 0 && calls <= blas_calls(&copied);
}

static bool supports_matmul(const kernel_call *call)
{
    const array *a = &call->in[PRODUCT_A], *b = &call->in[PRODUCT_B];
    array a_copy = contiguous(a), b_copy = contiguous(b);
    return is_f32(call) && spares_copies(matmul_of(call, a, b), matmul_of(call, &a_copy, &b_copy));
}

static bool supports_linear(const kernel_call *call)
{
    const array *x = &call->in[LINEAR_X], *weight = &call->in[LINEAR_WEIGHT], *y = &call->out[LINEAR_Y];
    array x_copy = contiguous(x), weight_copy = contiguous(weight);
    return is_f32(call) && spares_copies(linear_of(call, x, weight, y), linear_of(call, &x_copy, &weight_copy, y));
}

/* -- Products ------------------------------------------------------------------------------------------------------ */

static void discard(void *state)
{
    matmul_discard((matmul *)state);
}

static bool prepare(const gemm_problem &problem, preparation *p)
{
    matmul *m = matmul_prepare(&problem);
    if (!m) return false;
    *p = { m, discard, matmul_scratch(m) };
    return true;
}

static bool prepare_matmul(const kernel_call *call, preparation *p)
{
    return prepare(matmul_of(call, &call->in[PRODUCT_A], &call->in[PRODUCT_B]), p);
}

static bool run_product(const kernel_call *call)
{
    const gemm_operands o = { call->in[PRODUCT_A].data, call->in[PRODUCT_B].data, NULL, call->out[PRODUCT_Y].data };
    return matmul_run((matmul *)call->state, &o, call->scratch);
}

/* The bias is added where the product is written, in the dtype of that: another one is copied to the beginning of the
 * working memory, and the product's own begins behind it. */
static size_t room_for_bias(const kernel_call *call, const array *y)
{
    bool has_bias = call->inputs > LINEAR_BIAS && call->in[LINEAR_BIAS].shape.rank > 0;
    const array *bias = &call->in[LINEAR_BIAS];
    if (!has_bias || (bias->dtype == y->dtype && array_is_contiguous(bias))) return 0;
    return aligned_bytes((size_t)bias->shape.dim[0] * vt_dtype_size(y->dtype));
}

static bool prepare_linear_into(const kernel_call *call, const array *y, preparation *p)
{
    if (!prepare(linear_of(call, &call->in[LINEAR_X], &call->in[LINEAR_WEIGHT], y), p)) return false;
    p->scratch += room_for_bias(call, y);
    return true;
}

static bool run_linear_into(const kernel_call *call, const array *y)
{
    size_t room = room_for_bias(call, y);
    gemm_operands o = { call->in[LINEAR_X].data, call->in[LINEAR_WEIGHT].data,
                        call->inputs > LINEAR_BIAS ? call->in[LINEAR_BIAS].data : NULL, y->data };
    if (room && vt_shape_count(y->shape) > 0) {
        array copy = array_contiguous(call->scratch, y->dtype, call->in[LINEAR_BIAS].shape);
        if (!cuda_copy(&copy, &call->in[LINEAR_BIAS])) return false;
        o.bias = copy.data;
    }
    return matmul_run((matmul *)call->state, &o, (char *)call->scratch + room);
}

static bool prepare_linear(const kernel_call *call, preparation *p)
{
    return prepare_linear_into(call, &call->out[LINEAR_Y], p);
}

static bool run_linear(const kernel_call *call)
{
    return run_linear_into(call, &call->out[LINEAR_Y]);
}

/* -- GELU behind a product, and its gradient ------------------------------------------------------------------------
 * The library's own is by tanh; the exact one is a pass of its own, over contiguous memory. It reads z as it is stored,
 * which is what the gradient reads too. */

struct apply_gelu {
    static constexpr bool reads_y = false;
    __device__ float operator()(float z, float) const
    {
        return gelu(z);
    }
};

struct times_gelu_gradient {
    static constexpr bool reads_y = true;
    __device__ float operator()(float z, float y) const
    {
        return y * gelu_gradient(z);
    }
};

/* y = function(z, y) for N elements a thread. */
template <class Function, int N> static __global__ void finish(Function function, int64_t count, stored z, stored y)
{
    int64_t first = thread_in_grid() * N;
    if (first >= count) return;
    pending<N> z_loaded = {}, y_loaded = {};
    begin_load(z, first, &z_loaded);
    if (Function::reads_y) begin_load(y, first, &y_loaded);
    vector<float, N> in = end_load(z, z_loaded), out = end_load(y, y_loaded);
#pragma unroll
    for (int k = 0; k < N; k++) out.at[k] = function(in.at[k], out.at[k]);
    store_floats(y, first, out);
}

template <class Function> static bool finish_product(const kernel_call *call, const array *z, const array *y)
{
    constexpr int N = 8;
    int64_t count = vt_shape_count(y->shape);
    if (count == 0) return true;
    if (count % N == 0 && is_aligned(z, N) && is_aligned(y, N))
        LAUNCH((finish<Function, N>), blocks_for(count / N, BLOCK), BLOCK, 0, compute_stream(), Function{}, count,
               stored_of(z), stored_of(y));
    else
        LAUNCH((finish<Function, 1>), blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), Function{}, count,
               stored_of(z), stored_of(y));
    return launched(call);
}

static bool prepare_linear_gelu(const kernel_call *call, preparation *p)
{
    return prepare_linear_into(call, &call->out[LINEAR_GELU_Z], p);
}

static bool run_linear_gelu(const kernel_call *call)
{
    const array *z = &call->out[LINEAR_GELU_Z];
    return run_linear_into(call, z) && finish_product<apply_gelu>(call, z, &call->out[LINEAR_GELU_Y]);
}

/* The result has as many rows as g, in any number of axes. */
static bool prepare_matmul_gelu_gradient(const kernel_call *call, preparation *p)
{
    const array *g = &call->in[MATMUL_GELU_GRADIENT_G], *weight = &call->in[MATMUL_GELU_GRADIENT_WEIGHT];
    const vt_shape shape = { 2, { g->shape.dim[0], weight->shape.dim[1] } };
    const array *dz = &call->out[MATMUL_GELU_GRADIENT_DZ];
    array y = array_contiguous(dz->data, dz->dtype, shape);
    return prepare(problem_of(g, false, weight, false, &y), p);
}

static bool run_matmul_gelu_gradient(const kernel_call *call)
{
    const array *z = &call->in[MATMUL_GELU_GRADIENT_Z];
    return run_product(call) && finish_product<times_gelu_gradient>(call, z, &call->out[MATMUL_GELU_GRADIENT_DZ]);
}

/* -- The kernels --------------------------------------------------------------------------------------------------- */

extern "C" const kernel_row cuda_linear_kernels[] = {
    { &op_matmul,
      { .run = run_product,
        .supports = supports_matmul,
        .prepare = prepare_matmul,
        .strided = true,
        .bf16_in = PRODUCT_FACTORS,
        .bf16_out = 1 << PRODUCT_Y } },
    { &op_linear,
      { .run = run_linear,
        .supports = supports_linear,
        .prepare = prepare_linear,
        .strided = true,
        .bf16_in = PRODUCT_FACTORS,
        .bf16_out = 1 << PRODUCT_Y } },
    { &op_linear_gelu,
      { .run = run_linear_gelu,
        .supports = is_f32,
        .prepare = prepare_linear_gelu,
        .bf16_in = PRODUCT_FACTORS,
        .bf16_out = 1 << LINEAR_GELU_Y | 1 << LINEAR_GELU_Z } },
    { &op_matmul_gelu_gradient,
      { .run = run_matmul_gelu_gradient,
        .supports = is_f32,
        .prepare = prepare_matmul_gelu_gradient,
        .bf16_in = PRODUCT_FACTORS | 1 << MATMUL_GELU_GRADIENT_Z,
        .bf16_out = 1 << PRODUCT_Y } },
    {},
};
