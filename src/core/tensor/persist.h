/* persist.h - values that outlive the ops that made them. */
#ifndef VITRO_CORE_TENSOR_PERSIST_H
#define VITRO_CORE_TENSOR_PERSIST_H

#include "core/context.h"

/* A leaf that outlives every scope, with the value that source has now: it is computed here, but for what is made from
 * nothing, which is computed when it is read. NULL with an error. */
value *value_persist(context *c, vt_tensor source);
/* Gives a leaf the value of source in the same way. */
bool value_renew(context *c, value *leaf, vt_tensor source);

#endif
