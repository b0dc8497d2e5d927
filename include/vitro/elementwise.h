/* elementwise.h - ops on each element, with broadcasting: shapes are aligned at the last axis, and an extent of 1
 * repeats. Inputs of one op share their dtype; vt_cast converts. */
#ifndef VITRO_ELEMENTWISE_H
#define VITRO_ELEMENTWISE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

VT_API vt_tensor vt_add_at(vt_site at, vt_tensor a, vt_tensor b); /* a + b */
VT_API vt_tensor vt_mul_at(vt_site at, vt_tensor a, vt_tensor b); /* a b */
VT_API vt_tensor vt_exp_at(vt_site at, vt_tensor x);              /* e^x */
#define vt_add(a, b) vt_add_at(VT_HERE, a, b)
#define vt_mul(a, b) vt_mul_at(VT_HERE, a, b)
#define vt_exp(x)    vt_exp_at(VT_HERE, x)

#ifdef __cplusplus
}
#endif
#endif
