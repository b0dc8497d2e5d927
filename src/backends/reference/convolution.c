/* convolution.c - reference kernels; to be written. */
typedef int reference_convolution_is_empty;
