/* backend.h - the reference backend. */
#ifndef VITRO_BACKENDS_REFERENCE_BACKEND_H
#define VITRO_BACKENDS_REFERENCE_BACKEND_H

#include "core/backend.h"

extern const backend reference_backend;
/* Its kernel of an op, for backends on host memory that have none of their own. NULL for views and fused gradients. */
const kernel *reference_kernel_of(const struct op *op);

#endif
