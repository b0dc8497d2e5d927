/* results.h - an explanation, and what of it goes to a folder. */
#ifndef MODELS_EXPLAIN_RESULTS_H
#define MODELS_EXPLAIN_RESULTS_H

#include "explain/explanation.h"
#include "program/labels.h"
#include "program/number_list.h"

typedef struct results {
    const classifier *net;
    const char *name; /* of the picture's file */
    const char *folder;
    labels labels;
    vt_picture view; /* what the model sees, large enough to look at */
    explanation explanation;
    number_list layers, heads; /* that are drawn: layers from 1, heads from 0 or MEAN_OF_HEADS */
    double keep;               /* the share of the last layer's attention that the mask keeps */
} results;

/* The name of a class, or its number. */
const char *results_class(const results *r, int64_t class, char text[64]);

#endif
