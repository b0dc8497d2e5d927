/* blas.cu - cuBLASLt's view of a product, its proposals, and the choice among them. */
#include "backends/cuda/product/blas.h"
#include "backends/cuda/product/blas_library.h"
#include "backends/cuda/machine/choose.h"

extern "C" {
#include "core/base/log.h"
}
#include <stdio.h>
#include <stdlib.h>

enum { ALIGNMENT = 16, PROPOSALS = 8 };
static const size_t MOST_WORKSPACE = (size_t)32 << 20;

/* What is to be chosen for. */
typedef struct choice_key {
    gemm_problem problem;
    int64_t compute_type;
} choice_key;

struct blas_product {
    choice_key key;
    int64_t calls;
    int axis; /* of the batch, that one call steps along; -1: none */
    cublasLtMatmulDesc_t operation;
    cublasLtMatrixLayout_t a, b, y;
    cublasLtMatmulHeuristicResult_t proposals[PROPOSALS];
    int count; /* one: it is decided on */
};

static bool refused(const blas_library *library, cublasStatus_t status, const char *call)
{
    return raise_error(status == CUBLAS_STATUS_ALLOC_FAILED ? VT_ERROR_MEMORY : VT_ERROR_UNSUPPORTED, vt_site{},
                       "device cuda: %s: %s", call, library->GetStatusString(status));
}

/* -- Matrices ------------------------------------------------------------------------------------------------------
 * The library's matrices are contiguous along their columns, ours along their rows: to it each is its own transpose,
 * and y = a b is y' = b' a'. */

typedef struct matrix {
    int64_t rows, columns, leading; /* as the library sees it */
    bool turned;                    /* it is to be transposed by the library */
} matrix;

/* False where neither axis is contiguous, or rows overlap. The stride of an extent of 1 is free. */
static bool see_matrix(int64_t rows, int64_t columns, int64_t row, int64_t column, matrix *m)
{
    if (rows > 1 && row == 1 && (columns == 1 || column >= rows)) {
        *m = { rows, columns, columns == 1 ? rows : column, true };
        return true;
    }
    if ((columns == 1 || column == 1) && (rows == 1 || row >= columns)) {
        *m = { columns, rows, rows == 1 ? columns : row, false };
        return true;
    }
    *m = { 1, columns, column, true };
    return rows == 1 && column > 0;
}

static bool see_operands(const gemm_problem *p, matrix *a, matrix *b)
{
    return see_matrix(p->m, p->k, p->a_row, p->a_column, a) && see_matrix(p->k, p->n, p->b_row, p->b_column, b);
}

static int longest_axis(const gemm_problem *p)
{
    int longest = -1;
    for (int i = 0; i < p->batch_rank; i++)
        if (longest < 0 || p->batch[i] > p->batch[longest]) longest = i;
    return longest;
}

static int64_t y_stride(const gemm_problem *p, int axis)
{
    int64_t stride = p->m * p->n;
    for (int i = axis + 1; i < p->batch_rank; i++) stride *= p->batch[i];
    return stride;
}

int64_t blas_calls(const gemm_problem *p)
{
    matrix a, b;
    if (!see_operands(p, &a, &b)) return 0;
    int64_t calls = 1;
    for (int i = 0; i < p->batch_rank; i++) {
        if (p->a_batch[i] < 0 || p->b_batch[i] < 0) return 0;
        if (i != longest_axis(p)) calls *= p->batch[i];
    }
    return calls;
}

/* -- Description --------------------------------------------------------------------------------------------------- */

static cudaDataType_t type_of(int64_t dtype)
{
    return dtype == VT_BF16 ? CUDA_R_16BF : CUDA_R_32F;
}

/* f32 is what it says, unless VT_TF32=1 asks for products of numbers with ten bits behind the point, which are several
 * times faster. */
static cublasComputeType_t compute_type_of(const gemm_problem *p)
{
    const char *tf32 = getenv("VT_TF32");
    return p->in_dtype == VT_F32 && tf32 && tf32[0] == '1' ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

static cublasStatus_t make_layout(const blas_library *library, int64_t dtype, const matrix *m, int64_t batch,
                                  int64_t stride, cublasLtMatrixLayout_t *layout)
{
    int32_t count = (int32_t)batch;
    cublasStatus_t status =
        library->MatrixLayoutCreate(layout, type_of(dtype), (uint64_t)m->rows, (uint64_t)m->columns, m->leading);
    if (!status)
        status = library->MatrixLayoutSetAttribute(*layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count);
    if (!status)
        status = library->MatrixLayoutSetAttribute(*layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride,
                                                   sizeof stride);
    return status;
}

static cublasStatus_t make_layouts(const blas_library *library, blas_product *product)
{
    const gemm_problem *p = &product->key.problem;
    int axis = product->axis;
    int64_t batch = axis < 0 ? 1 : p->batch[axis];
    matrix a, b, y = { p->n, p->m, p->n, false };
    see_operands(p, &a, &b);
    cublasStatus_t status = make_layout(library, p->in_dtype, &a, batch, axis < 0 ? 0 : p->a_batch[axis], &product->a);
    if (!status) status = make_layout(library, p->in_dtype, &b, batch, axis < 0 ? 0 : p->b_batch[axis], &product->b);
    if (!status) status = make_layout(library, p->y_dtype, &y, batch, axis < 0 ? 0 : y_stride(p, axis), &product->y);
    return status;
}

static cublasStatus_t set_operation(const blas_library *library, blas_product *product,
                                    cublasLtMatmulDescAttributes_t attribute, const void *value, size_t size)
{
    return library->MatmulDescSetAttribute(product->operation, attribute, value, size);
}

/* The bias has no address yet: proposals are asked for one that is aligned as it will be. */
static cublasStatus_t make_operation(const blas_library *library, blas_product *product)
{
    const gemm_problem *p = &product->key.problem;
    matrix a, b;
    see_operands(p, &a, &b);
    cublasOperation_t turn_b = b.turned ? CUBLAS_OP_T : CUBLAS_OP_N, turn_a = a.turned ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    const void *bias = (const void *)(uintptr_t)ALIGNMENT;
    cublasStatus_t status =
        library->MatmulDescCreate(&product->operation, (cublasComputeType_t)product->key.compute_type, CUDA_R_32F);
    if (!status) status = set_operation(library, product, CUBLASLT_MATMUL_DESC_TRANSA, &turn_b, sizeof turn_b);
    if (!status) status = set_operation(library, product, CUBLASLT_MATMUL_DESC_TRANSB, &turn_a, sizeof turn_a);
    if (!status && p->has_bias)
        status = set_operation(library, product, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue);
    if (!status && p->has_bias)
        status = set_operation(library, product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias);
    return status;
}

/* -- Proposals ----------------------------------------------------------------------------------------------------- */

/* Bytes that every address of an operand is a multiple of, where calls begin at steps of these strides. */
static uint32_t alignment_of(const blas_product *product, const int64_t *stride, int64_t dtype)
{
    const gemm_problem *p = &product->key.problem;
    uint32_t alignment = ALIGNMENT;
    for (int i = 0; i < p->batch_rank; i++)
        while (i != product->axis && stride[i] * (int64_t)vt_dtype_size((vt_dtype)dtype) % alignment) alignment /= 2;
    return alignment;
}

/* Partial sums are kept in f32, whatever y is. */
static cublasStatus_t prefer(const blas_library *library, const blas_product *product,
                             cublasLtMatmulPreference_t preference)
{
    const gemm_problem *p = &product->key.problem;
    int64_t y_batch[VT_MAX_RANK];
    for (int i = 0; i < p->batch_rank; i++) y_batch[i] = y_stride(p, i);
    uint32_t a = alignment_of(product, p->a_batch, p->in_dtype), b = alignment_of(product, p->b_batch, p->in_dtype);
    uint32_t y = alignment_of(product, y_batch, p->y_dtype), sums = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    const struct {
        cublasLtMatmulPreferenceAttributes_t attribute;
        const void *value;
        size_t size;
    } wanted[] = {
        { CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &MOST_WORKSPACE, sizeof MOST_WORKSPACE },
        { CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &sums, sizeof sums },
        { CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &b, sizeof b },
        { CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &a, sizeof a },
        { CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &y, sizeof y },
        { CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &y, sizeof y },
    };
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
    for (const auto &w : wanted)
        if (!status) status = library->MatmulPreferenceSetAttribute(preference, w.attribute, w.value, w.size);
    return status;
}

/* The library may propose what cannot run, which its state alone says. Returns how many are left. */
static int drop_unusable(cublasLtMatmulHeuristicResult_t *proposals, int count)
{
    int left = 0;
    for (int i = 0; i < count; i++)
        if (proposals[i].state == CUBLAS_STATUS_SUCCESS) proposals[left++] = proposals[i];
    return left;
}

/* None, without an error, where the library does not support the product. */
static bool ask_for_proposals(const blas_library *library, blas_product *product)
{
    cublasLtMatmulPreference_t preference = NULL;
    cublasStatus_t status = library->MatmulPreferenceCreate(&preference);
    if (!status) status = prefer(library, product, preference);
    if (status) {
        if (preference) library->MatmulPreferenceDestroy(preference);
        return refused(library, status, "cublasLtMatmulPreferenceSetAttribute");
    }
    status = library->MatmulAlgoGetHeuristic(library->handle, product->operation, product->b, product->a, product->y,
                                             product->y, preference, PROPOSALS, product->proposals, &product->count);
    library->MatmulPreferenceDestroy(preference);
    if (status) {
        log_line("tune", "cuBLASLt has nothing for a product of %lld x %lld x %lld: %s",
                 (long long)product->key.problem.m, (long long)product->key.problem.n,
                 (long long)product->key.problem.k, library->GetStatusString(status));
        product->count = 0;
    }
    product->count = drop_unusable(product->proposals, product->count);
    if (timing_is_off() && product->count > 1) product->count = 1;
    return true;
}

/* -- Queueing ------------------------------------------------------------------------------------------------------ */

/* The operands of call number `call`. */
static gemm_operands operands_of(const blas_product *product, const gemm_operands *o, int64_t call)
{
    const gemm_problem *p = &product->key.problem;
    int64_t in_size = (int64_t)vt_dtype_size((vt_dtype)p->in_dtype),
            y_size = (int64_t)vt_dtype_size((vt_dtype)p->y_dtype);
    int64_t a = 0, b = 0, y = 0;
    for (int i = (int)p->batch_rank - 1; i >= 0; i--) {
        if (i == product->axis) continue;
        int64_t place = call % p->batch[i];
        call /= p->batch[i];
        a += place * p->a_batch[i];
        b += place * p->b_batch[i];
        y += place * y_stride(p, i);
    }
    return { (const char *)o->a + a * in_size, (const char *)o->b + b * in_size, o->bias, (char *)o->y + y * y_size };
}

static cublasStatus_t queue(const blas_library *library, const blas_product *product, int number,
                            const gemm_operands *o, void *scratch)
{
    const float one = 1, zero = 0;
    const cublasLtMatmulHeuristicResult_t *proposal = &product->proposals[number];
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
    for (int64_t call = 0; call < product->calls && !status; call++) {
        gemm_operands now = operands_of(product, o, call);
        status = library->Matmul(library->handle, product->operation, &one, now.b, product->b, now.a, product->a, &zero,
                                 now.y, product->y, now.y, product->y, &proposal->algo, scratch,
                                 proposal->workspaceSize, compute_stream());
    }
    return status;
}

/* -- The choice ---------------------------------------------------------------------------------------------------- */

/* A product, and once it runs, what with. */
typedef struct trial {
    const blas_library *library;
    const blas_product *product;
    const gemm_operands *o;
    void *scratch;
} trial;

static const char *queue_proposal(int number, const void *context)
{
    const trial *t = (const trial *)context;
    cublasStatus_t status = queue(t->library, t->product, number, t->o, t->scratch);
    return status ? t->library->GetStatusString(status) : NULL;
}

/* The library says of an algorithm's words that they may be kept, and mean the same to the same version. */
static void describe_proposal(int number, const void *context, char (&text)[MAX_ANSWER])
{
    int length = 0;
    for (uint64_t word : ((const trial *)context)->product->proposals[number].algo.data)
        length +=
            snprintf(text + length, sizeof text - (size_t)length, length ? "-%llx" : "%llx", (unsigned long long)word);
}

static choice choice_of(const trial *t)
{
    const blas_product *product = t->product;
    return { .problem = "product",
             .key = &product->key,
             .key_size = sizeof product->key,
             .candidates = product->count,
             .describe = describe_proposal,
             .queue = queue_proposal,
             .context = t };
}

static void decide(blas_product *product, int number)
{
    product->proposals[0] = product->proposals[number];
    product->count = 1;
}

static void decide_if_known(const blas_library *library, blas_product *product)
{
    const trial t = { library, product, NULL, NULL };
    const choice c = choice_of(&t);
    int known = product->count > 1 ? recall_choice(&c) : UNDECIDED;
    if (known != UNDECIDED) decide(product, known);
}

static void decide_by_trial(const blas_library *library, blas_product *product, const gemm_operands *o, void *scratch)
{
    const trial t = { library, product, o, scratch };
    const choice c = choice_of(&t);
    decide(product, choose(&c));
}

/* -- Preparing ----------------------------------------------------------------------------------------------------- */

void blas_discard(blas_product *product)
{
    if (!product) return;
    const blas_library *library = blas_load();
    if (product->operation) library->MatmulDescDestroy(product->operation);
    const cublasLtMatrixLayout_t layouts[] = { product->a, product->b, product->y };
    for (cublasLtMatrixLayout_t layout : layouts)
        if (layout) library->MatrixLayoutDestroy(layout);
    free(product);
}

static bool describe(const blas_library *library, blas_product *product)
{
    cublasStatus_t status = make_operation(library, product);
    if (status) return refused(library, status, "cublasLtMatmulDescCreate");
    status = make_layouts(library, product);
    if (status) return refused(library, status, "cublasLtMatrixLayoutCreate");
    if (!ask_for_proposals(library, product)) return false;
    decide_if_known(library, product);
    return true;
}

bool blas_prepare(const gemm_problem *p, blas_product **out)
{
    *out = NULL;
    int64_t calls = blas_calls(p);
    if (calls == 0) return true;
    const blas_library *library = blas_load();
    if (!library) return false;
    blas_product *product = (blas_product *)calloc(1, sizeof *product);
    if (!product) return raise_error(VT_ERROR_MEMORY, vt_site{}, "out of memory to prepare a matrix product");
    product->key.problem = *p;
    product->key.compute_type = compute_type_of(p);
    product->calls = calls;
    product->axis = longest_axis(p);
    bool ok = describe(library, product);
    if (ok && product->count > 0)
        *out = product;
    else
        blas_discard(product);
    return ok;
}

size_t blas_scratch(const blas_product *product)
{
    size_t most = 0;
    for (int i = 0; i < product->count; i++)
        if (product->proposals[i].workspaceSize > most) most = product->proposals[i].workspaceSize;
    return most;
}

bool blas_takes(const gemm_operands *o)
{
    return ((uintptr_t)o->a | (uintptr_t)o->b | (uintptr_t)o->bias | (uintptr_t)o->y) % ALIGNMENT == 0;
}

/* -- Running ------------------------------------------------------------------------------------------------------- */

bool blas_run(blas_product *product, const gemm_operands *o, void *scratch)
{
    const blas_library *library = blas_load();
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
    if (!is_for_library(scratch, "cuBLASLt")) return false;
    if (product->key.problem.has_bias)
        status = set_operation(library, product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &o->bias, sizeof o->bias);
    if (!status && product->count > 1 && !is_capturing()) decide_by_trial(library, product, o, scratch);
    if (!status) status = queue(library, product, 0, o, scratch);
    return status ? refused(library, status, "cublasLtMatmul") : true;
}
