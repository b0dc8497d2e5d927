/* effect.c - reference kernels; to be written. */
typedef int reference_effect_is_empty;
