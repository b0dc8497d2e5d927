/* normalization.c - reference kernels; to be written. */
typedef int reference_normalization_is_empty;
