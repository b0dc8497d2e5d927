/* torch_class.h - the classes and functions that a file of torch.save may name, and what each means here. */
#ifndef VITRO_IO_TORCH_CLASS_H
#define VITRO_IO_TORCH_CLASS_H

#include <vitro/base.h>

typedef enum torch_role {
    TORCH_ANYTHING,     /* may stand beside tensors; it is not looked at */
    TORCH_DICT,         /* a dictionary, with items or a list of pairs as its argument */
    TORCH_SIZE,         /* a tuple, of a tuple */
    TORCH_STORAGE,      /* elements of the dtype */
    TORCH_DTYPE,        /* the dtype itself */
    TORCH_TENSOR,       /* of a storage, an offset, a shape and strides */
    TORCH_TYPED_TENSOR, /* the same with a dtype of its own, behind three things that do not matter here */
    TORCH_PARAMETER,    /* of a tensor */
    TORCH_SUBCLASS,     /* of one of the functions before, a class and a tuple of arguments */
} torch_role;

typedef struct torch_class {
    const char *name;
    torch_role role;
    vt_dtype dtype; /* VT_DTYPE_DEFAULT: one that is not supported */
} torch_class;

/* NULL for one that no file of tensors needs. */
const torch_class *torch_class_find(const char *name);

#endif
