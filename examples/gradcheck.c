/* gradcheck.c - tests the gradient of an op of one's own against central differences. */
#include <vitro/vitro.h>

/* Mish: x tanh(softplus(x)), Misra 2019. */
static vt_tensor mish(const vt_tensor *inputs, void *user)
{
    (void)user;
    vt_tensor x = inputs[0];
    return vt_mul(x, vt_tanh(vt_softplus(x)));
}

int main(void)
{
    vt_set_precision(VT_F64);
    vt_tensor x = vt_uniform(VT_SHAPE(3, 4), .low = -3, .high = 3);
    if (!vt_gradcheck(mish, &x, 1, .second_order = true, .report = stdout)) return vt_error_print(stderr);
    vt_shutdown();
}
