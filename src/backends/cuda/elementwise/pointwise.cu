/* pointwise.cu - kernels of the ops that pointwise.def lists. */
#include "backends/cuda/elementwise/functions.h"

#define RUN_FLOATS(name)         run_of_floats<name##_formula>, takes_floats
#define RUN_NUMBERS(name)        run_of_numbers<name##_formula>, takes_numbers
#define RUN_SIGNED_NUMBERS(name) run_of_signed_numbers<name##_formula>, takes_numbers
#define EXPANDED(...)            ELEMENTWISE(__VA_ARGS__)

extern "C" const kernel_row cuda_pointwise_kernels[] = {
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) { &op_##name, EXPANDED(RUN_##dtypes(name)) },
#define INTEGER_OP(name, dtypes, kernel)                  { &op_##name, ELEMENTWISE(run_of_integers<name##_formula>, NULL) },
#include "ops/pointwise.def"
    {},
};
