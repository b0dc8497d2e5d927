/* look.h - what else than the accuracy of its test is measured of each network that a comparison has trained. */
#ifndef MODELS_COMPARE_LOOK_H
#define MODELS_COMPARE_LOOK_H

#include "compare/plan.h"
#include "compare/statistics.h"
#include "zoo.h"
#include <stdio.h>

enum { MOST_MEASURES = 3, MOST_PLACES = 64 };

/* Of one network: each measure at each place. */
typedef struct measured {
    int places;
    double along[MOST_PLACES]; /* where they are, rising */
    double values[MOST_MEASURES][MOST_PLACES];
} measured;

typedef struct findings findings;

typedef struct look {
    const char *name;  /* of its files */
    const char *along; /* what the places are, such as "layer" */
    struct {
        const char *name, *title; /* for programs, and for people */
        bool percent;             /* a share, shown in percent */
    } measures[MOST_MEASURES];
    int measure_count;
    int64_t batch; /* of the test pictures that a network is measured on */
    /* Measures a network, which does not train meanwhile. `m` is zero at first. False with an error. */
    bool (*measure)(measured *m, const classifier *net, vt_loader *test);
    /* What the numbers say, a line for each sentence. */
    void (*say)(FILE *out, const findings *f);
} look;

struct findings {
    const look *look;
    const plan *plan;
    measured *of; /* [models, seeds]; the places of a model are those of its first seed */
};

/* Room for what will be measured. False with an error where memory is short. */
bool findings_begin(findings *f, const look *look, const plan *p);
void findings_free(findings *f);

measured *findings_of(const findings *f, int model, int64_t seed);
/* A measure of a model at a place; the values of its seeds go to `values`. */
sample findings_sample(const findings *f, int model, int measure, int place, double values[MOST_SEEDS]);

/* Says how a measure of a model changes from one place to another, from behind its name to the end of the line: "rises
 * from 1 to 2, more than chance explains (...).". */
void findings_say_change(FILE *out, const findings *f, int model, int measure, int from, int to);

/* Writes a row for each model, place and measure to NAME.csv in the folder. False with an error. */
bool findings_write(const findings *f, const char *folder);

#endif
