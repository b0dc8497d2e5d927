/* cast.cu - conversion between dtypes. */
#include "backends/cuda/kernels.h"

static bool run(const kernel_call *call)
{
    return cuda_copy(&call->out[0], &call->in[0]);
}

extern "C" const kernel_row cuda_cast_kernels[] = {
    { &op_cast, { .run = run, .strided = true, .elementwise = true, .bf16_in = 1, .bf16_out = 1 } },
    {},
};
