/* shape.h - ops that arrange elements in another way. Views take no memory and no time. */
#ifndef VITRO_SHAPE_H
#define VITRO_SHAPE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The same elements, row-major, with another shape of the same count; one extent may be -1: what is left. */
VT_API vt_tensor vt_reshape_at(vt_site at, vt_tensor x, vt_shape shape);
#define vt_reshape(x, shape) vt_reshape_at(VT_HERE, x, shape)

/* Axis i of the result is axis order[i] of x: vt_permute(x, VT_AXES(0, 2, 3, 1)). */
VT_API vt_tensor vt_permute_at(vt_site at, vt_tensor x, vt_axes order);
#define vt_permute(x, order) vt_permute_at(VT_HERE, x, order)

/* x broadcast to a shape; an extent of -1 keeps x's. */
VT_API vt_tensor vt_expand_at(vt_site at, vt_tensor x, vt_shape shape);
#define vt_expand(x, shape) vt_expand_at(VT_HERE, x, shape)

#ifdef __cplusplus
}
#endif
#endif
