/* index.c - reference kernels; to be written. */
typedef int reference_index_is_empty;
