/* heads.c - what one projection gives, as the heads of queries, keys and values. */
#include "layers/heads.h"

void split_heads(vt_tensor x, int64_t heads, int parts, vt_tensor *part)
{
    vt_unstack(vt_rearrange(x, "... n (t h d) -> t ... h n d", .t = parts, .h = heads), 0, parts, part);
}
