/* einops.c - to be written. */
typedef int einops_is_empty;
