/* one_dimensional.c - signals [N, C, L] as images of height 1. */
#include "ops/one_dimensional.h"
#include <vitro/shape.h>

vt_tensor as_image(int axes, vt_tensor x)
{
    return axes == 2 || x.id == 0 ? x : vt_unsqueeze(x, 2);
}

vt_tensor from_image(int axes, vt_tensor x)
{
    return axes == 2 || x.id == 0 ? x : vt_squeeze(x, 2);
}
