/* transfer.h - values between the host's memory and that of devices. */
#ifndef VITRO_CORE_TENSOR_TRANSFER_H
#define VITRO_CORE_TENSOR_TRANSFER_H

#include "core/context.h"

/* Gives v, which has a contiguous buffer of its own, the elements at `data`. */
bool value_fill(context *c, value *v, const void *data);
/* What v holds, in the host's memory, converted to the dtype of `to`, which is contiguous. */
bool value_read(context *c, const value *v, array *to);
/* v's array where the host can read it; `*memory` is to be freed afterwards. */
bool value_on_host(context *c, const value *v, array *seen, void **memory);
/* Moves what v holds to where the context's device computes. */
bool value_to_device(context *c, value *v);

#endif
