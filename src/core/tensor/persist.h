/* persist.h - values that outlive the ops that made them. */
#ifndef VITRO_CORE_TENSOR_PERSIST_H
#define VITRO_CORE_TENSOR_PERSIST_H

#include "core/context.h"

/* A leaf that outlives every scope, with the value that source has now: it is computed here, but for what is made from
 * nothing, which is computed when it is read. NULL with an error. */
value *value_persist(context *c, vt_tensor source);
/* The same of data in host memory, contiguous: a tensor of no scope, which vt_free ends. VT_INERT with an error. */
vt_tensor data_persist(const void *data, vt_shape shape, vt_dtype dtype);
/* Gives a leaf the value of source in the same way. */
bool value_renew(context *c, value *leaf, vt_tensor source);
/* Memory for a leaf that has none yet, whose elements the caller writes there before the leaf moves in, which takes it;
 * NULL, and no error, where the leaf has some, or the device keeps tensors out of the host's reach. */
buffer *value_room(context *c, const value *leaf);
void value_move_in(value *leaf, buffer *room);

#endif
