/* pointwise.h - what rows of pointwise.def call for: gradients and decompositions, each defined beside its kin. */
#ifndef VITRO_OPS_POINTWISE_H
#define VITRO_OPS_POINTWISE_H

#include "core/run/apply.h"

#define VJP(name)                                  void name##_vjp(const node *n, const vt_tensor *g, vt_tensor *dx);
#define DECOMPOSITION(name)                        void name##_decompose(const node *n, vt_tensor *out);
#define UNARY_OP(name, dtypes, reference, kernel)  VJP(name)
#define OPTION_OP(name, words, reference, kernel)  VJP(name)
#define BINARY_OP(name, dtypes, reference, kernel) VJP(name)
#define GRADIENT_OP(name, inputs, kernel)          DECOMPOSITION(name)
#include "ops/pointwise.def"
#undef VJP
#undef DECOMPOSITION

#endif
