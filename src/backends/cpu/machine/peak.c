/* peak.c - the best of a few rounds of multiply-adds, and of large copies: what a profile is held to. */
#include "backends/cpu/machine/peak.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/level.h"
#include "core/base/clock.h"
#include <stdlib.h>
#include <string.h>

enum { TRIES = 5 };

static double multiply_add_flops(void)
{
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        double start = seconds_now(), flops = level_kernels()->multiply_add();
        double speed = flops / (seconds_now() - start);
        if (speed > best) best = speed;
    }
    return best;
}

/* Of elements, from one half of the memory to the other. */
static double copied_bytes(float *memory, int64_t count)
{
    array from = array_contiguous(memory, VT_F32, VT_SHAPE(count)), to = from;
    double best = 0, bytes = 2 * (double)count * sizeof *memory;
    to.data = memory + count;
    for (int i = 0; i < TRIES; i++) {
        double start = seconds_now();
        array_copy(&to, &from);
        double speed = bytes / (seconds_now() - start);
        if (speed > best) best = speed;
    }
    return best;
}

device_peak measure_peak(void)
{
    enum { COUNT = 1 << 23 };
    float *memory = aligned_alloc(64, 2 * COUNT * sizeof *memory);
    if (!memory) return (device_peak){ 0 };
    memset(memory, 0, 2 * COUNT * sizeof *memory);
    device_peak peak = { multiply_add_flops(), copied_bytes(memory, COUNT) };
    free(memory);
    return peak;
}
