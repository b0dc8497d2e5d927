/* options.h - the command line of the training programs. */
#ifndef MODELS_PROGRAM_OPTIONS_H
#define MODELS_PROGRAM_OPTIONS_H

#include <vitro/vitro.h>

typedef struct options {
    const char *data; /* a folder, "builtin", or NULL: look for one */
    const char *model, *device, *out;
    vt_dtype precision;
    int epochs, threads;
    int64_t batch, train_limit, test_limit; /* limits: VT_AUTO is all */
    double lr, weight_decay;
    uint64_t seed;
    bool resume;
} options;

/* Reads the command line. Prints help or a message and exits, as command lines do, where it is not one to run. */
options options_parse(int argc, char **argv);

#endif
