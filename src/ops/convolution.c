/* convolution.c - to be written. */
typedef int convolution_is_empty;
