/* lanes.h - what kernels that go over rows share. lanes_template.h has it for each element type. */
#ifndef VITRO_BACKENDS_CPU_VECTOR_LANES_H
#define VITRO_BACKENDS_CPU_VECTOR_LANES_H

#include "backends/cpu/reduction/along_axis.h"
#include "backends/cpu/vector/vector_math.h"
#include "backends/cpu/vector/vector_width.h"

/* Independent accumulators of a sum: as many as make it vectorise, and keep it accurate. */
enum { LANES = 16 };

static inline double sum_of_lanes(const double lane[LANES])
{
    double sum = 0;
    for (int l = 0; l < LANES; l++) sum += lane[l];
    return sum;
}

/* Adds a double expression of i, for i < n, to the lanes. */
#define ADD_TO_LANES(lane, n, expression)                                                                              \
    do {                                                                                                               \
        int64_t i_ = 0;                                                                                                \
        for (; i_ + LANES <= (n); i_ += LANES)                                                                         \
            for (int l_ = 0; l_ < LANES; l_++) {                                                                       \
                const int64_t i = i_ + l_;                                                                             \
                (lane)[l_] += (expression);                                                                            \
            }                                                                                                          \
        for (; i_ < (n); i_++) {                                                                                       \
            const int64_t i = i_;                                                                                      \
            (lane)[i_ % LANES] += (expression);                                                                        \
        }                                                                                                              \
    } while (0)

/* Elements that are summed up in their own precision, 64 in each lane of a register of f32; such sums are added in
 * double. */
enum { SUM_RUN = 64 * VECTOR_BYTES / 4 };

static inline int64_t sum_run(int64_t rest)
{
    return rest < SUM_RUN ? rest : SUM_RUN;
}

/* Adds a REAL expression of i, for i < n, to the double `total`. */
#define ADD_ROW(total, n, expression)                                                                                  \
    do {                                                                                                               \
        for (int64_t first_ = 0; first_ < (n); first_ += SUM_RUN) {                                                    \
            const int64_t end_ = first_ + sum_run((n)-first_);                                                         \
            REAL run_ = 0;                                                                                             \
            _Pragma("omp simd reduction(+ : run_)") for (int64_t i = first_; i < end_; i++) run_ += (expression);      \
            (total) += (double)run_;                                                                                   \
        }                                                                                                              \
    } while (0)

#define TEMPLATE "backends/cpu/vector/lanes_template.h"
#include "backends/cpu/vector/each_float.h"

#endif
