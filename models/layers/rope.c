/* rope.c - rotary positions of places in a grid. */
#include "layers/rope.h"
#include <math.h>

vt_tensor rope_angles(int64_t rows, int64_t columns, int64_t dim, double theta, vt_dtype dtype)
{
    const int64_t quarter = dim / 4;
    const vt_shape half = VT_SHAPE(rows, columns, quarter);
    vt_tensor speed = vt_exp(vt_scale(vt_arange(0, (double)quarter, .dtype = dtype), -log(theta) / (double)quarter));
    vt_tensor row = vt_reshape(vt_arange(0, (double)rows, .dtype = dtype), VT_SHAPE(rows, 1, 1));
    vt_tensor column = vt_reshape(vt_arange(0, (double)columns, .dtype = dtype), VT_SHAPE(columns, 1));
    vt_tensor both[] = { vt_expand(vt_mul(row, speed), half), vt_expand(vt_mul(column, speed), half) };
    return vt_reshape(vt_concat(both, 2, 2), VT_SHAPE(rows * columns, 2 * quarter));
}

vt_tensor rope_rotate(vt_tensor x, vt_tensor angles)
{
    vt_tensor pair[2], cos = vt_cos(angles), sin = vt_sin(angles);
    vt_unstack(vt_rearrange(x, "... (d r) -> r ... d", .r = 2), 0, 2, pair);
    vt_tensor rotated[] = { vt_sub(vt_mul(pair[0], cos), vt_mul(pair[1], sin)),
                            vt_add(vt_mul(pair[1], cos), vt_mul(pair[0], sin)) };
    return vt_rearrange(vt_stack(rotated, 2, 0), "r ... d -> ... (d r)");
}
