/* peak.cu - the best of a few large products and copies: what a profile is held to. */
#include "backends/cuda/kernels.h"
#include "backends/cuda/product/matmul.h"

enum { TRIES = 5, ROWS_EACH = 64 };

/* Seconds between two marks in the queue; 0 where that is not known. */
typedef struct stopwatch {
    cudaEvent_t start, end;
} stopwatch;

static bool stopwatch_begin(const stopwatch *w)
{
    return cudaEventRecord(w->start, compute_stream()) == cudaSuccess;
}

static double stopwatch_end(const stopwatch *w)
{
    float milliseconds = 0;
    bool ok = cudaEventRecord(w->end, compute_stream()) == cudaSuccess && cudaEventSynchronize(w->end) == cudaSuccess &&
              cudaEventElapsedTime(&milliseconds, w->start, w->end) == cudaSuccess;
    return ok ? 1e-3 * (double)milliseconds : 0;
}

static void keep_best(double *best, double seconds)
{
    if (seconds > 0 && (*best == 0 || seconds < *best)) *best = seconds;
}

static double product_seconds(const stopwatch *w, int64_t size, const gemm_operands *o)
{
    gemm_problem p = { .m = size, .n = size, .k = size, .a_row = size, .a_column = 1, .b_row = size, .b_column = 1 };
    p.in_dtype = p.y_dtype = VT_F32;
    matmul *m = matmul_prepare(&p);
    void *scratch = NULL;
    double best = 0;
    bool ok = m && cudaMalloc(&scratch, matmul_scratch(m) + 1) == cudaSuccess;
    for (int i = 0; ok && i < TRIES; i++) {
        ok = matmul_run(m, o, scratch) && stopwatch_begin(w) && matmul_run(m, o, scratch);
        if (ok) keep_best(&best, stopwatch_end(w));
    }
    cudaFree(scratch);
    matmul_discard(m);
    return best;
}

static double copy_seconds(const stopwatch *w, void *to, const void *from, size_t bytes)
{
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        bool ok = stopwatch_begin(w) &&
                  cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, compute_stream()) == cudaSuccess;
        if (ok) keep_best(&best, stopwatch_end(w));
    }
    return best;
}

/* Matrices whose tiles keep every multiprocessor busy for a while. */
device_peak cuda_measure_peak()
{
    int64_t size = (int64_t)ROWS_EACH * multiprocessors();
    size_t bytes = (size_t)(size * size) * sizeof(float);
    char *memory = NULL;
    stopwatch w = {};
    device_peak peak = {};
    bool ok = cudaMalloc((void **)&memory, 3 * bytes) == cudaSuccess &&
              cudaEventCreateWithFlags(&w.start, cudaEventDefault) == cudaSuccess &&
              cudaEventCreateWithFlags(&w.end, cudaEventDefault) == cudaSuccess &&
              cudaMemsetAsync(memory, 0x3d, 3 * bytes, compute_stream()) == cudaSuccess;
    if (ok) {
        const gemm_operands o = { memory, memory + bytes, NULL, memory + 2 * bytes };
        double product = product_seconds(&w, size, &o), copy = copy_seconds(&w, memory, memory + bytes, bytes);
        if (product > 0) peak.flops = 2.0 * (double)size * (double)size * (double)size / product;
        if (copy > 0) peak.bytes = 2.0 * (double)bytes / copy;
    }
    if (w.start) cudaEventDestroy(w.start);
    if (w.end) cudaEventDestroy(w.end);
    cudaFree(memory);
    cudaGetLastError(); /* what is not known is 0 */
    return peak;
}
