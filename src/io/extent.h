/* extent.h - the size of tensors that a file describes, where every number may be a lie. */
#ifndef VITRO_IO_EXTENT_H
#define VITRO_IO_EXTENT_H

#include <vitro/base.h>

/* Bytes that a tensor of the shape takes; false where an extent is negative or the number overflows. Extents of 0 are
 * left out of the check for overflow, so that whether a shape is legal does not depend on their place. */
bool extent_bytes(vt_shape shape, size_t element_size, uint64_t *bytes);

/* Raises an error where one of the count booleans is neither 0 nor 1. */
bool check_booleans(vt_site at, const char *path, const char *name, const unsigned char *data, size_t count);

#endif
