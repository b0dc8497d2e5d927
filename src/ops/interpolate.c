/* interpolate.c - to be written. */
typedef int interpolate_is_empty;
