/* attend.c - scaled dot-product attention with heads. */
#include "layers/attend.h"

vt_tensor attend_with(const attend_args *a)
{
    vt_tensor weights, y = vt_attention(a->q, a->k, a->v, .bias = a->bias, .mask = a->mask, .scale = a->scale,
                                        .dropout = a->dropout, .weights = &weights);
    vt_named(a->path, "weights", vt_rank(weights) > 4 ? vt_flatten(weights, 0, -4) : weights);
    return vt_rearrange(y, "... h n d -> ... n (h d)");
}
