/* shape.c - reference kernels; to be written. */
typedef int reference_shape_is_empty;
