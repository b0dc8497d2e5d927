/* measure.h - what a sample of an op gives on a device, in a precision: results, what it overwrites, gradients. */
#ifndef VITRO_TESTS_MEASURE_H
#define VITRO_TESTS_MEASURE_H

#include "cases/case.h"

typedef struct setting {
    const char *name, *device; /* NULL: the tested one */
    vt_dtype dtype;            /* the precision */
    bool permuted;             /* inputs lie in memory with their axes the other way round */
    bool decomposed, eager;
    bool zeros; /* many elements of float inputs whose range holds 0 are 0 or -0 */
    /* Two inputs, numbers from 1 on, that are one tensor, or two equal ones; 0: none. They hold what the second is. */
    int first, second;
    bool copies;
} setting;

/* What every result is held to. */
extern const setting oracle;

/* Makes it the context's. The random numbers begin anew. */
void use_setting(const setting *u);

typedef struct inputs {
    int count;
    vt_tensor tensor[MAX_SAMPLE_INPUTS]; /* inert where the sample has none */
} inputs;

/* The sample's inputs: the same values, which f32 holds exactly, in every dtype. */
inputs make_inputs(const op_sample *s, const setting *u);

/* Whether the two can be one tensor: of one kind and shape, and what the second holds is in the range of the first. */
bool may_be_one(const op_sample *s, int first, int second);

/* All of it as doubles. */
typedef struct result {
    vt_dtype dtype;
    vt_shape shape;
    double *data; /* the caller frees it; NULL with an error where there is none */
} result;

typedef result measure(const op_sample *s, const setting *u);

/* What the op returns. */
result measure_forward(const op_sample *s, const setting *u);
/* What an effect returns, and what its inputs hold afterwards, one after another. Of two equal inputs, both hold what
 * the one that is overwritten does: as if they were one tensor, which is read as it was before. */
result measure_effect(const op_sample *s, const setting *u);
/* The gradients of every float input, one after another, for a cotangent that depends on the shape alone. Of two equal
 * ones it is their sum, twice. */
result measure_gradient(const op_sample *s, const setting *u);

/* The inputs that the sample overwrites, a bit each. */
unsigned written_inputs(const op_sample *s, const setting *u);

/* Whether there is a float input, and a float result to differentiate. */
bool is_differentiable(const op_sample *s);

#endif
