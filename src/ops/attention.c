/* attention.c - to be written. */
typedef int attention_is_empty;
