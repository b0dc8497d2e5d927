/* conv_position.c - where in the picture a token is, by its neighbours. */
#include "layers/conv_position.h"

enum { KERNEL = 3 };

conv_position conv_position_new(vt_path path, int64_t dim)
{
    return (conv_position){ .proj = conv_new(vt_subpath(path, "proj"), dim, dim, KERNEL, .padding = KERNEL / 2,
                                             .groups = (int)dim) };
}

vt_tensor conv_position_forward(const conv_position *m, vt_tensor x, int64_t rows)
{
    vt_tensor map = vt_rearrange(vt_slice(x, 1, 1, VT_END), "b (h w) c -> b c h w", .h = rows);
    vt_tensor tokens = vt_rearrange(vt_add(conv_forward(&m->proj, map), map), "b c h w -> b (h w) c");
    return vt_concat(((vt_tensor[]){ vt_slice(x, 1, 0, 1), tokens }), 2, 1);
}
