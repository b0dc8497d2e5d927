/* gradient.h - differentiation within the library. */
#ifndef VITRO_CORE_GRAPH_GRADIENT_H
#define VITRO_CORE_GRAPH_GRADIENT_H

#include "core/context.h"

/* As vt_gradients, without the arguments' checks. What nodes up to number `after` made is taken as given; 0: nothing.
 */
bool differentiate(context *c, uint64_t after, vt_tensor y, vt_tensor cotangent, const vt_tensor *targets, int count,
                   vt_tensor *out);

#endif
