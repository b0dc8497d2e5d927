/* attend.c - scaled dot-product attention with heads. */
#include "layers/attend.h"

vt_tensor attend_with(const attend_args *a)
{
    vt_tensor weights, y = vt_attention(a->q, a->k, a->v, .bias = a->bias, .mask = a->mask, .scale = a->scale,
                                        .dropout = a->dropout, .weights = &weights);
    vt_named(a->path, "weights", weights);
    return vt_rearrange(y, "b h n d -> b n (h d)");
}
