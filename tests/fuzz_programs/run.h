/* run.h - a program run in a mode, and what it shows there. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_RUN_H
#define VITRO_TESTS_FUZZ_PROGRAMS_RUN_H

#include "program.h"

/* Which statements that must not change a number are left in. */
enum disturbances { UNDISTURBED, LIFETIMES, AS_DRAWN };

typedef struct mode {
    const char *name, *device;
    vt_dtype precision;
    const char *pass_off; /* NULL: none; "all" */
    int threads;          /* 0: 1 */
    bool eager, decomposed;
    enum disturbances disturbances;
    /* What inexact operations take and give, and what they compute on the way, is multiplied by 1 + noise u, u random
     * in
     * [-1, 1): what rounding may do. */
    double noise, product_noise; /* of products where that is larger */
    uint64_t noise_seed;
} mode;

/* What a statement read, as doubles. */
typedef struct observation {
    int statement;
    vt_dtype dtype;
    vt_shape shape;
    int64_t count;
    double *data;
} observation;

typedef struct outcome {
    bool failed;
    int statement; /* where it failed; behind the last one: leaks */
    vt_status status;
    char message[1024];
    int count;
    observation observations[MAX_STATEMENTS];
} outcome;

struct running {
    const program *program;
    const mode *mode;
    outcome *outcome;
    int at; /* the statement */
    vt_scope scopes[MAX_SCOPES];
    vt_model *model;
    vt_optimizer *optimizer;
    vt_tensor variables[MAX_VARIABLES];
    bool of_products[MAX_VARIABLES]; /* a product or a gradient, or computed from one */
};

extern const mode oracle;

/* Whether the mode leaves statements of such an operation out. */
bool is_left_out(const mode *m, unsigned flags);

/* Runs all of it. What was read is to be freed. */
void run_program(const program *p, const mode *m, outcome *o);
void outcome_free(outcome *o);

/* In parts: from here on the thread's context is the program's. */
void run_begin(running *r, const program *p, const mode *m, outcome *o);
/* False with the message in the outcome. */
bool run_statement(running *r, const statement *s);
void run_end(running *r);

/* Reads x into the outcome, under the number of the statement under way. */
void observe(running *r, vt_tensor x);

#endif
