/* binary.cu - arithmetic on the elements of two tensors. */
#include "backends/cuda/functions.h"

extern "C" const kernel_row cuda_binary_kernels[] = {
#define BINARY(op, dtypes, expression) { &op_##op, ELEMENTWISE(run_of_##dtypes<op##_formula>, takes_##dtypes) },
#include "backends/cuda/functions.def"
    {},
};
