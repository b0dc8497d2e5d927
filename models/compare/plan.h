/* plan.h - which runs a comparison of models is made of. */
#ifndef MODELS_COMPARE_PLAN_H
#define MODELS_COMPARE_PLAN_H

#include "program/options.h"
#include "program/path.h"

enum { MOST_MODELS = 8, MOST_FRACTIONS = 16, MOST_SEEDS = 100 };

/* What is the same for all models beside pictures, seeds and augmentation: how often they see the pictures, how much is
 * computed, or how long they are trained. */
typedef enum matching { EQUAL_EPOCHS, EQUAL_COMPUTE, EQUAL_TIME, MATCHINGS } matching;
/* "epochs", "compute", "time" */
const char *matching_name(matching which);

/* What is compared: a model and what its training begins with. */
typedef struct contestant {
    const char *name;    /* in tables and sentences: what sets it apart from the others */
    const char *model;   /* of the zoo */
    const char *weights; /* a file to begin with; NULL: fresh ones, or those that are prepared */
    bool further;        /* it begins with the weights of the network that is prepared */
    const char *distill; /* how it learns from that as a teacher: soft or hard, or none: without any teacher; NULL: as
                          * the options have it */
    int64_t parameters, macs;  /* of a forward pass on one picture */
    double pictures_a_second;  /* of training, where it was measured for the plan; else 0 */
    int64_t epochs[MATCHINGS]; /* the cheaper of two models has more at equal compute; 0: the matching is not asked for
                                */
} contestant;

typedef struct plan {
    const char *title; /* of the page; NULL: the names of the models */
    contestant models[MOST_MODELS];
    int model_count;
    matching matchings[MATCHINGS]; /* those that are asked for, in the order of the type */
    int matching_count;
    double fractions[MOST_FRACTIONS]; /* of the training pictures, in rising order */
    int fraction_count;
    int64_t first_seed, seeds;
    int64_t epochs, training_pictures, test_pictures; /* the pictures of a fraction of 1 */
    uint64_t fingerprint;                             /* of all of them */
    contestant prepared; /* trained once, before all others, from the first seed; model NULL: there is none */
    bool halves;         /* it has the first half of the classes, and all others have the second */
    char classes[24], prepared_classes[24]; /* as --classes has them; empty: as the options say */
} plan;

/* A run trains a model on the first pictures. Matchings may have runs in common. */
typedef struct planned_run {
    const contestant *model;
    int64_t epochs, pictures, seed;
} planned_run;

/* What the options say of fractions, seeds and what is equal. False with an error that names what is wrong. */
bool plan_begin(plan *p, const options *o);
/* Adds the models that the options name, of the zoo or by files of weights. False with an error. */
bool plan_add_models(plan *p, const options *o);
/* Sets how often the pictures are gone through, and from that the epochs of each matching. Equal time needs the speed
 * of all models. */
void plan_set_epochs(plan *p, int64_t epochs);
/* Whether models are trained equally long, for which their speeds are measured. */
bool plan_has_equal_time(const plan *p);
/* Chooses epochs and pictures so that all runs take about so many seconds, of at most the pictures that the plan has,
 * where the speed of all models is known. There are at least five epochs; more only of all pictures. False with an
 * error where the time is too short for a batch of the smallest fraction. */
bool plan_fit(plan *p, double seconds, int64_t batch);

planned_run plan_run(const plan *p, matching which, int fraction, int model, int64_t seed);
/* The run of the network that is prepared. */
planned_run plan_prepared_run(const plan *p);
/* Gives the first half of so many classes to what is prepared, and the second to all others. */
void plan_halve_classes(plan *p, int classes);
/* Whether a matching's runs of a model are those of one that stands before it. */
bool plan_is_shared(const plan *p, matching which, int model);
/* The name of the run's folder, of less than `size` bytes. */
void plan_run_name(const planned_run *r, char *name, size_t size);
/* Its path in the folder of the comparison, in `path`. NULL, with an error, where it is too long. */
const char *plan_run_folder(char path[PATH_SIZE], const char *comparison, const planned_run *r);

/* Keeps the plan in the folder for a later resumption, with the options that are fixed then. False with an error. */
bool plan_write(const plan *p, const options *o);
/* Whether a folder has one. */
bool plan_is_there(const char *folder);
/* Takes up the plan of the folder. Error: none there, a damaged one, one of other models, pictures or options. */
bool plan_read(plan *p, const options *o);

#endif
