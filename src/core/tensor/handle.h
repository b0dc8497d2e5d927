/* handle.h - handles that ops are given. */
#ifndef VITRO_CORE_TENSOR_HANDLE_H
#define VITRO_CORE_TENSOR_HANDLE_H

#include "core/graph/op.h"

/* The spec of a live handle; false, with an error naming `what`, where it is inert or stale. */
bool spec_of(const char *name, vt_site at, const char *what, vt_tensor x, spec *out);
/* Of the inputs of a node; an absent optional one has none. */
bool input_specs(const node *n, spec *specs);

#endif
