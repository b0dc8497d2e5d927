/* peak.c - the best of a few large products and copies: what a profile is held to. */
#include "core/base/clock.h"
#include "backends/cpu/machine/peak.h"
#include "backends/cpu/backend.h"
#include "backends/cpu/kernels.h"
#include "core/run/profile.h"
#include "ops/linear.h"
#include <stdlib.h>
#include <string.h>

enum { SIZE = 1024, TRIES = 5 };

static double product_seconds(kernel_call *call, const kernel *k)
{
    preparation p = { 0 };
    double best = 0;
    bool ok = !k->prepare || k->prepare(call, &p);
    call->state = p.state;
    call->scratch = p.scratch ? aligned_alloc(64, (p.scratch + 63) / 64 * 64) : NULL;
    for (int i = 0; ok && (call->scratch || !p.scratch) && i < TRIES; i++) {
        double start = seconds_now();
        ok = k->run(call);
        double seconds = seconds_now() - start;
        if (ok && (best == 0 || seconds < best)) best = seconds;
    }
    free(call->scratch);
    if (p.discard) p.discard(p.state);
    return best;
}

static double copy_seconds(array *to, const array *from)
{
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        double start = seconds_now();
        array_copy(to, from);
        double seconds = seconds_now() - start;
        if (best == 0 || seconds < best) best = seconds;
    }
    return best;
}

device_peak measure_peak(void)
{
    enum { MATRIX = SIZE * SIZE, MATRICES = 8 };
    float *memory = aligned_alloc(64, (size_t)2 * MATRICES * MATRIX * sizeof *memory);
    device_peak peak = { 0 };
    const kernel *k = cpu_backend.kernel_of(&op_matmul);
    if (!memory) return peak;
    memset(memory, 0, (size_t)2 * MATRICES * MATRIX * sizeof *memory);
    array m[3];
    for (int i = 0; i < 3; i++) m[i] = array_contiguous(memory + i * MATRIX, VT_F32, VT_SHAPE(SIZE, SIZE));
    matmul_attributes attributes = { 0 };
    kernel_call call = {
        .op = &op_matmul, .attributes = &attributes, .inputs = 2, .outputs = 1, .in = m, .out = m + 2
    };
    double product = product_seconds(&call, k);
    array from = array_contiguous(memory, VT_F32, VT_SHAPE(MATRICES * SIZE, SIZE)), to = from;
    to.data = memory + MATRICES * MATRIX;
    double copy = copy_seconds(&to, &from);
    if (product > 0) peak.flops = 2.0 * SIZE * SIZE * SIZE / product;
    if (copy > 0) peak.bytes = 2.0 * MATRICES * MATRIX * sizeof *memory / copy;
    free(memory);
    return peak;
}
