/* stored_tensor.h - where in a file the elements of a tensor are, whatever the file's format. */
#ifndef VITRO_IO_STORED_TENSOR_H
#define VITRO_IO_STORED_TENSOR_H

#include <vitro/base.h>

typedef struct stored_tensor {
    char *name;
    vt_dtype dtype;              /* of the elements in the file; never VT_DTYPE_DEFAULT */
    vt_shape shape;              /* its size in bytes is no overflow */
    int64_t stride[VT_MAX_RANK]; /* in elements, 0 or more */
    uint64_t begin;              /* the place of the first element, in bytes from the start of the file */
} stored_tensor;

typedef struct stored_tensors {
    stored_tensor *tensor;
    size_t count, capacity;
} stored_tensors;

/* Appends a tensor, and copies its name. False with an error where memory is short. */
bool stored_tensors_add(vt_site at, stored_tensors *all, stored_tensor tensor);
void stored_tensors_free(stored_tensors *all);

/* Row-major strides of a shape. */
void stored_tensor_be_contiguous(stored_tensor *tensor);
bool stored_tensor_is_contiguous(const stored_tensor *tensor);

#endif
