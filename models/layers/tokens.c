/* tokens.c - pictures as sequences of tokens. */
#include "layers/tokens.h"

vt_tensor tokens_behind_class(vt_tensor token, vt_tensor x)
{
    vt_tensor each = vt_expand(token, VT_SHAPE(vt_dim(x, 0), 1, -1));
    return vt_concat(((vt_tensor[]){ each, x }), 2, 1);
}

vt_tensor map_of_tokens(vt_tensor x, int64_t rows)
{
    return vt_rearrange(vt_slice(x, 1, 1, VT_END), "b (h w) c -> b c h w", .h = rows);
}

vt_tensor tokens_of_map(vt_tensor map, vt_tensor x)
{
    vt_tensor tokens = vt_rearrange(map, "b c h w -> b (h w) c");
    return vt_concat(((vt_tensor[]){ vt_slice(x, 1, 0, 1), tokens }), 2, 1);
}
