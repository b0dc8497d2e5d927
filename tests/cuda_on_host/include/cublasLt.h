/* cublasLt.h - cuBLASLt on the host, as far as the CUDA backend calls it: column-major products of f32 and bf16 in
 * strided batches, with a bias. It is as strict as the library: what that refuses is refused here, and what it leaves
 * to the caller (that addresses are aligned as was promised, and lie in the device's memory with all they stand for)
 * ends the program here. */
#ifndef VITRO_TESTS_CUBLASLT_H
#define VITRO_TESTS_CUBLASLT_H

#include "cuda_bf16.h"
#include "cuda_runtime.h"
#include <initializer_list>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utility>
#include <vector>

#define CUBLAS_VER_MAJOR 13

enum cublasStatus_t {
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_NOT_INITIALIZED = 1,
    CUBLAS_STATUS_ALLOC_FAILED = 3,
    CUBLAS_STATUS_INVALID_VALUE = 7,
    CUBLAS_STATUS_NOT_SUPPORTED = 15,
};
enum cudaDataType_t { CUDA_R_32F = 0, CUDA_R_16BF = 14 };
enum cublasComputeType_t { CUBLAS_COMPUTE_32F = 68, CUBLAS_COMPUTE_32F_FAST_TF32 = 77 };
enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1 };
enum cublasLtEpilogue_t { CUBLASLT_EPILOGUE_DEFAULT = 1, CUBLASLT_EPILOGUE_BIAS = 4 };
enum cublasLtReductionScheme_t { CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE = 2, CUBLASLT_REDUCTION_SCHEME_MASK = 7 };
enum cublasLtMatmulDescAttributes_t {
    CUBLASLT_MATMUL_DESC_TRANSA = 3,
    CUBLASLT_MATMUL_DESC_TRANSB = 4,
    CUBLASLT_MATMUL_DESC_EPILOGUE = 7,
    CUBLASLT_MATMUL_DESC_BIAS_POINTER = 8,
};
enum cublasLtMatrixLayoutAttribute_t {
    CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT = 5,
    CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET = 6,
};
enum cublasLtMatmulPreferenceAttributes_t {
    CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1,
    CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK = 3,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES = 6,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES = 7,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES = 8,
};

struct cublasLtContext {
    int device;
};
struct cublasLtMatmulDescOpaque_t {
    cublasComputeType_t compute_type;
    cublasOperation_t transpose_a, transpose_b;
    cublasLtEpilogue_t epilogue;
    const void *bias;
};
struct cublasLtMatrixLayoutOpaque_t {
    cudaDataType_t type;
    uint64_t rows, columns;
    int64_t leading, batch_stride;
    int32_t batch;
};
struct cublasLtMatmulPreferenceOpaque_t {
    size_t workspace;
    uint32_t schemes, alignment_a, alignment_b, alignment_c, alignment_d;
};
struct cublasLtMatmulAlgo_t {
    uint64_t data[8];
};
struct cublasLtMatmulHeuristicResult_t {
    cublasLtMatmulAlgo_t algo;
    size_t workspaceSize;
    cublasStatus_t state;
    float wavesCount;
    int reserved[4];
};
typedef cublasLtContext *cublasLtHandle_t;
typedef cublasLtMatmulDescOpaque_t *cublasLtMatmulDesc_t;
typedef cublasLtMatrixLayoutOpaque_t *cublasLtMatrixLayout_t;
typedef cublasLtMatmulPreferenceOpaque_t *cublasLtMatmulPreference_t;

/* -- Descriptors --------------------------------------------------------------------------------------------------- */

inline const char *cublasLtGetStatusString(cublasStatus_t status)
{
    switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "not initialized";
    case CUBLAS_STATUS_ALLOC_FAILED: return "the resource allocation failed";
    case CUBLAS_STATUS_INVALID_VALUE: return "an unsupported value or parameter was passed to the function";
    default: return "the functionality requested is not supported";
    }
}

inline cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    *handle = new cublasLtContext{};
    return CUBLAS_STATUS_SUCCESS;
}

inline cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *operation, cublasComputeType_t compute_type,
                                               cudaDataType_t scale_type)
{
    if (scale_type != CUDA_R_32F) return CUBLAS_STATUS_INVALID_VALUE;
    *operation =
        new cublasLtMatmulDescOpaque_t{ compute_type, CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, nullptr };
    return CUBLAS_STATUS_SUCCESS;
}

inline cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t operation)
{
    delete operation;
    return CUBLAS_STATUS_SUCCESS;
}

inline cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType_t type, uint64_t rows,
                                                 uint64_t columns, int64_t leading)
{
    *layout = new cublasLtMatrixLayoutOpaque_t{ type, rows, columns, leading, 0, 1 };
    return CUBLAS_STATUS_SUCCESS;
}

inline cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)
{
    delete layout;
    return CUBLAS_STATUS_SUCCESS;
}

inline cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference)
{
    *preference = new cublasLtMatmulPreferenceOpaque_t{ 0, CUBLASLT_REDUCTION_SCHEME_MASK, 256, 256, 256, 256 };
    return CUBLAS_STATUS_SUCCESS;
}

inline cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    delete preference;
    return CUBLAS_STATUS_SUCCESS;
}

namespace blas_on_host
{

/* An attribute is set from a value of its own size alone. */
template <class T> cublasStatus_t set(T *attribute, const void *value, size_t size)
{
    if (!value || size != sizeof *attribute) return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(attribute, value, size);
    return CUBLAS_STATUS_SUCCESS;
}

} // namespace blas_on_host

inline cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t operation,
                                                     cublasLtMatmulDescAttributes_t attribute, const void *value,
                                                     size_t size)
{
    using blas_on_host::set;
    switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA: return set(&operation->transpose_a, value, size);
    case CUBLASLT_MATMUL_DESC_TRANSB: return set(&operation->transpose_b, value, size);
    case CUBLASLT_MATMUL_DESC_EPILOGUE: return set(&operation->epilogue, value, size);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return set(&operation->bias, value, size);
    }
    return CUBLAS_STATUS_INVALID_VALUE;
}

inline cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                       cublasLtMatrixLayoutAttribute_t attribute, const void *value,
                                                       size_t size)
{
    using blas_on_host::set;
    switch (attribute) {
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT: return set(&layout->batch, value, size);
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET: return set(&layout->batch_stride, value, size);
    }
    return CUBLAS_STATUS_INVALID_VALUE;
}

inline cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                           cublasLtMatmulPreferenceAttributes_t attribute,
                                                           const void *value, size_t size)
{
    using blas_on_host::set;
    switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES: return set(&preference->workspace, value, size);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK: return set(&preference->schemes, value, size);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES: return set(&preference->alignment_a, value, size);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES: return set(&preference->alignment_b, value, size);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES: return set(&preference->alignment_c, value, size);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES: return set(&preference->alignment_d, value, size);
    }
    return CUBLAS_STATUS_INVALID_VALUE;
}

/* -- A product ----------------------------------------------------------------------------------------------------- */

namespace blas_on_host
{

/* D = A B + bias, described. */
struct product {
    cublasLtMatmulDescOpaque_t operation;
    cublasLtMatrixLayoutOpaque_t a, b, c, d;
};

struct sizes {
    uint64_t m, n, k;
};

inline sizes sizes_of(const product &p)
{
    return { p.d.rows, p.d.columns, p.operation.transpose_a ? p.a.rows : p.a.columns };
}

inline bool fits(const cublasLtMatrixLayoutOpaque_t &x, cublasOperation_t transpose, uint64_t rows, uint64_t columns)
{
    return transpose ? x.rows == columns && x.columns == rows : x.rows == rows && x.columns == columns;
}

inline bool is_layout(const cublasLtMatrixLayoutOpaque_t &x)
{
    bool known = x.type == CUDA_R_32F || x.type == CUDA_R_16BF;
    return known && x.rows > 0 && x.columns > 0 && x.leading >= (int64_t)x.rows && x.batch > 0 && x.batch_stride >= 0;
}

inline bool same_layout(const cublasLtMatrixLayoutOpaque_t &x, const cublasLtMatrixLayoutOpaque_t &y)
{
    return x.type == y.type && x.rows == y.rows && x.columns == y.columns && x.leading == y.leading &&
           x.batch == y.batch && x.batch_stride == y.batch_stride;
}

/* In bytes: what a product in another place, or of the batch, lies off by. */
inline int64_t element_size(cudaDataType_t type)
{
    return type == CUDA_R_32F ? 4 : 2;
}

inline cublasStatus_t check(const product &p)
{
    sizes s = sizes_of(p);
    for (const auto *x : { &p.a, &p.b, &p.c, &p.d })
        if (!is_layout(*x) || x->batch != p.d.batch) return CUBLAS_STATUS_INVALID_VALUE;
    if (!fits(p.a, p.operation.transpose_a, s.m, s.k) || !fits(p.b, p.operation.transpose_b, s.k, s.n) ||
        !same_layout(p.c, p.d))
        return CUBLAS_STATUS_INVALID_VALUE;
    bool overlaps = p.d.batch > 1 && p.d.batch_stride < p.d.leading * (int64_t)(p.d.columns - 1) + (int64_t)p.d.rows;
    if (overlaps) return CUBLAS_STATUS_INVALID_VALUE;
    bool has_types = p.a.type == p.b.type && (p.a.type == CUDA_R_16BF || p.d.type == CUDA_R_32F);
    bool has_compute_type = p.operation.compute_type == CUBLAS_COMPUTE_32F ||
                            (p.operation.compute_type == CUBLAS_COMPUTE_32F_FAST_TF32 && p.a.type == CUDA_R_32F);
    if (!has_types || !has_compute_type) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (p.operation.epilogue == CUBLASLT_EPILOGUE_DEFAULT) return CUBLAS_STATUS_SUCCESS;
    if (p.operation.epilogue != CUBLASLT_EPILOGUE_BIAS) return CUBLAS_STATUS_NOT_SUPPORTED;
    return p.operation.bias ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

/* -- Algorithms: each of as many as are asked for, up to a few, with another need for working memory. The first that
 * is proposed is one that cannot run, which its state alone says. -------------------------------------------------- */

enum { ALGORITHMS = 3, UNUSABLE = ALGORITHMS, MARK = 0x616c676f, WORKSPACE_ALIGNMENT = 256 };

/* How often each was queued, for tests of the choice among them; and whether any is proposed at all. */
inline int queued[ALGORITHMS];
inline bool proposes_none;

/* What an algorithm was proposed for, as a number: it serves no other product. */
inline uint64_t signature(const product &p)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    auto add = [&](uint64_t word) { hash = (hash ^ word) * 1099511628211u; };
    add((uint64_t)p.operation.compute_type << 8 | (uint64_t)p.operation.epilogue);
    add((uint64_t)p.operation.transpose_a << 1 | (uint64_t)p.operation.transpose_b);
    for (const auto *x : { &p.a, &p.b, &p.d })
        for (uint64_t word : { (uint64_t)x->type, x->rows, x->columns, (uint64_t)x->leading, (uint64_t)x->batch,
                               (uint64_t)x->batch_stride })
            add(word);
    return hash;
}

inline size_t workspace_of(int algorithm)
{
    return algorithm == 0 ? 0 : (size_t)1000 << algorithm;
}

inline cublasLtMatmulHeuristicResult_t propose(int algorithm, const product &p,
                                               const cublasLtMatmulPreferenceOpaque_t &preference)
{
    cublasLtMatmulHeuristicResult_t r = {};
    const uint64_t words[] = { MARK,
                               (uint64_t)algorithm,
                               signature(p),
                               preference.alignment_a,
                               preference.alignment_b,
                               preference.alignment_c,
                               preference.alignment_d };
    memcpy(r.algo.data, words, sizeof words);
    r.state = algorithm == UNUSABLE ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;
    r.workspaceSize = algorithm == UNUSABLE ? 0 : workspace_of(algorithm);
    return r;
}

} // namespace blas_on_host

inline cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                                                     cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                                     cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                                     cublasLtMatmulPreference_t preference, int wanted,
                                                     cublasLtMatmulHeuristicResult_t *results, int *count)
{
    using namespace blas_on_host;
    *count = 0;
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (wanted < 1) return CUBLAS_STATUS_INVALID_VALUE;
    const product p = { *operation, *a, *b, *c, *d };
    cublasStatus_t status = check(p);
    if (!status && proposes_none) status = CUBLAS_STATUS_NOT_SUPPORTED;
    if (status) return status;
    results[(*count)++] = propose(UNUSABLE, p, *preference);
    for (int i = 0; i < ALGORITHMS && *count < wanted; i++)
        if (workspace_of(i) <= preference->workspace) results[(*count)++] = propose(i, p, *preference);
    return CUBLAS_STATUS_SUCCESS;
}

/* -- Running ------------------------------------------------------------------------------------------------------- */

namespace blas_on_host
{

inline void require(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "cublasLtMatmul: %s\n", what);
    abort();
}

/* Bytes from the first element to behind the last. */
inline size_t span_of(const cublasLtMatrixLayoutOpaque_t &x)
{
    int64_t last = (x.batch - 1) * x.batch_stride + (int64_t)(x.columns - 1) * x.leading + (int64_t)x.rows;
    return (size_t)(last * element_size(x.type));
}

inline void require_matrix(const void *memory, const cublasLtMatrixLayoutOpaque_t &x, uint64_t alignment)
{
    require((uintptr_t)memory % alignment == 0, "an address is not aligned as the preference promised");
    require(on_host::is_on_device(memory, span_of(x)), "a matrix does not lie in the device's memory");
}

inline void require_apart(const void *x, size_t x_bytes, const void *y, size_t y_bytes)
{
    require((const char *)x + x_bytes <= (const char *)y || (const char *)y + y_bytes <= (const char *)x,
            "the result overlaps an operand");
}

inline float get(const void *memory, cudaDataType_t type, int64_t index)
{
    return type == CUDA_R_32F ? ((const float *)memory)[index] : (float)((const __nv_bfloat16 *)memory)[index];
}

/* The nearest number of ten bits behind the point. */
inline float tf32_of(float x)
{
    unsigned bits = __float_as_uint(x);
    return x - x == 0 ? __uint_as_float((bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu) : x;
}

struct operands {
    const void *a, *b;
    void *d;
};

inline void multiply(const product &p, const operands &o)
{
    sizes s = sizes_of(p);
    bool tf32 = p.operation.compute_type == CUBLAS_COMPUTE_32F_FAST_TF32;
    std::vector<float> a((size_t)(s.m * s.k)), b((size_t)(s.k * s.n));
    auto element = [&](const void *x, const cublasLtMatrixLayoutOpaque_t &l, bool turned, int64_t batch, uint64_t row,
                       uint64_t column) {
        if (turned) std::swap(row, column);
        float value = get(x, l.type, batch * l.batch_stride + (int64_t)row + (int64_t)column * l.leading);
        return tf32 ? tf32_of(value) : value;
    };
    for (int64_t batch = 0; batch < p.d.batch; batch++) {
        for (uint64_t i = 0; i < s.m; i++)
            for (uint64_t l = 0; l < s.k; l++) a[i * s.k + l] = element(o.a, p.a, p.operation.transpose_a, batch, i, l);
        for (uint64_t j = 0; j < s.n; j++)
            for (uint64_t l = 0; l < s.k; l++) b[j * s.k + l] = element(o.b, p.b, p.operation.transpose_b, batch, l, j);
        for (uint64_t j = 0; j < s.n; j++) {
            for (uint64_t i = 0; i < s.m; i++) {
                float sum = 0;
                for (uint64_t l = 0; l < s.k; l++) sum += a[i * s.k + l] * b[j * s.k + l];
                if (p.operation.epilogue == CUBLASLT_EPILOGUE_BIAS) sum += get(p.operation.bias, p.d.type, (int64_t)i);
                int64_t at = batch * p.d.batch_stride + (int64_t)i + (int64_t)j * p.d.leading;
                if (p.d.type == CUDA_R_32F)
                    ((float *)o.d)[at] = sum;
                else
                    ((__nv_bfloat16 *)o.d)[at] = sum;
            }
        }
    }
}

} // namespace blas_on_host

inline cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, const void *alpha,
                                     const void *a, cublasLtMatrixLayout_t a_layout, const void *b,
                                     cublasLtMatrixLayout_t b_layout, const void *beta, const void *c,
                                     cublasLtMatrixLayout_t c_layout, void *d, cublasLtMatrixLayout_t d_layout,
                                     const cublasLtMatmulAlgo_t *algo, void *workspace, size_t workspace_bytes,
                                     cudaStream_t stream)
{
    using namespace blas_on_host;
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    const product p = { *operation, *a_layout, *b_layout, *c_layout, *d_layout };
    cublasStatus_t status = check(p);
    if (status) return status;
    if (!algo || algo->data[0] != MARK || algo->data[2] != signature(p)) return CUBLAS_STATUS_INVALID_VALUE;
    require(algo->data[1] < ALGORITHMS, "the state of the algorithm says that it cannot run");
    size_t working = workspace_of((int)algo->data[1]);
    if (workspace_bytes < working) return CUBLAS_STATUS_INVALID_VALUE;
    require(*(const float *)alpha == 1 && *(const float *)beta == 0, "not written for other factors than 1 and 0");
    require(c == d, "not written for a C that is not D");
    require_matrix(a, p.a, algo->data[3]);
    require_matrix(b, p.b, algo->data[4]);
    require_matrix(c, p.c, algo->data[5]);
    require_matrix(d, p.d, algo->data[6]);
    require_apart(d, span_of(p.d), a, span_of(p.a));
    require_apart(d, span_of(p.d), b, span_of(p.b));
    if (p.operation.epilogue == CUBLASLT_EPILOGUE_BIAS) {
        require((uintptr_t)p.operation.bias % 16 == 0, "the bias is not 16-byte aligned");
        require(on_host::is_on_device(p.operation.bias, (size_t)((int64_t)p.d.rows * element_size(p.d.type))),
                "the bias does not lie in the device's memory");
    }
    require(working == 0 || (uintptr_t)workspace % WORKSPACE_ALIGNMENT == 0,
            "the working memory is not aligned to 256 bytes");
    require(working == 0 || on_host::is_on_device(workspace, working),
            "the working memory does not lie in the device's memory");
    queued[algo->data[1]]++;
    on_host::submit(stream, [=]() {
        if (working) memset(workspace, 0xff, working);
        multiply(p, { a, b, d });
    });
    return CUBLAS_STATUS_SUCCESS;
}

#endif
