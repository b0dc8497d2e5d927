/* attention.c - reference kernels; to be written. */
typedef int reference_attention_is_empty;
