/* computed_weights.h - weights and pictures that the tests and the originals in PyTorch both compute, so that none are
 * stored: tests/pytorch/make_zoo_fixtures.py says how. */
#ifndef VITRO_TESTS_COMPUTED_WEIGHTS_H
#define VITRO_TESTS_COMPUTED_WEIGHTS_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

static inline uint32_t crc32_of(const char *text)
{
    uint32_t crc = 0xffffffff;
    for (; *text; text++) {
        crc ^= (unsigned char)*text;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* In [-0.5, 0.5) */
static inline double noise(uint32_t crc, int64_t i)
{
    uint32_t h = crc + 2654435761U * (uint32_t)i;
    h ^= h >> 16;
    h *= 73244475U;
    h ^= h >> 16;
    return h / 0x1p32 - 0.5;
}

static inline bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);
    return n >= k && strcmp(name + n - k, end) == 0;
}

static inline vt_tensor tensor_of(const double *values, vt_shape shape)
{
    vt_tensor x = vt_from_data(values, shape, VT_F64);
    return vt_precision() == VT_F64 ? x : vt_cast(x, VT_F32);
}

/* [center - spread / 2, center + spread / 2), of the context's precision */
static inline vt_tensor made_of(const char *name, vt_shape shape, double center, double spread)
{
    int64_t count = vt_shape_count(shape);
    double *values = malloc((size_t)(count + 1) * sizeof *values);
    cr_assert(values);
    for (int64_t i = 0; i < count; i++) values[i] = center + spread * noise(crc32_of(name), i);
    vt_tensor x = tensor_of(values, shape);
    free(values);
    return x;
}

static inline vt_tensor weights_of(const char *name, vt_shape shape)
{
    bool row = shape.rank == 1, centered = row && (ends_in(name, "weight") || ends_in(name, "gamma"));
    double fan_in = row ? 1 : (double)(vt_shape_count(shape) / shape.dim[0]);
    double spread = row ? 0.5 : exp2(1 - nearbyint(log2(sqrt(fan_in))));
    return made_of(name, shape, centered || ends_in(name, "running_var") ? 1 : 0, spread);
}

static inline void set_weights(const vt_model *model)
{
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_named_tensor e = vt_model_entry(model, i);
        VT_SCOPE;
        if (vt_dtype_of(e.tensor) != VT_I64) vt_assign(e.tensor, weights_of(e.name, vt_shape_of(e.tensor)));
    }
}

#endif
