/* autograd.h - reverse-mode differentiation. Gradients are recorded as ops, so they can be differentiated again. */
#ifndef VITRO_AUTOGRAD_H
#define VITRO_AUTOGRAD_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Records the gradient of a loss of one element with respect to every trainable tensor it depends on. vt_grad gives
 * them. A second call in the same scope adds to the first; gradients end with their scope, so there is nothing to zero.
 * Errors: a loss of more than one element; one that depends on nothing trainable, or on a tensor that was kept out of
 * its scope and was computed from something trainable; an op without a gradient. */
VT_API void vt_backward_at(vt_site at, vt_tensor loss);
#define vt_backward(loss) vt_backward_at(VT_HERE, loss)

/* The gradient of a trainable tensor, of its shape and dtype; inert (and no error) where there is none. It is computed
 * with the step and stays, also where x is updated by it. */
VT_API vt_tensor vt_grad(vt_tensor x);

/* Records d(sum(y * cotangent))/d(inputs[i]) for each i into gradients[i]. A zero cotangent handle stands for ones.
 * An input that y does not depend on gets zeros; one that is given twice, the same gradient twice. Errors: y or an
 * input that is not floating point; a cotangent of another shape or dtype than y; an op without a gradient; y depends
 * on a tensor that was kept out of its scope, and so may have been computed from an input. */
VT_API void vt_gradients_at(vt_site at, vt_tensor y, vt_tensor cotangent, const vt_tensor *inputs, int count,
                            vt_tensor *gradients);
#define vt_gradients(y, cotangent, inputs, count, gradients)                                                           \
    vt_gradients_at(VT_HERE, y, cotangent, inputs, count, gradients)

/* Marks a tensor that was made from data as one to differentiate by, or no longer. */
VT_API void vt_set_trainable_at(vt_site at, vt_tensor x, bool trainable);
#define vt_set_trainable(x, trainable) vt_set_trainable_at(VT_HERE, x, trainable)
VT_API bool vt_trainable(vt_tensor x);

/* The value of x as a constant: gradients do not pass. */
VT_API vt_tensor vt_detach_at(vt_site at, vt_tensor x);
#define vt_detach(x) vt_detach_at(VT_HERE, x)

#ifdef __cplusplus
}
#endif
#endif
