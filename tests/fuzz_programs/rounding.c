/* rounding.c - a device whose arithmetic is off by a little more than that of floats: for what cancels inside an op, as
 * a number and its mean do, which no noise on what the op takes and gives would show. */
#include "rounding.h"
#include "backends/reference/backend.h"
#include "ops/list.h"
#include "random.h"
#include <string.h>

/* What compares, chooses and moves elements rounds nothing. */
static const op *const arithmetic[] = { &op_add,  &op_sub,    &op_mul,    &op_div,    &op_affine,     &op_square,
                                        &op_sqrt, &op_rsqrt,  &op_exp,    &op_log,    &op_reciprocal, &op_sum,
                                        &op_prod, &op_matmul, &op_cumsum, &op_cumprod };

static struct {
    double noise;
    uint64_t seed;
} now;

static double off(double x, int64_t place)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    dice d = { now.seed ^ bits ^ (uint64_t)place << 32 };
    return x * (1 + now.noise * uniform(&d, -1, 1));
}

static bool run(const kernel_call *call)
{
    if (!reference_kernel_of(call->op)->run(call)) return false;
    for (int k = 0; k < call->outputs; k++) {
        array *y = &call->out[k];
        for (int64_t i = 0; y->dtype == VT_F64 && i < vt_shape_count(y->shape); i++)
            ((double *)y->data)[i] = off(((double *)y->data)[i], i);
    }
    return true;
}

static const kernel *kernel_of(const op *op)
{
    static const kernel noisy = { .run = run, .strided = true };
    for (size_t i = 0; i < sizeof arithmetic / sizeof *arithmetic; i++)
        if (op == arithmetic[i]) return &noisy;
    return reference_kernel_of(op);
}

const backend *rounding_device(double noise, uint64_t seed)
{
    static backend device;
    now.noise = noise;
    now.seed = seed;
    device = reference_backend;
    device.name = "rounding";
    device.kernel_of = kernel_of;
    return &device;
}
