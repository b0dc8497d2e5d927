/* case.h - how the samples of an op are written. tests/test_ops.c runs every sample of every op.
 *
 *     static vt_tensor strided(const vt_tensor *in)
 *     {
 *         return vt_conv2d(in[0], in[1], .stride = 2);
 *     }
 *
 *     CASE(conv2d) = {
 *         { "stride 2", strided, { FLOATS(-1, 1, 2, 3, 8, 8), FLOATS(-1, 1, 4, 3, 3, 3) }, .terms = 27 },
 *         { "channels that differ", strided, { FLOATS(-1, 1, 2, 4, 8, 8), FLOATS(-1, 1, 4, 3, 3, 3) },
 *           .refused = "x [2, 4, 8, 8] has 4 channels" },
 *         { 0 },
 *     };
 */
#ifndef VITRO_TESTS_CASE_H
#define VITRO_TESTS_CASE_H

#include <vitro/vitro.h>

enum { MAX_SAMPLE_INPUTS = 8 };

typedef enum input_kind {
    INPUT_END,
    INPUT_FLOATS,   /* uniform in [low, high); f32 or f64 as the test goes */
    INPUT_DISTINCT, /* floats at least 0.1 apart, shuffled: no ties, and none is made by a small step */
    INPUT_INTEGERS, /* i64, uniform in [low, high) */
    INPUT_BOOLS,
    INPUT_ABSENT, /* the inert handle: an optional argument left out */
} input_kind;

typedef struct sample_input {
    input_kind kind;
    double low, high;
    vt_shape shape;
} sample_input;

typedef struct op_sample {
    const char *name;
    vt_tensor (*function)(const vt_tensor *in); /* the op, called as a user would; one output */
    sample_input in[MAX_SAMPLE_INPUTS];
    const char *refused;  /* part of the message where the sample must be refused */
    double terms;         /* the length K of the longest sum in it; 0: 1 */
    double tolerance;     /* c in c * eps * sqrt(K) * scale; 0: 8. A larger one says why beside it */
    bool no_second_order; /* the op documents that its gradient is not differentiable */
    bool no_gradcheck;    /* too large for one: central differences take two runs an element */
    bool not_finite;      /* a result has NaN or infinity, which eager mode would stop at */
    bool in_turn;         /* it overwrites in several ops, of which later ones see what earlier ones wrote */
    bool one_layout;      /* the op may give other results for other strides: say why */
} op_sample;

#define CASE(name) const op_sample case_##name[]

#define SAMPLE_SHAPE_(...)                                                                                             \
    {                                                                                                                  \
        (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)),                                                   \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define FLOATS(low, high, ...)                                                                                         \
    {                                                                                                                  \
        INPUT_FLOATS, low, high, SAMPLE_SHAPE_(__VA_ARGS__)                                                            \
    }
#define DISTINCT(...)                                                                                                  \
    {                                                                                                                  \
        INPUT_DISTINCT, 0, 0, SAMPLE_SHAPE_(__VA_ARGS__)                                                               \
    }
#define INTEGERS(low, high, ...)                                                                                       \
    {                                                                                                                  \
        INPUT_INTEGERS, low, high, SAMPLE_SHAPE_(__VA_ARGS__)                                                          \
    }
#define BOOLS(...)                                                                                                     \
    {                                                                                                                  \
        INPUT_BOOLS, 0, 0, SAMPLE_SHAPE_(__VA_ARGS__)                                                                  \
    }
#define FLOAT_SCALAR(low, high)                                                                                        \
    {                                                                                                                  \
        INPUT_FLOATS, low, high,                                                                                       \
        {                                                                                                              \
            .rank = 0                                                                                                  \
        }                                                                                                              \
    }
#define INTEGER_SCALAR(low, high)                                                                                      \
    {                                                                                                                  \
        INPUT_INTEGERS, low, high,                                                                                     \
        {                                                                                                              \
            .rank = 0                                                                                                  \
        }                                                                                                              \
    }
#define ABSENT                                                                                                         \
    {                                                                                                                  \
        .kind = INPUT_ABSENT                                                                                           \
    }

#endif
