/* effect.c - to be written. */
typedef int effect_is_empty;
