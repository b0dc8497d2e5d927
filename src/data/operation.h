/* operation.h - the operations that policies of augmentation choose from, a row each. */
#ifndef VITRO_DATA_OPERATION_H
#define VITRO_DATA_OPERATION_H

#include "data/image.h"

typedef struct operation {
    const char *name;
    void (*apply)(image *x, double magnitude);
    /* Magnitudes grow with the strength of a policy, from `none` at 0 to, at 1, `strong` of AutoAugment and RandAugment
     * or `wide` of TrivialAugment. */
    double none, strong, wide;
    enum { IN_ITS_UNIT, IN_WIDTHS, IN_HEIGHTS } unit; /* of `strong` */
    bool both_ways;                                   /* the magnitude is negated at even odds */
    bool whole;                                       /* it is rounded */
    bool chosen;                                      /* RandAugment and TrivialAugment choose it */
} operation;

/* Ends with a name of NULL. */
extern const operation operations[];

/* NULL: there is none of this name. */
const operation *operation_called(const char *name);

/* The magnitude at a strength in [0, 1]; `wide`: that of TrivialAugment. */
double operation_magnitude(const operation *o, const image *x, double strength, bool wide);

#endif
