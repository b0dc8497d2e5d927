/* pair.h - options of images that are one number for both axes, or a pair; and those of signals. */
#ifndef VITRO_OPS_PAIR_H
#define VITRO_OPS_PAIR_H

#include <vitro/base.h>

typedef struct pair_option {
    const char *name;   /* "stride"; the pair is then called "stride_hw" */
    int both, left_out; /* the number for both axes, and what it is where it is left out */
    const int *pair;    /* vertical and horizontal; VT_AUTO: the number for both */
    int least;          /* that the option may be */
} pair_option;

/* Settles an option of a call; false, with an error in the call's name, where it makes no sense. */
bool pair_settle(const char *call, vt_site at, const pair_option *o, int64_t out[2]);

/* The same of an option that may also be given for each side: top, bottom, left and right; VT_AUTO: as for both. `out`
 * is of the sides where axes begin, `behind` of those where they end. */
bool sides_settle(const char *call, vt_site at, const pair_option *o, const int sides[4], int64_t out[2],
                  int64_t behind[2]);

/* An option of a signal, 0 where it is left out, that may also be given for left and right; VT_AUTO: as for both. It
 * becomes the horizontal one of an image, the vertical one is 0. */
bool ends_settle(const char *call, vt_site at, const char *name, int both, const int ends[2], int64_t out[2],
                 int64_t behind[2]);

/* "2, 1" of images, whose axes are 2, or "1" of signals: the horizontal one. */
const char *pair_text(int axes, const int64_t pair[2], char text[64]);

#endif
