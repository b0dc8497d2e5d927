/* create.c - reference kernels of the ops that create. */
#include "backends/reference/reference.h"
#include "ops/create.h"

#define CREATE(name, element)                                                                                          \
    void reference_##name(const reference_call *c)                                                                     \
    {                                                                                                                  \
        const create_attributes *a = c->attributes;                                                                    \
        int64_t count = vt_shape_count(c->out_shape[0]);                                                               \
        for (int64_t i = 0; i < count; i++) set_element(c, 0, i, element);                                             \
    }

/* The random word of element i of the node's stream. */
static uint32_t word_of(const reference_call *c, int64_t i)
{
    uint32_t words[4];
    philox_block(c->bound->seed, c->bound->stream, (uint64_t)i / 4, words);
    return words[i % 4];
}

CREATE(full, c->out_dtype[0] == VT_I64 ? (double)a->whole : a->value)
CREATE(arange, arange_element(a, i))
CREATE(linspace, linspace_element(a, i))
CREATE(eye, i / a->shape.dim[1] == i % a->shape.dim[1])
CREATE(uniform, uniform_element(a, word_of(c, i)))
CREATE(bernoulli, bernoulli_element(a, word_of(c, i)))
CREATE(normal, normal_element(a, word_of(c, i)))
CREATE(truncated_normal, truncated_normal_element(a, word_of(c, i)))
