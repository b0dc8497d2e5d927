/* effect.h - ops that overwrite tensors. They are recorded like every other op and run in the order of recording; they
 * run whether or not anybody reads the result: at the next read, at vt_flush, at the latest when their scope ends. */
#ifndef VITRO_EFFECT_H
#define VITRO_EFFECT_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Overwrites target, a parameter, a buffer, a kept tensor or one made from data, with value, of the same shape and
 * dtype. Ops recorded before see the old value, ops recorded after see the new one. Gradients do not pass: the target
 * stays a leaf. What was computed from the old value and has been let go cannot be read any more, which is an error:
 * read or vt_keep it before. The results of vt_grad and vt_gradients are not let go. */
VT_API void vt_assign_at(vt_site at, vt_tensor target, vt_tensor value);
#define vt_assign(target, value) vt_assign_at(VT_HERE, target, value)

#ifdef __cplusplus
}
#endif
#endif
