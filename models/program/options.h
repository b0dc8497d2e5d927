/* options.h - the command line of the training programs. */
#ifndef MODELS_PROGRAM_OPTIONS_H
#define MODELS_PROGRAM_OPTIONS_H

#include "program/command_line.h"
#include <vitro/vitro.h>

typedef struct options {
    const char *data; /* a folder, "synthetic", or NULL: look for one */
    const char *model, *device, *out;
    vt_dtype precision;
    int64_t epochs, batch, train_limit, test_limit; /* limits: VT_AUTO is all */
    int64_t threads;                                /* 0: one a core */
    int64_t seed;
    double lr, weight_decay;
    bool resume;
} options;

/* Reads the command line. Prints help or a message and exits, as command lines do, where it is not one to run. */
options options_parse(int argc, char **argv);

/* Those that decide what is learned, "model=... epochs=10", as text of less than `size` bytes. */
void options_recipe(const options *o, char *text, size_t size);

#endif
