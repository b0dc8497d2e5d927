/* dropout.c - random masks, drawn again wherever they are needed. */
#include "backends/cpu/vector/integers.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/elementwise/random.h"
#include "core/base/philox.h"
#include "ops/elementwise.h"

/* Elements that are worth more than one thread. */
enum { PARALLEL_COUNT = 32768 };

#define MASK(real, name)                                                                                               \
    static void mask_##name(const uint32_t *words, uint32_t threshold, double scale, int64_t n, const real *x,         \
                            real *out)                                                                                 \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++) out[i] = words[i] >> 8 >= threshold ? x[i] * (real)scale : 0;                  \
    }
MASK(float, f32)
MASK(double, f64)

static bool dropout(const kernel_call *call)
{
    double p = ((const dropout_attributes *)call->attributes)->p, scale = 1 / (1 - p);
    const array *x = &call->in[0];
    array *out = &call->out[0];
    int64_t count = vt_shape_count(out->shape);
    uint32_t threshold = least_kept(p);
#pragma omp parallel for if (count >= PARALLEL_COUNT)
    for (int64_t first = 0; first < count; first += RANDOM_WORDS) {
        uint32_t words[RANDOM_WORDS];
        int64_t n = least(count - first, RANDOM_WORDS);
        random_words(call->bound->seed, call->bound->stream, first, words);
        if (out->dtype == VT_F32)
            mask_f32(words, threshold, scale, n, (const float *)x->data + first, (float *)out->data + first);
        else
            mask_f64(words, threshold, scale, n, (const double *)x->data + first, (double *)out->data + first);
    }
    return true;
}

static bool is_kept(const bound *b, int64_t sample, uint32_t threshold)
{
    uint32_t words[4];
    philox_block(b->seed, b->stream, (uint64_t)sample / 4, words);
    return words[sample % 4] >> 8 >= threshold;
}

#define SCALE(real, name)                                                                                              \
    static void scale_##name(bool keep, double scale, int64_t n, const real *x, real *out)                             \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++) out[i] = keep ? x[i] * (real)scale : 0;                                        \
    }
SCALE(float, f32)
SCALE(double, f64)

static bool drop_path(const kernel_call *call)
{
    double p = ((const dropout_attributes *)call->attributes)->p, scale = 1 / (1 - p);
    const array *x = &call->in[0];
    array *out = &call->out[0];
    int64_t count = vt_shape_count(out->shape);
    if (count == 0) return true; /* however many empty samples there are */
    int64_t samples = out->shape.dim[0], size = count / samples;
    uint32_t threshold = least_kept(p);
#pragma omp parallel for if (count >= PARALLEL_COUNT)
    for (int64_t s = 0; s < samples; s++) {
        bool keep = is_kept(call->bound, s, threshold);
        if (out->dtype == VT_F32)
            scale_f32(keep, scale, size, (const float *)x->data + s * size, (float *)out->data + s * size);
        else
            scale_f64(keep, scale, size, (const double *)x->data + s * size, (double *)out->data + s * size);
    }
    return true;
}

const kernel_row cpu_dropout_kernels[] = {
    { &op_dropout, { .run = dropout } },
    { &op_drop_path, { .run = drop_path } },
    { 0 },
};
