/* reduce.c - reference kernels of reductions, and of what runs along an axis. */
#include "backends/reference/reference.h"
#include "ops/reduce.h"
#include <math.h>
#include <stdlib.h>

/* The number of the output element that input element `index` goes to. */
static int64_t reduced_index(const reference_call *c, int64_t index)
{
    const reduce_attributes *a = c->attributes;
    vt_shape shape = c->in_shape[0];
    int64_t result = 0, stride = 1;
    for (int axis = shape.rank - 1; axis >= 0; axis--) {
        int64_t coordinate = index % shape.dim[axis];
        index /= shape.dim[axis];
        if (a->axes >> axis & 1) continue;
        result += coordinate * stride;
        stride *= shape.dim[axis];
    }
    return result;
}

/* The elements that go into each output. */
static double reduced_count(const reference_call *c)
{
    const reduce_attributes *a = c->attributes;
    double count = 1;
    for (int i = 0; i < c->in_shape[0].rank; i++)
        if (a->axes >> i & 1) count *= (double)c->in_shape[0].dim[i];
    return count;
}

/* Every output is set to `start`; each element x then takes its output y to `step`. */
#define REDUCE(start, step)                                                                                            \
    do {                                                                                                               \
        int64_t inputs_ = vt_shape_count(c->in_shape[0]), outputs_ = vt_shape_count(c->out_shape[0]);                  \
        for (int64_t o = 0; o < outputs_; o++) c->out[0][o] = start;                                                   \
        for (int64_t i = 0; i < inputs_; i++) {                                                                        \
            int64_t o = reduced_index(c, i);                                                                           \
            double x = c->in[0][i], y = c->out[0][o];                                                                  \
            c->out[0][o] = step;                                                                                       \
        }                                                                                                              \
    } while (0)

#define EACH_OUTPUT(value)                                                                                             \
    do {                                                                                                               \
        int64_t outputs_ = vt_shape_count(c->out_shape[0]);                                                            \
        for (int64_t o = 0; o < outputs_; o++) {                                                                       \
            double y = c->out[0][o];                                                                                   \
            c->out[0][o] = value;                                                                                      \
        }                                                                                                              \
    } while (0)

/* The same over integers and bools. */
#define REDUCE_WHOLE(start, step)                                                                                      \
    do {                                                                                                               \
        int64_t inputs_ = vt_shape_count(c->in_shape[0]), outputs_ = vt_shape_count(c->out_shape[0]);                  \
        for (int64_t o = 0; o < outputs_; o++) c->whole_out[0][o] = start;                                             \
        for (int64_t i = 0; i < inputs_; i++) {                                                                        \
            int64_t o = reduced_index(c, i);                                                                           \
            int64_t x = c->whole_in[0][i], y = c->whole_out[0][o];                                                     \
            c->whole_out[0][o] = (int64_t)(step);                                                                      \
        }                                                                                                              \
    } while (0)

#define REDUCE_EITHER(floats_start, floats_step, whole_start, whole_step)                                              \
    do {                                                                                                               \
        if (c->in[0])                                                                                                  \
            REDUCE(floats_start, floats_step);                                                                         \
        else                                                                                                           \
            REDUCE_WHOLE(whole_start, whole_step);                                                                     \
    } while (0)

void reference_sum(const reference_call *c)
{
    REDUCE_EITHER(0, y + x, 0, (uint64_t)y + (uint64_t)x);
}

void reference_mean(const reference_call *c)
{
    REDUCE(0, y + x);
    EACH_OUTPUT(y / reduced_count(c));
}

void reference_prod(const reference_call *c)
{
    REDUCE_EITHER(1, y * x, 1, (uint64_t)y * (uint64_t)x);
}

void reference_max(const reference_call *c)
{
    REDUCE_EITHER(-INFINITY, x > y || isnan(x) ? x : y, INT64_MIN, x > y ? x : y);
}

void reference_min(const reference_call *c)
{
    REDUCE_EITHER(INFINITY, x < y || isnan(x) ? x : y, INT64_MAX, x < y ? x : y);
}

void reference_any(const reference_call *c)
{
    REDUCE_WHOLE(0, x || y);
}

void reference_all(const reference_call *c)
{
    REDUCE_WHOLE(1, x && y);
}

void reference_norm(const reference_call *c)
{
    if (((const reduce_attributes *)c->attributes)->order == 1) {
        REDUCE(0, y + fabs(x));
    } else {
        REDUCE(0, y + x * x);
        EACH_OUTPUT(sqrt(y));
    }
}

/* log(e^x + e^y), one element after another */
void reference_logsumexp(const reference_call *c)
{
    REDUCE(-INFINITY, x == y ? x + log(2) : x > y ? x + log1p(exp(y - x)) : y + log1p(exp(x - y)));
}

/* Welford 1962: y is Σ (x - mean)², with a mean for each output that moves as elements come. */
static void variances(const reference_call *c)
{
    const reduce_attributes *a = c->attributes;
    int64_t outputs = vt_shape_count(c->out_shape[0]);
    double *mean = calloc((size_t)outputs + 1, sizeof *mean), *seen = calloc((size_t)outputs + 1, sizeof *seen);
    if (mean && seen) {
        REDUCE(0, (seen[o]++, mean[o] += (x - mean[o]) / seen[o],
                   seen[o] == 1 ? x - x : y + (x - mean[o]) * (x - mean[o]) * seen[o] / (seen[o] - 1)));
        EACH_OUTPUT(y / fmax(0, reduced_count(c) - (double)a->unbiased));
    } else {
        refuse_call("var", (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory for its reference kernel");
    }
    free(mean);
    free(seen);
}

void reference_var(const reference_call *c)
{
    variances(c);
}

void reference_std(const reference_call *c)
{
    variances(c);
    EACH_OUTPUT(sqrt(y));
}

/* The extents before, of, and after an axis. */
typedef struct split {
    int64_t outer, length, inner;
} split;

static split split_at(vt_shape shape, int64_t axis)
{
    return (split){ extent_product(shape, 0, (int)axis), shape.dim[axis],
                    extent_product(shape, (int)axis + 1, shape.rank) };
}

/* Whether element i is to be chosen rather than `best`, which comes before it: NaN is, whatever is wanted. */
static bool is_more_extreme(const reference_call *c, int64_t i, int64_t best, bool largest)
{
    if (c->whole_in[0])
        return largest ? c->whole_in[0][i] > c->whole_in[0][best] : c->whole_in[0][i] < c->whole_in[0][best];
    double x = c->in[0][i], y = c->in[0][best];
    return !isnan(y) && (isnan(x) || (largest ? x > y : x < y));
}

static void extreme_index(const reference_call *c, bool largest)
{
    split s = split_at(c->in_shape[0], ((const arg_attributes *)c->attributes)->axis);
    for (int64_t o = 0; o < s.outer * s.inner; o++) {
        int64_t first = o / s.inner * s.length * s.inner + o % s.inner, best = 0;
        for (int64_t i = 1; i < s.length; i++)
            if (is_more_extreme(c, first + i * s.inner, first + best * s.inner, largest)) best = i;
        c->whole_out[0][o] = best;
    }
}

void reference_argmax(const reference_call *c)
{
    extreme_index(c, true);
}

void reference_argmin(const reference_call *c)
{
    extreme_index(c, false);
}

/* Where element i of lane o is, in the direction of the scan. */
static int64_t scanned(const scan_attributes *a, split s, int64_t o, int64_t i)
{
    return (o / s.inner * s.length + (a->reverse ? s.length - 1 - i : i)) * s.inner + o % s.inner;
}

void reference_cumsum(const reference_call *c)
{
    const scan_attributes *a = c->attributes;
    split s = split_at(c->in_shape[0], a->axis);
    for (int64_t o = 0; o < s.outer * s.inner; o++) {
        double total = 0;
        uint64_t whole = 0;
        for (int64_t i = 0; i < s.length; i++) {
            int64_t at = scanned(a, s, o, i);
            if (c->in[0])
                c->out[0][at] = total += c->in[0][at];
            else
                c->whole_out[0][at] = (int64_t)(whole += (uint64_t)c->whole_in[0][at]);
        }
    }
}

void reference_cumprod(const reference_call *c)
{
    const scan_attributes *a = c->attributes;
    split s = split_at(c->in_shape[0], a->axis);
    for (int64_t o = 0; o < s.outer * s.inner; o++) {
        double total = 1;
        uint64_t whole = 1;
        for (int64_t i = 0; i < s.length; i++) {
            int64_t at = scanned(a, s, o, i);
            if (c->in[0])
                c->out[0][at] = total *= c->in[0][at];
            else
                c->whole_out[0][at] = (int64_t)(whole *= (uint64_t)c->whole_in[0][at]);
        }
    }
}

static void running_extreme(const reference_call *c, bool largest)
{
    const scan_attributes *a = c->attributes;
    split s = split_at(c->in_shape[0], a->axis);
    for (int64_t o = 0; o < s.outer * s.inner; o++)
        for (int64_t i = 0, best = 0; i < s.length; i++) {
            if (is_more_extreme(c, scanned(a, s, o, i), scanned(a, s, o, best), largest)) best = i;
            move_element(c, CUMMAX_VALUES, scanned(a, s, o, i), 0, scanned(a, s, o, best));
            c->whole_out[CUMMAX_INDICES][scanned(a, s, o, i)] = best;
        }
}

void reference_cummax(const reference_call *c)
{
    running_extreme(c, true);
}

void reference_cummin(const reference_call *c)
{
    running_extreme(c, false);
}
