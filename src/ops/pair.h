/* pair.h - options of images that are one number for both axes, or a pair. */
#ifndef VITRO_OPS_PAIR_H
#define VITRO_OPS_PAIR_H

#include <vitro/base.h>

typedef struct pair_option {
    const char *name;   /* "stride"; the pair is then called "strides" */
    int both, left_out; /* the number for both axes, and what it is where it is left out */
    const int *pair;    /* vertical and horizontal; VT_AUTO: the number for both */
    int least;          /* that the option may be */
} pair_option;

/* Settles an option of a call; false, with an error in the call's name, where it makes no sense. */
bool pair_settle(const char *call, vt_site at, const pair_option *o, int64_t out[2]);

#endif
