/* create.c - reference kernels of the ops that create. */
#include "backends/reference/reference.h"
#include "core/normal_quantile.h"
#include "core/philox.h"
#include "ops/create.h"

void reference_full(const reference_call *c)
{
    const create_attributes *a = c->attributes;
    int64_t count = vt_shape_count(c->out_shape[0]);
    for (int64_t i = 0; i < count; i++) c->out[0][i] = a->value;
}

/* The random word of element i of the node's stream. */
static uint32_t word_of(const reference_call *c, int64_t i)
{
    uint32_t words[4];
    philox_block(c->bound->seed, c->bound->stream, (uint64_t)i / 4, words);
    return words[i % 4];
}

void reference_uniform(const reference_call *c)
{
    const create_attributes *a = c->attributes;
    int64_t count = vt_shape_count(c->out_shape[0]);
    for (int64_t i = 0; i < count; i++) c->out[0][i] = a->scale * (double)philox_uniform(word_of(c, i)) + a->shift;
}

/* Φ⁻¹ of a number uniform in (low, high). */
static void quantiles(const reference_call *c, double low, double high)
{
    const create_attributes *a = c->attributes;
    int64_t count = vt_shape_count(c->out_shape[0]);
    for (int64_t i = 0; i < count; i++) {
        double u = ((double)word_of(c, i) + 0.5) * 0x1p-32;
        c->out[0][i] = a->scale * normal_quantile(low + (high - low) * u) + a->shift;
    }
}

void reference_normal(const reference_call *c)
{
    quantiles(c, 0, 1);
}

void reference_truncated_normal(const reference_call *c)
{
    const double below = 0.022750131948179207; /* Φ(-2) */
    quantiles(c, below, 1 - below);
}
