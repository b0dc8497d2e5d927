/* linear.c - ops that are matrix products, or begin with one. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/product/matmul.h"
#include "ops/linear.h"
#include "backends/product_geometry.h"

/* Problems have the names of product_geometry.h: y [batch..., m, n] = a [batch..., m, k] b [batch..., k, n]. */

static int64_t storage_of(const array *x)
{
    return x->dtype == VT_BF16 ? VT_BF16 : VT_DTYPE_DEFAULT;
}

static gemm_problem problem_of_matmul(const kernel_call *call)
{
    const matmul_attributes *t = call->attributes;
    const array *a = &call->in[PRODUCT_A], *b = &call->in[PRODUCT_B];
    return product_geometry(a, t->transpose_a, b, t->transpose_b, &call->out[PRODUCT_Y].shape);
}

static gemm_problem problem_of_linear(const kernel_call *call)
{
    const array *x = &call->in[LINEAR_X];
    array rows = *x; /* a vector is one row */
    if (x->shape.rank == 1) array_reshape(*x, VT_SHAPE(1, x->shape.dim[0]), &rows);
    return product_geometry(&rows, false, &call->in[LINEAR_WEIGHT], true, &call->out[LINEAR_Y].shape);
}

static gemm_problem problem_of_linear_gelu(const kernel_call *call)
{
    gemm_problem p = problem_of_linear(call);
    p.epilogue = GEMM_GELU;
    p.other_dtype = storage_of(&call->out[LINEAR_GELU_Z]);
    return p;
}

static gemm_problem problem_of_matmul_gelu_gradient(const kernel_call *call)
{
    const array *g = &call->in[MATMUL_GELU_GRADIENT_G], *weight = &call->in[MATMUL_GELU_GRADIENT_WEIGHT];
    vt_shape y = VT_SHAPE(g->shape.dim[0], weight->shape.dim[1]);
    gemm_problem p = product_geometry(g, false, weight, false, &y);
    p.epilogue = GEMM_GELU_GRADIENT;
    p.other_dtype = storage_of(&call->in[MATMUL_GELU_GRADIENT_Z]);
    return p;
}

/* The weight's gradient, gᵀ x; the sums of gᵀ's rows are the bias's. */
static gemm_problem problem_of_linear_gradient(const kernel_call *call)
{
    const array *g = &call->in[LINEAR_GRADIENT_G], *x = &call->in[LINEAR_GRADIENT_X];
    gemm_problem p = product_geometry(g, true, x, false, &call->out[LINEAR_GRADIENT_DWEIGHT].shape);
    p.row_sums = 1;
    return p;
}

/* -- The kernels ------------------------------------------------------------------------------------------------- */

static void discard(void *state)
{
    matmul_discard(state);
}

static bool prepare(const kernel_call *call, gemm_problem problem, bool has_bias, preparation *p)
{
    problem.a_dtype = storage_of(&call->in[PRODUCT_A]);
    problem.b_dtype = storage_of(&call->in[PRODUCT_B]);
    problem.y_dtype = storage_of(&call->out[PRODUCT_Y]);
    matmul *m = matmul_prepare(&problem, has_bias, call->out[PRODUCT_Y].dtype == VT_F64);
    if (!m) {
        refuse_call(call->op->name, call->at, VT_ERROR_MEMORY, "out of memory to prepare it");
        return false;
    }
    *p = (preparation){ m, discard, matmul_scratch(m) };
    return true;
}

static gemm_operands operands_of(const kernel_call *call)
{
    const array *in = call->in;
    return (gemm_operands){ .a = in[PRODUCT_A].data, .b = in[PRODUCT_B].data, .y = call->out[PRODUCT_Y].data };
}

static bool run(const kernel_call *call, const void *bias, void *other)
{
    gemm_operands o = operands_of(call);
    o.bias = bias;
    o.other = other;
    return matmul_run(call->state, &o, call->scratch);
}

static bool has_bias(const kernel_call *call)
{
    return call->inputs > LINEAR_BIAS && call->in[LINEAR_BIAS].shape.rank > 0;
}

static void *bias_of(const kernel_call *call)
{
    return has_bias(call) ? call->in[LINEAR_BIAS].data : NULL;
}

static bool prepare_matmul(const kernel_call *call, preparation *p)
{
    return prepare(call, problem_of_matmul(call), false, p);
}

static bool run_matmul(const kernel_call *call)
{
    return run(call, NULL, NULL);
}

/* A bias that does not lie as it should is copied to the end of the working memory. */
static bool copies_bias(const kernel_call *call)
{
    return has_bias(call) && !array_is_contiguous(&call->in[LINEAR_BIAS]);
}

static bool prepare_linear(const kernel_call *call, preparation *p)
{
    if (!prepare(call, problem_of_linear(call), has_bias(call), p)) return false;
    const array *bias = &call->in[LINEAR_BIAS];
    if (copies_bias(call)) p->scratch += (size_t)bias->shape.dim[0] * vt_dtype_size(bias->dtype);
    return true;
}

static bool run_linear(const kernel_call *call)
{
    if (!copies_bias(call)) return run(call, bias_of(call), NULL);
    const array *bias = &call->in[LINEAR_BIAS];
    array copy = array_contiguous((char *)call->scratch + matmul_scratch(call->state), bias->dtype, bias->shape);
    array_copy(&copy, bias);
    return run(call, copy.data, NULL);
}

static bool prepare_linear_gelu(const kernel_call *call, preparation *p)
{
    return prepare(call, problem_of_linear_gelu(call), has_bias(call), p);
}

static bool run_linear_gelu(const kernel_call *call)
{
    return run(call, bias_of(call), call->out[LINEAR_GELU_Z].data);
}

static bool prepare_matmul_gelu_gradient(const kernel_call *call, preparation *p)
{
    return prepare(call, problem_of_matmul_gelu_gradient(call), false, p);
}

static bool run_matmul_gelu_gradient(const kernel_call *call)
{
    return run(call, NULL, call->in[MATMUL_GELU_GRADIENT_Z].data);
}

static bool prepare_linear_gradient(const kernel_call *call, preparation *p)
{
    return prepare(call, problem_of_linear_gradient(call), false, p);
}

static bool run_linear_gradient(const kernel_call *call)
{
    gemm_operands o = operands_of(call);
    o.row_sums = call->out[LINEAR_GRADIENT_DBIAS].data;
    return matmul_run(call->state, &o, call->scratch);
}

#define PRODUCT(name) .run = run_##name, .prepare = prepare_##name

const kernel_row cpu_linear_kernels[] = {
    { &op_matmul, { PRODUCT(matmul), .strided = true, .bf16_in = PRODUCT_FACTORS, .bf16_out = 1 << PRODUCT_Y } },
    { &op_linear, { PRODUCT(linear), .strided = true, .bf16_in = PRODUCT_FACTORS, .bf16_out = 1 << PRODUCT_Y } },
    { &op_linear_gelu,
      { PRODUCT(linear_gelu), .bf16_in = PRODUCT_FACTORS, .bf16_out = 1 << LINEAR_GELU_Y | 1 << LINEAR_GELU_Z } },
    { &op_matmul_gelu_gradient,
      { PRODUCT(matmul_gelu_gradient), .bf16_in = PRODUCT_FACTORS | 1 << MATMUL_GELU_GRADIENT_Z,
        .bf16_out = 1 << PRODUCT_Y } },
    { &op_linear_gradient,
      { PRODUCT(linear_gradient), .strided = true, .bf16_in = PRODUCT_FACTORS, .bf16_out = 1 << PRODUCT_Y } },
    { 0 },
};
