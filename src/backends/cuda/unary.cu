/* unary.cu - functions of one variable on each element. */
#include "backends/cuda/functions.h"

struct negation {
    enum { INPUTS = 1 };
    typedef uint8_t First, Rest, Out;
    __device__ inline uint8_t operator()(uint8_t a, uint8_t, uint8_t) const
    {
        return a ^ 1;
    }
};

static bool run_logical_not(const kernel_call *call)
{
    return run_elements(call, negation{});
}

extern "C" const kernel_row cuda_unary_kernels[] = {
#define UNARY(op, dtypes, words, expression) { &op_##op, ELEMENTWISE(run_of_##dtypes<op##_formula>, takes_##dtypes) },
#include "backends/cuda/functions.def"
    { &op_logical_not, ELEMENTWISE(run_logical_not, NULL) },
    {},
};
