/* fold.h - folding the elements of an array, along any of its axes, into one number for each output. */
#ifndef VITRO_BACKENDS_CPU_REDUCTION_FOLD_H
#define VITRO_BACKENDS_CPU_REDUCTION_FOLD_H

#include "core/base/array.h"

/* An accumulator: floating point adds up in double, integers in 64 bits. */
typedef union slot {
    double f;
    int64_t i;
    uint64_t u;
} slot;

/* How elements of one dtype go into accumulators. A center is what an earlier fold of the same axes found for the
 * output, for folds of x - center. */
typedef struct fold {
    void (*row)(const void *x, int64_t n, const double *center, void *into); /* n elements, one accumulator */
    void (*columns)(const void *x, int64_t n, int64_t rows, int64_t stride, const double *center,
                    void *into);                            /* rows of n elements, n accumulators */
    void (*merge)(const void *from, int64_t n, void *into); /* accumulators of parts */
    slot start;
} fold;

/* Turns n totals into results; `count` elements went into each. */
typedef void fold_finish(double *total, int64_t n, const double *center, double count, double parameter);

typedef struct fold_call {
    const array *x; /* contiguous */
    int64_t axes;   /* bit i: axis i is folded */
    const fold *how;
    const double *center; /* one for each output, or NULL */
    fold_finish *finish;  /* or NULL */
    double parameter;     /* of finish */
    array out;            /* contiguous, one element for each output */
} fold_call;

/* False, with an error in the name of the op, where memory is short. The same bits for any number of threads. */
bool fold_axes(const char *op, const fold_call *call);

/* Elements that go into each output. */
int64_t fold_length(const array *x, int64_t axes);

/* The loops of a fold over contiguous memory: axes that neighbour are one, and the last of these is the run. */
typedef struct fold_axis_loops {
    int rank;
    int64_t extent[VT_MAX_RANK], stride[VT_MAX_RANK], count;
} fold_axis_loops;

typedef struct fold_loops {
    fold_axis_loops kept, folded; /* outside of the run */
    int64_t run, last_run;        /* neighbours in memory; in the last step of `folded` there may be fewer */
    bool run_folded;              /* they go into one output; otherwise each into its own */
} fold_loops;

fold_loops fold_loops_of(vt_shape shape, int64_t axes);

static inline int64_t fold_offset(const fold_axis_loops *l, int64_t index)
{
    int64_t offset = 0;
    for (int i = l->rank - 1; i > 0; i--) {
        offset += index % l->extent[i] * l->stride[i];
        index /= l->extent[i];
    }
    return l->rank ? offset + index * l->stride[0] : 0;
}

/* Rows that go into their accumulators together, one after another. */
enum { FOLD_ROWS = 8 };

/* Defines name_row, name_columns, name_merge over elements of a type, whose value is load(element). `step` gives the
 * accumulator after an element, from the accumulator a, the value v and the center c; `join` gives that of two
 * accumulators a and b. Sums in sixteen accumulators vectorise without being reordered. */
#define FOLD_LOADED(name, type, load, accumulator, first, step, join)                                                  \
    static void name##_row(const void *data, int64_t n, const double *center, void *into)                              \
    {                                                                                                                  \
        const type *x = data;                                                                                          \
        accumulator lane[16], *total = into;                                                                           \
        const double c = center ? *center : 0;                                                                         \
        (void)c;                                                                                                       \
        for (int l = 0; l < 16; l++) lane[l] = first;                                                                  \
        int64_t i = 0;                                                                                                 \
        for (; i + 16 <= n; i += 16) {                                                                                 \
            _Pragma("omp simd") for (int l = 0; l < 16; l++)                                                           \
            {                                                                                                          \
                const accumulator a = lane[l], v = (accumulator)load(x[i + l]);                                        \
                lane[l] = step;                                                                                        \
            }                                                                                                          \
        }                                                                                                              \
        for (; i < n; i++) {                                                                                           \
            const accumulator a = lane[i % 16], v = (accumulator)load(x[i]);                                           \
            lane[i % 16] = step;                                                                                       \
        }                                                                                                              \
        for (int l = 0; l < 16; l++) {                                                                                 \
            const accumulator a = *total, b = lane[l];                                                                 \
            *total = join;                                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_columns(const void *data, int64_t n, int64_t rows, int64_t stride, const double *center,        \
                               void *into)                                                                             \
    {                                                                                                                  \
        const type *restrict x = data;                                                                                 \
        accumulator *restrict total = into;                                                                            \
        for (; rows >= FOLD_ROWS; rows -= FOLD_ROWS, x += FOLD_ROWS * stride) {                                        \
            for (int64_t i = 0; i < n; i++) {                                                                          \
                const double c = center ? center[i] : 0;                                                               \
                accumulator so_far = total[i];                                                                         \
                (void)c;                                                                                               \
                _Pragma("GCC unroll 8") for (int k = 0; k < FOLD_ROWS; k++)                                            \
                {                                                                                                      \
                    const accumulator a = so_far, v = (accumulator)load(x[k * stride + i]);                            \
                    so_far = step;                                                                                     \
                }                                                                                                      \
                total[i] = so_far;                                                                                     \
            }                                                                                                          \
        }                                                                                                              \
        for (; rows > 0; rows--, x += stride) {                                                                        \
            for (int64_t i = 0; i < n; i++) {                                                                          \
                const double c = center ? center[i] : 0;                                                               \
                const accumulator a = total[i], v = (accumulator)load(x[i]);                                           \
                (void)c;                                                                                               \
                total[i] = step;                                                                                       \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_merge(const void *from, int64_t n, void *into)                                                  \
    {                                                                                                                  \
        const accumulator *restrict part = from;                                                                       \
        accumulator *restrict total = into;                                                                            \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            const accumulator a = total[i], b = part[i];                                                               \
            total[i] = join;                                                                                           \
        }                                                                                                              \
    }

#define FOLD_AS_IS(x) (x)
#define FOLD(name, type, accumulator, first, step, join)                                                               \
    FOLD_LOADED(name, type, FOLD_AS_IS, accumulator, first, step, join)

#endif
