/* test_cublaslt.cpp - that the cuBLASLt on the host refuses what the library refuses, and computes the rest. */
#include <criterion/criterion.h>
#include <cublasLt.h>
#include <signal.h>

/* D [m, n] = A [m, k] B [k, n], of which a test changes what it is about. */
struct sample {
    cublasLtHandle_t handle;
    cublasLtMatmulDesc_t operation;
    cublasLtMatrixLayout_t a, b, d;
    cublasLtMatmulPreference_t preference;
    cublasLtMatmulHeuristicResult_t results[4];
    float *memory;
    int count;
};

enum { M = 3, N = 5, K = 4, BEHIND = 64 };

static void make(sample *s)
{
    *s = {};
    uint32_t alignment = 16;
    size_t workspace = 1 << 20;
    cublasLtCreate(&s->handle);
    cublasLtMatmulDescCreate(&s->operation, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    cublasLtMatrixLayoutCreate(&s->a, CUDA_R_32F, M, K, M);
    cublasLtMatrixLayoutCreate(&s->b, CUDA_R_32F, K, N, K);
    cublasLtMatrixLayoutCreate(&s->d, CUDA_R_32F, M, N, M);
    cublasLtMatmulPreferenceCreate(&s->preference);
    const auto bytes = CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
    cr_assert(!cublasLtMatmulPreferenceSetAttribute(s->preference, bytes, &workspace, sizeof workspace));
    for (auto each : { CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                       CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES })
        cr_assert(!cublasLtMatmulPreferenceSetAttribute(s->preference, each, &alignment, sizeof alignment));
    cr_assert(!cudaMalloc((void **)&s->memory, 4 * BEHIND * sizeof(float)));
}

static void end(sample *s)
{
    cublasLtMatmulDescDestroy(s->operation);
    for (cublasLtMatrixLayout_t layout : { s->a, s->b, s->d }) cublasLtMatrixLayoutDestroy(layout);
    cublasLtMatmulPreferenceDestroy(s->preference);
    cudaFree(s->memory);
    delete s->handle;
}

static cublasStatus_t propose(sample *s)
{
    return cublasLtMatmulAlgoGetHeuristic(s->handle, s->operation, s->a, s->b, s->d, s->d, s->preference, 4, s->results,
                                          &s->count);
}

enum { UNUSABLE, WITHOUT_WORKSPACE, WITH_WORKSPACE, PROPOSALS = 4 };

static cublasStatus_t run(sample *s, int proposal, const float *a, void *workspace)
{
    const float one = 1, zero = 0, *b = s->memory + BEHIND;
    float *d = s->memory + 2 * BEHIND;
    return cublasLtMatmul(s->handle, s->operation, &one, a, s->a, b, s->b, &zero, d, s->d, d, s->d,
                          &s->results[proposal].algo, workspace, s->results[proposal].workspaceSize, nullptr);
}

static cublasStatus_t run_at(sample *s, const float *a)
{
    return run(s, WITHOUT_WORKSPACE, a, nullptr);
}

Test(cublaslt, computes)
{
    sample s;
    float a[BEHIND], b[BEHIND], d[M * N];
    make(&s);
    for (int i = 0; i < BEHIND; i++) {
        a[i] = (float)(i % 7);
        b[i] = (float)(i % 5);
    }
    cudaMemcpy(s.memory, a, sizeof a, cudaMemcpyHostToDevice);
    cudaMemcpy(s.memory + BEHIND, b, sizeof b, cudaMemcpyHostToDevice);
    cr_assert(!propose(&s) && s.count == PROPOSALS && !run_at(&s, s.memory));
    cudaMemcpy(d, s.memory + 2 * BEHIND, sizeof d, cudaMemcpyDeviceToHost);
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < N; j++) {
            float want = 0;
            for (int l = 0; l < K; l++) want += a[i + l * M] * b[l + j * K];
            cr_assert(d[i + j * M] == want, "row %d, column %d: %g", i, j, (double)d[i + j * M]);
        }
    }
    end(&s);
}

static void turn_a(sample *s)
{
    cublasOperation_t turned = CUBLAS_OP_T;
    cublasLtMatmulDescSetAttribute(s->operation, CUBLASLT_MATMUL_DESC_TRANSA, &turned, sizeof turned);
}

static void batch_a(sample *s)
{
    int32_t batch = 2;
    cublasLtMatrixLayoutSetAttribute(s->a, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, sizeof batch);
}

static void batch_all(sample *s)
{
    int32_t batch = 2;
    for (cublasLtMatrixLayout_t layout : { s->a, s->b, s->d })
        cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, sizeof batch);
}

static void ask_for_bias(sample *s)
{
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    cublasLtMatmulDescSetAttribute(s->operation, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue);
}

static void overlap_columns(sample *s)
{
    s->a->leading = M - 1;
}

static void mix_types(sample *s)
{
    s->a->type = CUDA_R_16BF;
}

static void empty(sample *s)
{
    s->a->columns = s->b->rows = 0;
}

Test(cublaslt, refuses_what_does_not_fit)
{
    void (*const changes[])(sample *) = { turn_a, batch_a, batch_all, ask_for_bias, overlap_columns, mix_types, empty };
    for (auto change : changes) {
        sample s;
        make(&s);
        change(&s);
        cublasStatus_t status = propose(&s);
        cr_assert(status != CUBLAS_STATUS_SUCCESS && s.count == 0, "change %d was taken", (int)(&change - changes));
        end(&s);
    }
}

Test(cublaslt, refuses_values_of_another_size)
{
    sample s;
    make(&s);
    int64_t wide = 0;
    cr_assert(cublasLtMatmulDescSetAttribute(s.operation, CUBLASLT_MATMUL_DESC_TRANSA, &wide, sizeof wide));
    cr_assert(cublasLtMatrixLayoutSetAttribute(s.a, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &wide, sizeof wide));
    end(&s);
}

Test(cublaslt, refuses_an_algorithm_of_another_product)
{
    sample s;
    make(&s);
    cr_assert(!propose(&s));
    s.b->leading = s.b->leading + 1;
    cr_assert(run_at(&s, s.memory) == CUBLAS_STATUS_INVALID_VALUE);
    end(&s);
}

Test(cublaslt, ends_where_an_address_is_not_aligned, .signal = SIGABRT)
{
    sample s;
    make(&s);
    cr_assert(!propose(&s));
    run_at(&s, s.memory + 1);
}

Test(cublaslt, ends_where_the_state_of_an_algorithm_is_an_error, .signal = SIGABRT)
{
    sample s;
    make(&s);
    cr_assert(!propose(&s) && s.results[UNUSABLE].state == CUBLAS_STATUS_NOT_SUPPORTED);
    run(&s, UNUSABLE, s.memory, nullptr);
}

static void run_with_workspace(size_t offset)
{
    sample s;
    char *workspace;
    make(&s);
    cr_assert(!propose(&s) && !cudaMalloc((void **)&workspace, offset + s.results[WITH_WORKSPACE].workspaceSize));
    cr_assert(!run(&s, WITH_WORKSPACE, s.memory, workspace + offset));
    cudaFree(workspace);
    end(&s);
}

Test(cublaslt, takes_a_workspace_at_a_multiple_of_256_bytes)
{
    run_with_workspace(256);
}

Test(cublaslt, ends_where_a_workspace_is_at_a_multiple_of_128_bytes, .signal = SIGABRT)
{
    run_with_workspace(128);
}

Test(cublaslt, ends_where_memory_is_the_hosts, .signal = SIGABRT)
{
    alignas(16) static float host[BEHIND];
    sample s;
    make(&s);
    cr_assert(!propose(&s));
    run_at(&s, host);
}

Test(cublaslt, ends_where_a_matrix_is_too_long, .signal = SIGABRT)
{
    sample s;
    make(&s);
    s.a->leading = 4 * BEHIND;
    cr_assert(!propose(&s));
    run_at(&s, s.memory);
}
