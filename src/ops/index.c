/* index.c - to be written. */
typedef int index_is_empty;
