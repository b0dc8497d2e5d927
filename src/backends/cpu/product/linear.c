/* linear.c - ops that are matrix products, or begin with one. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/product/matmul.h"
#include "ops/linear.h"
#include "backends/product_geometry.h"

static int64_t storage_of(const array *x)
{
    return x->dtype == VT_BF16 ? VT_BF16 : VT_DTYPE_DEFAULT;
}

static gemm_problem problem_of_matmul(const kernel_call *call)
{
    const matmul_attributes *t = call->attributes;
    return product_geometry(&call->in[0], t->transpose_a, &call->in[1], t->transpose_b, &call->out[0].shape);
}

static gemm_problem problem_of_linear(const kernel_call *call)
{
    const array *x = &call->in[0];
    array rows = *x; /* a vector is one row */
    if (x->shape.rank == 1) array_reshape(*x, VT_SHAPE(1, x->shape.dim[0]), &rows);
    return product_geometry(&rows, false, &call->in[1], true, &call->out[0].shape);
}

static gemm_problem problem_of_linear_gelu(const kernel_call *call)
{
    gemm_problem p = problem_of_linear(call);
    p.epilogue = GEMM_GELU;
    p.other_dtype = storage_of(&call->out[1]);
    return p;
}

static gemm_problem problem_of_matmul_gelu_gradient(const kernel_call *call)
{
    vt_shape y = VT_SHAPE(call->in[0].shape.dim[0], call->in[1].shape.dim[1]);
    gemm_problem p = product_geometry(&call->in[0], false, &call->in[1], false, &y);
    p.epilogue = GEMM_GELU_GRADIENT;
    p.other_dtype = storage_of(&call->in[2]);
    return p;
}

/* The weight's gradient, gᵀ x; the sums of gᵀ's rows are the bias's. */
static gemm_problem problem_of_linear_gradient(const kernel_call *call)
{
    gemm_problem p = product_geometry(&call->in[0], true, &call->in[1], false, &call->out[0].shape);
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
    problem.a_dtype = storage_of(&call->in[0]);
    problem.b_dtype = storage_of(&call->in[1]);
    problem.y_dtype = storage_of(&call->out[0]);
    matmul *m = matmul_prepare(&problem, has_bias, call->out[0].dtype == VT_F64);
    if (!m) {
        refuse_call(call->op->name, call->at, VT_ERROR_MEMORY, "out of memory to prepare it");
        return false;
    }
    *p = (preparation){ m, discard, matmul_scratch(m) };
    return true;
}

static gemm_operands operands_of(const kernel_call *call)
{
    return (gemm_operands){ .a = call->in[0].data, .b = call->in[1].data, .y = call->out[0].data };
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
    return call->inputs > 2 && call->in[2].shape.rank > 0;
}

static void *bias_of(const kernel_call *call)
{
    return has_bias(call) ? call->in[2].data : NULL;
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
    return has_bias(call) && !array_is_contiguous(&call->in[2]);
}

static bool prepare_linear(const kernel_call *call, preparation *p)
{
    if (!prepare(call, problem_of_linear(call), has_bias(call), p)) return false;
    if (copies_bias(call)) p->scratch += (size_t)call->in[2].shape.dim[0] * vt_dtype_size(call->in[2].dtype);
    return true;
}

static bool run_linear(const kernel_call *call)
{
    if (!copies_bias(call)) return run(call, bias_of(call), NULL);
    const array *bias = &call->in[2];
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
    return run(call, bias_of(call), call->out[1].data);
}

static bool prepare_matmul_gelu_gradient(const kernel_call *call, preparation *p)
{
    return prepare(call, problem_of_matmul_gelu_gradient(call), false, p);
}

static bool run_matmul_gelu_gradient(const kernel_call *call)
{
    return run(call, NULL, call->in[2].data);
}

static bool prepare_linear_gradient(const kernel_call *call, preparation *p)
{
    return prepare(call, problem_of_linear_gradient(call), false, p);
}

static bool run_linear_gradient(const kernel_call *call)
{
    gemm_operands o = operands_of(call);
    o.row_sums = call->out[1].data;
    return matmul_run(call->state, &o, call->scratch);
}

#define PRODUCT(name) .run = run_##name, .prepare = prepare_##name

const kernel_row cpu_linear_kernels[] = {
    { &op_matmul, { PRODUCT(matmul), .strided = true, .bf16_in = 3, .bf16_out = 1 } },
    { &op_linear, { PRODUCT(linear), .strided = true, .bf16_in = 3, .bf16_out = 1 } },
    { &op_linear_gelu, { PRODUCT(linear_gelu), .bf16_in = 3, .bf16_out = 3 } },
    { &op_matmul_gelu_gradient, { PRODUCT(matmul_gelu_gradient), .bf16_in = 7, .bf16_out = 1 } },
    { &op_linear_gradient, { PRODUCT(linear_gradient), .strided = true, .bf16_in = 3, .bf16_out = 1 } },
    { 0 },
};
