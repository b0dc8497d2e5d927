/* experiment.h - a comparison that is made ready: what is compared, and what is measured besides. */
#ifndef MODELS_COMPARE_EXPERIMENT_H
#define MODELS_COMPARE_EXPERIMENT_H

#include "compare/look.h"

typedef struct experiment {
    const char *name, *summary; /* on the command line; what is tried */
    const char *title;          /* of its page */
    const char *equal;          /* as --equal has it, where that is left out; NULL: epochs */
    const char *fractions;      /* the same of --fractions; NULL: 1 */
    const look *look;           /* NULL: accuracies alone */
    contestant prepared;        /* trained before all others, which begin with it or learn from it; model NULL: none */
    bool teaches;               /* it is a teacher: --teacher takes its place */
    bool halves;                /* it has the first half of the classes, and all others have the second */
    contestant models[MOST_MODELS + 1]; /* the last has no name */
} experiment;

#endif
