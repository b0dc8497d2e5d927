/* rows.h - how kernels of ops on each element walk their operands: axes that go on where another ends are merged, and
 * what remains is cut into rows along the innermost axis, shared among the threads. */
#ifndef VITRO_BACKENDS_CPU_REDUCTION_ROWS_H
#define VITRO_BACKENDS_CPU_REDUCTION_ROWS_H

#include "ops/list.h"

enum { MAX_ROW_INPUTS = 6 }; /* a chain takes as many */

/* Elements along the innermost axis: `out` is contiguous, an input advances by its stride, 0 where it repeats. */
typedef struct row {
    int64_t count;
    void *out;
    const void *in[MAX_ROW_INPUTS];
    int64_t stride[MAX_ROW_INPUTS]; /* in elements */
    const void *attributes;
} row;
typedef void row_function(const row *r);

/* Runs f over every row of the call, inputs broadcast to its one output. Where the call stores values as bf16, f still
 * sees f32. */
bool run_rows(const kernel_call *call, row_function *f);

/* The row functions of a family: by op, and by the dtype of the last input. */
typedef row_function *const row_table[OP_COUNT][VT_DTYPE_COUNT];
bool run_table(const kernel_call *call, row_table table);
extern row_table cpu_pointwise_rows;

/* The dtype in which a function of rows sees values of an array. */
static inline vt_dtype row_dtype(const array *a)
{
    return a->dtype == VT_BF16 ? VT_F32 : a->dtype;
}

/* The kernel of an op whose `run_` ends in run_rows. */
#define ROW_KERNEL(run_)                                                                                               \
    {                                                                                                                  \
        .run = (run_), .strided = true, .elementwise = true, .bf16_in = (1 << MAX_ROW_INPUTS) - 1, .bf16_out = 1       \
    }

/* UNARY_ROW, BINARY_ROW and TERNARY_ROW define a function of rows called `name`: out = expression of the elements a, b
 * and c, of type `from`. In the forms with `setup`, that is run before the loop, to read attributes with ROW_ATTRIBUTE:
 * the compiler vectorises no loop that has loads under a condition. For the same reason a repeated element is copied
 * first: for all the compiler knows, the output overwrites it. A loop of its own is compiled for each usual pair of
 * strides. */
#define ROW_ATTRIBUTE(type, member) (((const type *)r->attributes)->member)
#define ROW_INLINE                  static inline __attribute__((always_inline))

#define UNARY_ROW_WITH(name, from, to, setup, expression)                                                              \
    ROW_INLINE void name##_loop(const row *r, const from *a_, int64_t a_stride)                                        \
    {                                                                                                                  \
        to *out = r->out;                                                                                              \
        int64_t count = r->count;                                                                                      \
        setup;                                                                                                         \
        _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                        \
        {                                                                                                              \
            from a = a_[i * a_stride];                                                                                 \
            out[i] = (to)(expression);                                                                                 \
        }                                                                                                              \
    }                                                                                                                  \
    static void name(const row *r)                                                                                     \
    {                                                                                                                  \
        if (r->stride[0] == 1)                                                                                         \
            name##_loop(r, r->in[0], 1);                                                                               \
        else                                                                                                           \
            name##_loop(r, r->in[0], r->stride[0]);                                                                    \
    }

#define BINARY_ROW_WITH(name, from, to, setup, expression)                                                             \
    ROW_INLINE void name##_loop(const row *r, const from *a_, int64_t a_stride, const from *b_, int64_t b_stride)      \
    {                                                                                                                  \
        to *out = r->out;                                                                                              \
        int64_t count = r->count;                                                                                      \
        setup;                                                                                                         \
        _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                        \
        {                                                                                                              \
            from a = a_[i * a_stride], b = b_[i * b_stride];                                                           \
            out[i] = (to)(expression);                                                                                 \
        }                                                                                                              \
    }                                                                                                                  \
    static void name(const row *r)                                                                                     \
    {                                                                                                                  \
        const from *a = r->in[0], *b = r->in[1];                                                                       \
        int64_t a_stride = r->stride[0], b_stride = r->stride[1];                                                      \
        if (a_stride == 1 && b_stride == 1)                                                                            \
            name##_loop(r, a, 1, b, 1);                                                                                \
        else if (a_stride == 1 && b_stride == 0)                                                                       \
            name##_loop(r, a, 1, &(const from){ *b }, 0);                                                              \
        else if (a_stride == 0 && b_stride == 1)                                                                       \
            name##_loop(r, &(const from){ *a }, 0, b, 1);                                                              \
        else                                                                                                           \
            name##_loop(r, a, a_stride, b, b_stride);                                                                  \
    }

#define TERNARY_ROW(name, from, to, expression)                                                                        \
    ROW_INLINE void name##_loop(const row *r, int64_t a_stride, int64_t b_stride, int64_t c_stride)                    \
    {                                                                                                                  \
        to *out = r->out;                                                                                              \
        const from *a_ = r->in[0], *b_ = r->in[1], *c_ = r->in[2];                                                     \
        int64_t count = r->count;                                                                                      \
        _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                        \
        {                                                                                                              \
            from a = a_[i * a_stride], b = b_[i * b_stride], c = c_[i * c_stride];                                     \
            out[i] = (to)(expression);                                                                                 \
        }                                                                                                              \
    }                                                                                                                  \
    static void name(const row *r)                                                                                     \
    {                                                                                                                  \
        if (r->stride[0] == 1 && r->stride[1] == 1 && r->stride[2] == 1)                                               \
            name##_loop(r, 1, 1, 1);                                                                                   \
        else                                                                                                           \
            name##_loop(r, r->stride[0], r->stride[1], r->stride[2]);                                                  \
    }

#define UNARY_ROW(name, from, to, expression)  UNARY_ROW_WITH(name, from, to, , expression)
#define BINARY_ROW(name, from, to, expression) BINARY_ROW_WITH(name, from, to, , expression)

#endif
