/* normalization.c - to be written. */
typedef int normalization_is_empty;
