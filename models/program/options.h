/* options.h - the command line of the training programs. */
#ifndef MODELS_PROGRAM_OPTIONS_H
#define MODELS_PROGRAM_OPTIONS_H

#include "program/command_line.h"
#include <vitro/vitro.h>

typedef struct options {
    const command_line *line;    /* that they were read from */
    given_options on_line;       /* those that the command line itself gives */
    const struct options *given; /* as they were read, before options_complete */
    const char *data;            /* a folder, a data set's name, or NULL: look for one */
    const char *model, *device, *out;
    const char *recipe; /* the name or the file that some of these are from; NULL: none */
    vt_dtype precision;
    int64_t epochs, batch, train_limit, test_limit; /* limits: VT_AUTO is all */
    int64_t threads;                                /* 0: one a core */
    double memory;                                  /* bytes that a step fits into; 0: any */
    bool checkpoint_activations;                    /* keep as little of the forward pass as can be */
    int64_t seed;
    bool resume;
    int64_t keep;               /* epochs whose checkpoints are kept beside the last one */
    bool quiet, json;           /* what is printed: nothing, or a line of JSON an epoch; both false: what people read */
    const char *classes;        /* "2:5": a range of them; NULL: all */
    int64_t image_size;         /* VT_AUTO: the model's */
    double validation_fraction; /* of a folder without pictures for testing */
    int64_t split_seed;         /* of which pictures these are */
    bool skip_bad;              /* pictures */
    const char *augment;        /* stages, as vt_loader_open takes them; NULL: what suits the data set */
    int64_t repeats, workers;   /* of the loader; workers VT_AUTO: as suits the data set */
    double mixup, cutmix, mix_probability, cutmix_odds; /* of a batch: vt_mixup_or_cutmix */
    int64_t mix_epochs;                                 /* from the first on; VT_AUTO: all */
    int64_t show;                                       /* pictures on a sheet, of looking at the data; 0: none */
    /* Of updates: */
    const char *optimizer;   /* a name of the table in optimizers.c */
    double lr, weight_decay; /* VT_AUTO: what suits the optimiser */
    double momentum;         /* VT_AUTO: the optimiser's */
    double clip, clip_value; /* of gradients: their norm, VT_AUTO: 1; their elements. 0: not */
    int64_t accumulate;      /* batches an update */
    double ema;              /* the decay of an average of the weights; 0: there is none */
    /* Of learning rates: */
    const char *schedule;    /* NULL: what suits the optimiser */
    double warmup, cooldown; /* epochs; warmup VT_AUTO: half of one, of one-cycle 30 % of all */
    double lr_final, lr_step, lr_factor;
    const char *lr_range; /* "MIN:MAX": only look for a learning rate; NULL: train */
    double lr_range_first, lr_range_last;
    int64_t lr_range_steps;
    /* Of what is learned: */
    const char *loss;
    double label_smoothing;
    double drop_path, dropout; /* VT_AUTO: the model's */
    const char *teacher;       /* a checkpoint; NULL: there is none */
    const char *distill;
    double distill_weight, temperature;
    /* Of tests: */
    bool test_flip; /* also of pictures together with their mirror images */
    /* Of the end: */
    int64_t patience;        /* epochs; VT_AUTO: any number */
    double time;             /* seconds; 0: any */
    int64_t overfit_batches; /* 0: trained on all pictures */
    /* Of training further: */
    const char *weights, *part; /* a checkpoint, and where in it the weights are; weights NULL: fresh ones */
    const char *freeze;         /* a pattern of parameters that are not trained; empty: all are */
    const char *rates;          /* "GLOB=LR; GLOB=LR": learning rates of some parameters; empty: none has its own */
    double layer_decay;         /* of learning rates, towards the first layers */
    /* Of comparing: */
    argument_list models;
    const char *experiment; /* its name; NULL: all are listed */
    int64_t seeds;
    const char *fractions; /* of the training pictures: "0.1,0.5,1"; NULL: left out */
    const char *equal;     /* "epochs,compute,time"; NULL: left out */
    bool quick;
} options;

/* The command lines of training anew, of training further, of looking at the data, of comparing models, of comparing a
 * ViT with a ResNet, and of experiments. */
extern const command_line training_line, finetuning_line, data_line, comparing_line, vit_vs_resnet_line,
    experimenting_line;

/* Reads the command line. Prints help or a message and exits, as command lines do, where it is not one to run. */
options options_parse(const command_line *line, int argc, char **argv);

/* Whether what people read is printed. */
bool options_tell(const options *o);

/* Raises an error that says how options contradict each other; returns false. */
bool options_contradict(const char *format, ...) VT_PRINTF(1, 2);

/* Gives what was left out its value, which follows from other options. False with an error: two contradict each other.
 */
bool options_complete(options *o);

/* Those that decide what is learned, with which alone a run is resumed, as text of less than `size` bytes: a line each,
 * "epochs=10". */
void options_list_fixed(const options *o, char *text, size_t size);

#endif
