/* origin.h - tensors made from nothing, constants and random numbers, that are not computed before they are read. */
#ifndef VITRO_CORE_TENSOR_ORIGIN_H
#define VITRO_CORE_TENSOR_ORIGIN_H

#include "core/context.h"

/* What is to be recorded again: an op without inputs. */
typedef struct origin {
    value *next; /* in the list of those that a run needs */
    const struct op *op;
    struct bound bound;
    size_t attributes_size;
    unsigned char attributes[];
} origin;

/* That of a value, where it has not been computed and an op without inputs and effects makes it alone; otherwise, or
 * where there is no memory for it, NULL. */
origin *origin_of(const value *v);
/* Computes the listed leaves. */
bool originate(context *c, value *first);

#endif
