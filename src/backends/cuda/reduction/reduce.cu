/* reduce.cu - reductions: what is folded, and what a state is turned into. */
#include "backends/cuda/reduction/exponential_sum.h"
#include "backends/cuda/reduction/fold.h"
#include "backends/cuda/kernels.h"

extern "C" {
#include "ops/reduce.h"
}

/* -- Outputs ------------------------------------------------------------------------------------------------------ */

/* Of any dtype of whole numbers. An argument of kernels. */
struct integer_output {
    void *data;
    vt_dtype dtype;
    __device__ void set(int64_t i, int64_t x) const
    {
        switch (dtype) {
        case VT_I64: ((int64_t *)data)[i] = x; break;
        case VT_I32: ((int32_t *)data)[i] = (int32_t)x; break;
        default: ((uint8_t *)data)[i] = (uint8_t)x;
        }
    }
};

struct float_output {
    float *data;
    __device__ void set(int64_t i, float x) const
    {
        data[i] = x;
    }
};

static float_output output_for(const array &out, float)
{
    return { (float *)out.data };
}

static integer_output output_for(const array &out, int64_t)
{
    return { out.data, out.dtype };
}

template <class T> struct output_of;
template <> struct output_of<float> {
    typedef float_output type;
};
template <> struct output_of<int64_t> {
    typedef integer_output type;
};

/* -- The folds ---------------------------------------------------------------------------------------------------- */

/* Sums, divided: by 1, or by as many as there are. */
struct float_sum {
    typedef float state;
    float_output out;
    float divisor;
    __device__ float first() const
    {
        return 0;
    }
    __device__ float step(float a, float v, int64_t) const
    {
        return a + v;
    }
    __device__ float join(float a, float b) const
    {
        return a + b;
    }
    __device__ void finish(int64_t i, float a) const
    {
        out.set(i, a / divisor);
    }
};

/* Whole numbers wrap around. */
struct integer_sum {
    typedef uint64_t state;
    integer_output out;
    __device__ uint64_t first() const
    {
        return 0;
    }
    __device__ uint64_t step(uint64_t a, int64_t v, int64_t) const
    {
        return a + (uint64_t)v;
    }
    __device__ uint64_t join(uint64_t a, uint64_t b) const
    {
        return a + b;
    }
    __device__ void finish(int64_t i, uint64_t a) const
    {
        out.set(i, (int64_t)a);
    }
};

/* In double, as a product may leave the range of a float on its way and come back. */
struct float_product {
    typedef double state;
    float_output out;
    __device__ double first() const
    {
        return 1;
    }
    __device__ double step(double a, float v, int64_t) const
    {
        return a * (double)v;
    }
    __device__ double join(double a, double b) const
    {
        return a * b;
    }
    __device__ void finish(int64_t i, double a) const
    {
        out.set(i, (float)a);
    }
};

struct integer_product {
    typedef uint64_t state;
    integer_output out;
    __device__ uint64_t first() const
    {
        return 1;
    }
    __device__ uint64_t step(uint64_t a, int64_t v, int64_t) const
    {
        return a * (uint64_t)v;
    }
    __device__ uint64_t join(uint64_t a, uint64_t b) const
    {
        return a * b;
    }
    __device__ void finish(int64_t i, uint64_t a) const
    {
        out.set(i, (int64_t)a);
    }
};

/* What any value beats in a search for the largest, or the smallest. */
template <class T, bool SMALLEST> struct worst {
    static constexpr T value = SMALLEST ? INFINITY : -INFINITY;
};
template <bool SMALLEST> struct worst<int64_t, SMALLEST> {
    static constexpr int64_t value = SMALLEST ? INT64_MAX : INT64_MIN;
};

/* Whether a stands before b in such a search. NaN does, before any number. */
template <bool SMALLEST, class T> static __device__ inline bool beats(T a, T b)
{
    if (b != b) return false;
    return a != a || (SMALLEST ? a < b : a > b);
}

template <class T, bool SMALLEST> struct extremum {
    typedef T state;
    typename output_of<T>::type out;
    __device__ T first() const
    {
        return worst<T, SMALLEST>::value;
    }
    __device__ T join(T a, T b) const
    {
        return beats<SMALLEST>(b, a) ? b : a;
    }
    __device__ T step(T a, T v, int64_t) const
    {
        return join(a, v);
    }
    __device__ void finish(int64_t i, T a) const
    {
        out.set(i, a);
    }
};

/* The first of equal ones. */
template <class T> struct placed_value {
    T value;
    int64_t at; /* -1: none yet */
};

template <class T, bool SMALLEST> struct extremum_place {
    typedef placed_value<T> state;
    int64_t *out;
    __device__ state first() const
    {
        return { 0, -1 };
    }
    __device__ state join(state a, state b) const
    {
        if (a.at < 0 || b.at < 0) return a.at < 0 ? b : a;
        if (beats<SMALLEST>(b.value, a.value)) return b;
        if (beats<SMALLEST>(a.value, b.value)) return a;
        return a.at < b.at ? a : b;
    }
    __device__ state step(state a, T v, int64_t k) const
    {
        return a.at < 0 || beats<SMALLEST>(v, a.value) ? state{ v, k } : a; /* k grows */
    }
    __device__ void finish(int64_t i, state a) const
    {
        out[i] = a.at;
    }
};

template <bool ALL> struct truth {
    typedef int32_t state;
    uint8_t *out;
    __device__ int32_t first() const
    {
        return ALL;
    }
    __device__ int32_t join(int32_t a, int32_t b) const
    {
        return ALL ? a & b : a | b;
    }
    __device__ int32_t step(int32_t a, int64_t v, int64_t) const
    {
        return join(a, v != 0);
    }
    __device__ void finish(int64_t i, int32_t a) const
    {
        out[i] = (uint8_t)a;
    }
};

struct log_sum_exp {
    typedef exponential_sum<float> state;
    float *out;
    __device__ state first() const
    {
        return no_exponentials<float>();
    }
    __device__ state step(state a, float v, int64_t) const
    {
        return with_exponential(a, v);
    }
    __device__ state join(state a, state b) const
    {
        return joined_exponentials(a, b);
    }
    __device__ void finish(int64_t i, state a) const
    {
        out[i] = log_of(a);
    }
};

/* Σ (x - mean)²: Welford (1962), of parts Chan, Golub and LeVeque (1979). */
struct spread {
    float count, mean, squares;
};

struct variance {
    typedef spread state;
    float *out;
    float divisor;
    bool root;
    __device__ state first() const
    {
        return { 0, 0, 0 };
    }
    __device__ state step(state a, float v, int64_t) const
    {
        float count = a.count + 1, away = v - a.mean, mean = a.mean + away / count;
        return { count, mean, a.squares + away * (v - mean) };
    }
    __device__ state join(state a, state b) const
    {
        if (b.count == 0) return a;
        float count = a.count + b.count, away = b.mean - a.mean, share = b.count / count;
        return { count, a.mean + away * share, a.squares + b.squares + away * away * a.count * share };
    }
    __device__ void finish(int64_t i, state a) const
    {
        float x = a.squares / divisor;
        out[i] = root ? sqrtf(x) : x;
    }
};

template <bool SQUARES> struct magnitude {
    typedef float state;
    float *out;
    __device__ float first() const
    {
        return 0;
    }
    __device__ float step(float a, float v, int64_t) const
    {
        return a + (SQUARES ? v * v : fabsf(v));
    }
    __device__ float join(float a, float b) const
    {
        return a + b;
    }
    __device__ void finish(int64_t i, float a) const
    {
        out[i] = SQUARES ? sqrtf(a) : a;
    }
};

/* The product of the elements that are not 0, and how many are. */
struct nonzero_product {
    double product;
    int64_t zeros;
};

struct nonzero_products {
    typedef nonzero_product state;
    nonzero_product *out;
    __device__ state first() const
    {
        return { 1, 0 };
    }
    __device__ state step(state a, float v, int64_t) const
    {
        return { v == 0 ? a.product : a.product * (double)v, a.zeros + (v == 0) };
    }
    __device__ state join(state a, state b) const
    {
        return { a.product * b.product, a.zeros + b.zeros };
    }
    __device__ void finish(int64_t i, state a) const
    {
        out[i] = a;
    }
};

/* -- The kernels -------------------------------------------------------------------------------------------------- */

static bool takes(const kernel_call *call)
{
    return call->in[0].dtype != VT_F64;
}

static int64_t axes_of(const kernel_call *call)
{
    return ((const reduce_attributes *)call->attributes)->axes;
}

static int64_t axis_of(const kernel_call *call)
{
    return (int64_t)1 << ((const arg_attributes *)call->attributes)->axis;
}

static int width_of(const array &x)
{
    return vt_dtype_is_float(x.dtype) || x.dtype == VT_BF16 ? float_elements<float>::width : integer_elements::width;
}

static bool prepare(const kernel_call *call, preparation *p)
{
    p->scratch = fold_scratch(plan_fold(call->in[0], axes_of(call), width_of(call->in[0])));
    return true;
}

static bool prepare_place(const kernel_call *call, preparation *p)
{
    p->scratch = fold_scratch(plan_fold(call->in[0], axis_of(call), width_of(call->in[0])));
    return true;
}

template <class Fold> static bool reduce_floats(const kernel_call *call, int64_t axes, const Fold &fold)
{
    const array &x = call->in[0];
    float_elements<float> elements = { (const float *)x.data };
    fold_elements(plan_fold(x, axes, elements.width), fold, elements, call->scratch);
    return launched(call);
}

template <class Fold> static bool reduce_integers(const kernel_call *call, int64_t axes, const Fold &fold)
{
    const array &x = call->in[0];
    integer_elements elements = { x.data, x.dtype };
    fold_elements(plan_fold(x, axes, elements.width), fold, elements, call->scratch);
    return launched(call);
}

static bool is_of_floats(const kernel_call *call)
{
    return call->in[0].dtype == VT_F32;
}

static bool sum_divided(const kernel_call *call, float divisor)
{
    const array &x = call->in[0];
    float_sum fold = { output_for(call->out[0], 0.0f), divisor };
    if (x.dtype != VT_BF16) return reduce_floats(call, axes_of(call), fold);
    float_elements<bf16> elements = { (const bf16 *)x.data };
    fold_elements(plan_fold(x, axes_of(call), elements.width), fold, elements, call->scratch);
    return launched(call);
}

static float folded_count(const kernel_call *call)
{
    int64_t outputs = vt_shape_count(call->out[0].shape);
    return outputs ? (float)(vt_shape_count(call->in[0].shape) / outputs) : 0;
}

static bool run_sum(const kernel_call *call)
{
    if (vt_dtype_is_float(call->out[0].dtype)) return sum_divided(call, 1);
    return reduce_integers(call, axes_of(call), integer_sum{ output_for(call->out[0], (int64_t)0) });
}

static bool run_mean(const kernel_call *call)
{
    return sum_divided(call, folded_count(call));
}

static bool run_prod(const kernel_call *call)
{
    if (is_of_floats(call)) return reduce_floats(call, axes_of(call), float_product{ output_for(call->out[0], 0.0f) });
    return reduce_integers(call, axes_of(call), integer_product{ output_for(call->out[0], (int64_t)0) });
}

template <bool SMALLEST> static bool run_extremum(const kernel_call *call)
{
    const array &out = call->out[0];
    if (is_of_floats(call))
        return reduce_floats(call, axes_of(call), extremum<float, SMALLEST>{ output_for(out, 0.0f) });
    return reduce_integers(call, axes_of(call), extremum<int64_t, SMALLEST>{ output_for(out, (int64_t)0) });
}

template <bool SMALLEST> static bool run_place(const kernel_call *call)
{
    int64_t *out = (int64_t *)call->out[0].data;
    if (is_of_floats(call)) return reduce_floats(call, axis_of(call), extremum_place<float, SMALLEST>{ out });
    return reduce_integers(call, axis_of(call), extremum_place<int64_t, SMALLEST>{ out });
}

template <bool ALL> static bool run_truth(const kernel_call *call)
{
    return reduce_integers(call, axes_of(call), truth<ALL>{ (uint8_t *)call->out[0].data });
}

static bool run_logsumexp(const kernel_call *call)
{
    return reduce_floats(call, axes_of(call), log_sum_exp{ (float *)call->out[0].data });
}

template <bool ROOT> static bool run_variance(const kernel_call *call)
{
    float freedom = folded_count(call) - (float)((const reduce_attributes *)call->attributes)->unbiased;
    float *out = (float *)call->out[0].data;
    return reduce_floats(call, axes_of(call), variance{ out, freedom > 0 ? freedom : 0, ROOT });
}

static bool run_norm(const kernel_call *call)
{
    float *out = (float *)call->out[0].data;
    if (((const reduce_attributes *)call->attributes)->order == 1)
        return reduce_floats(call, axes_of(call), magnitude<false>{ out });
    return reduce_floats(call, axes_of(call), magnitude<true>{ out });
}

/* -- The gradient of a product: g times the product of the others ------------------------------------------------- */

/* g and `of` [kept], x [elements] -> dx as x; w walks through x and, beside it, through its outputs. */
static __global__ void multiply_by_others(walk<2> w, const float *g, const float *x, const nonzero_product *of,
                                          float *dx)
{
    int64_t index = thread_in_grid(), offset[2];
    if (index >= w.count) return;
    find_offsets(w, index, offset);
    double v = (double)x[offset[0]];
    nonzero_product all = of[offset[1]];
    double others = all.zeros == 0 ? all.product / v : all.zeros == 1 && v == 0 ? all.product : 0;
    dx[offset[0]] = (float)((double)g[offset[1]] * others);
}

/* A product for each output, and behind them what the fold needs. */
static size_t product_bytes(const kernel_call *call)
{
    return ((size_t)vt_shape_count(call->in[0].shape) * sizeof(nonzero_product) + 63) / 64 * 64;
}

static bool prepare_prod_gradient(const kernel_call *call, preparation *p)
{
    const array &x = call->in[1];
    p->scratch = product_bytes(call) + fold_scratch(plan_fold(x, axes_of(call), width_of(x)));
    return true;
}

static bool run_prod_gradient(const kernel_call *call)
{
    const array &x = call->in[1];
    array product = kept_output(x, axes_of(call));
    nonzero_products fold = { (nonzero_product *)call->scratch };
    float_elements<float> elements = { (const float *)x.data };
    walk<2> w = make_walk<2>(x.shape, { &x, &product });
    if (w.count == 0) return true;
    fold_elements(plan_fold(x, axes_of(call), elements.width), fold, elements,
                  (char *)call->scratch + product_bytes(call));
    LAUNCH(multiply_by_others, blocks_for(w.count, BLOCK), BLOCK, 0, compute_stream(), w,
           (const float *)call->in[0].data, elements.data, (const nonzero_product *)fold.out,
           (float *)call->out[0].data);
    return launched(call);
}

#define REDUCTION(name, run_, prepare_, bf16_)                                                                         \
    {                                                                                                                  \
        &op_##name,                                                                                                    \
        {                                                                                                              \
            .run = run_, .supports = takes, .prepare = prepare_, .strided = true, .bf16_in = bf16_                     \
        }                                                                                                              \
    }
extern "C" const kernel_row cuda_reduce_kernels[] = {
    REDUCTION(sum, run_sum, prepare, 1),
    REDUCTION(mean, run_mean, prepare, 1),
    REDUCTION(prod, run_prod, prepare, 0),
    REDUCTION(max, run_extremum<false>, prepare, 0),
    REDUCTION(min, run_extremum<true>, prepare, 0),
    REDUCTION(any, run_truth<false>, prepare, 0),
    REDUCTION(all, run_truth<true>, prepare, 0),
    REDUCTION(logsumexp, run_logsumexp, prepare, 0),
    REDUCTION(var, run_variance<false>, prepare, 0),
    REDUCTION(std, run_variance<true>, prepare, 0),
    REDUCTION(norm, run_norm, prepare, 0),
    REDUCTION(argmax, run_place<false>, prepare_place, 0),
    REDUCTION(argmin, run_place<true>, prepare_place, 0),
    { &op_prod_gradient, { .run = run_prod_gradient, .supports = takes, .prepare = prepare_prod_gradient } },
    {},
};
