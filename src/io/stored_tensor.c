/* stored_tensor.c - lists of the tensors in a file, and their strides. */
#include "stored_tensor.h"
#include "core/base/array.h"
#include "core/base/grow.h"

#include <vitro/error.h>

#include <stdlib.h>
#include <string.h>

bool stored_tensors_add(vt_site at, stored_tensors *all, stored_tensor tensor)
{
    bool has_room = grow(&all->tensor, all->count, &all->capacity, sizeof *all->tensor);
    tensor.name = has_room ? strdup(tensor.name) : NULL;
    if (!tensor.name) {
        vt_error_raise(VT_ERROR_MEMORY, at, "no memory for the names of a file's tensors");
        return false;
    }
    all->tensor[all->count++] = tensor;
    return true;
}

void stored_tensors_free(stored_tensors *all)
{
    for (size_t i = 0; i < all->count; i++) free(all->tensor[i].name);
    free(all->tensor);
    *all = (stored_tensors){ 0 };
}

void stored_tensor_be_contiguous(stored_tensor *tensor)
{
    array row_major = array_contiguous(NULL, tensor->dtype, tensor->shape);
    memcpy(tensor->stride, row_major.stride, sizeof tensor->stride);
}

bool stored_tensor_is_contiguous(const stored_tensor *tensor)
{
    array a = { .dtype = tensor->dtype, .shape = tensor->shape };
    memcpy(a.stride, tensor->stride, sizeof a.stride);
    return array_is_contiguous(&a);
}
