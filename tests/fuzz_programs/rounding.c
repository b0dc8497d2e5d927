/* rounding.c - a device whose arithmetic is off by a little more than that of floats: for what cancels inside an op, as
 * a number and its mean do, which no noise on what the op takes and gives would show. */
#include "rounding.h"
#include "backends/reference/backend.h"
#include "ops/list.h"
#include "program.h"
#include "random.h"
#include <string.h>

/* A gradient that looks for an element equal to a result has to find it: what chooses and moves elements is not here.
 */
static const op *const arithmetic[] = {
#define STEP_OP(name, reference, kernel)
#define BINARY_STEP_OP(name, dtypes, reference, kernel)
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) &op_##name,
#include "ops/pointwise.def"
    &op_sum, &op_prod, &op_cumsum, &op_cumprod, &op_matmul, &op_conv2d,
};

static bool rounds(const op *op)
{
    bool listed = false;
    for (size_t i = 0; i < sizeof arithmetic / sizeof *arithmetic; i++) listed |= op == arithmetic[i];
    for (int i = 0; listed && operations[i]; i++)
        if (strcmp(operations[i]->name, op->name) == 0) return !(operations[i]->flags & EXACT);
    return listed;
}

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
    return rounds(op) ? &noisy : reference_kernel_of(op);
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
