/* options.h - the command line of the training programs. */
#ifndef MODELS_PROGRAM_OPTIONS_H
#define MODELS_PROGRAM_OPTIONS_H

#include "program/command_line.h"
#include <vitro/vitro.h>

typedef struct options {
    const command_line *line; /* that they were read from */
    const char *data;         /* a folder, a data set's name, or NULL: look for one */
    const char *model, *device, *out;
    vt_dtype precision;
    int64_t epochs, batch, train_limit, test_limit; /* limits: VT_AUTO is all */
    int64_t threads;                                /* 0: one a core */
    int64_t seed;
    double lr, weight_decay;
    bool resume;
    bool quiet, json; /* what is printed: nothing, or a line of JSON an epoch; both false: what people read */
    int64_t image_size;         /* VT_AUTO: the model's */
    double validation_fraction; /* of a folder without pictures for testing */
    bool skip_bad;              /* pictures */
    const char *augment;        /* stages, as vt_loader_open takes them; NULL: what suits the data set */
    int64_t repeats, workers;   /* of the loader; workers VT_AUTO: as suits the data set */
    double mixup, cutmix, mix_probability, cutmix_odds; /* of a batch: vt_mixup_or_cutmix */
    int64_t mix_epochs;                                 /* from the first on; VT_AUTO: all */
    /* Of training further: */
    const char *weights, *part; /* a checkpoint, and where in it the weights are; weights NULL: fresh ones */
    const char *freeze;         /* a pattern of parameters that are not trained; empty: all are */
    const char *rates;          /* "GLOB=LR; GLOB=LR": learning rates of some parameters; empty: none has its own */
    double layer_decay;         /* of learning rates, towards the first layers */
} options;

/* The command lines of training anew, and of training further. */
extern const command_line training_line, finetuning_line;

/* Reads the command line. Prints help or a message and exits, as command lines do, where it is not one to run. */
options options_parse(const command_line *line, int argc, char **argv);

/* Whether what people read is printed. */
bool options_tell(const options *o);

/* Those that decide what is learned, "model=... epochs=10", as text of less than `size` bytes. */
void options_recipe(const options *o, char *text, size_t size);

#endif
