/* compare.cu - comparisons, logic, and choice by their results. */
#include "backends/cuda/elementwise/functions.h"

#define COMPARISON(name, operation)                                                                                    \
    template <class T> struct name##_formula {                                                                         \
        enum { INPUTS = 2 };                                                                                           \
        typedef T First, Rest;                                                                                         \
        typedef uint8_t Out;                                                                                           \
        __device__ inline uint8_t operator()(T a, T b, T) const                                                        \
        {                                                                                                              \
            return a operation b;                                                                                      \
        }                                                                                                              \
    };
COMPARISON(equal, ==)
COMPARISON(not_equal, !=)
COMPARISON(less, <)
COMPARISON(less_equal, <=)
COMPARISON(greater, >)
COMPARISON(greater_equal, >=)
COMPARISON(logical_and, &)
COMPARISON(logical_or, |)

template <template <class> class Formula> static bool compare(const kernel_call *call)
{
    switch (call->in[0].dtype) {
    case VT_I32: return run_elements(call, Formula<int32_t>{});
    case VT_I64: return run_elements(call, Formula<int64_t>{});
    case VT_U8:
    case VT_BOOL: return run_elements(call, Formula<uint8_t>{});
    default: return run_elements(call, Formula<float>{});
    }
}

template <template <class> class Formula> static bool logical(const kernel_call *call)
{
    return run_elements(call, Formula<uint8_t>{});
}

struct negation {
    enum { INPUTS = 1 };
    typedef uint8_t First, Rest, Out;
    __device__ inline uint8_t operator()(uint8_t a, uint8_t, uint8_t) const
    {
        return a ^ 1;
    }
};

static bool logical_not(const kernel_call *call)
{
    return run_elements(call, negation{});
}

template <class T> struct choice {
    enum { INPUTS = 3 };
    typedef uint8_t First;
    typedef T Rest, Out;
    __device__ inline T operator()(uint8_t condition, T yes, T no) const
    {
        return condition ? yes : no;
    }
};

/* Choosing moves bits: elements of one size are alike. */
static bool where(const kernel_call *call)
{
    const array *out = &call->out[0];
    if (is_of_floats(out)) return run_elements(call, choice<float>{});
    size_t size = vt_dtype_size(out->dtype);
    if (size == 1) return run_elements(call, choice<uint8_t>{});
    return size == 4 ? run_elements(call, choice<uint32_t>{}) : run_elements(call, choice<uint64_t>{});
}

#define COMPARISON_KERNEL(name)                                                                                        \
    {                                                                                                                  \
        &op_##name, ELEMENTWISE(compare<name##_formula>, takes_numbers)                                                \
    }
extern "C" const kernel_row cuda_compare_kernels[] = {
    COMPARISON_KERNEL(equal),
    COMPARISON_KERNEL(not_equal),
    COMPARISON_KERNEL(less),
    COMPARISON_KERNEL(less_equal),
    COMPARISON_KERNEL(greater),
    COMPARISON_KERNEL(greater_equal),
    { &op_logical_and, ELEMENTWISE(logical<logical_and_formula>, NULL) },
    { &op_logical_or, ELEMENTWISE(logical<logical_or_formula>, NULL) },
    { &op_logical_not, ELEMENTWISE(logical_not, NULL) },
    { &op_where, ELEMENTWISE(where, NULL) },
    {},
};
