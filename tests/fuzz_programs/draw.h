/* draw.h - drawing a program: each statement is run on the oracle as soon as it is drawn, so that the next one is drawn
 * among variables whose shapes and values are known. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_DRAW_H
#define VITRO_TESTS_FUZZ_PROGRAMS_DRAW_H

#include "program.h"
#include "random.h"
#include "run.h"

typedef struct variable {
    element element;
    vt_shape shape;
    int64_t count;
    double low, high, nearest; /* the least and the largest element, and the one nearest to 0; all 0 where empty */
    int scope;                 /* how deep the scope is that owns it */
    bool live, kept;
    bool leaf, parameter;
    bool active; /* gradients pass through it */
    bool shared; /* it may be the same tensor as another variable */
} variable;

enum { PALETTE = 3 };

struct drawing {
    dice dice;
    program *program;
    running running;
    outcome outcome;
    int depth; /* of scopes */
    int extents[PALETTE];
    int64_t most_elements;
    variable variables[MAX_VARIABLES];
};

/* Draws the program of a seed. */
void draw_program(uint64_t seed, program *p);
/* How often each operation has been drawn, and refused, by all programs so far; in the order of `operations`. */
void print_drawn(void);
bool is_every_operation_drawn(void);

/* -- For operations ------------------------------------------------------------------------------------------------ */

/* Runs the statement and adds it to the program; false where it is refused, or its values do not suit. */
bool perform(drawing *d, statement *s);
/* The first output of the last statement that was performed. */
int last_output(const drawing *d);
/* A statement with inputs of the operation's wishes, and nothing else; the operation is NULL where there are none. */
statement draw_inputs(drawing *d, const operation *o);
/* Draws an operation with all that belongs to it. */
bool draw_operation(drawing *d, const operation *o);
/* Draws any operation. */
void draw_any(drawing *d);
/* Reads some of the variables of a scope, and of the one around it. */
void read_some(drawing *d, int scope);
/* A variable that is, or is made to be, as wished; NO_VARIABLE where it cannot be. */
int draw_variable(drawing *d, wish w, const variable *first);
/* Performs an operation on given variables; NO_VARIABLE where that fails. */
int apply(drawing *d, const operation *o, int a, int b);

static inline const variable *input(const drawing *d, const statement *s, int i)
{
    return &d->variables[s->in[i]];
}

vt_shape draw_shape(drawing *d, int min_rank, int max_rank);
int draw_extent(drawing *d);
/* An axis of that many, counted from either end. */
int draw_axis(drawing *d, int rank);
/* Elements in the program's memory: uniform in [low, high); whole ones where the element is an integer. */
const double *draw_data(drawing *d, element e, int64_t count, double low, double high);
int draw_leaf(drawing *d, element e, vt_shape shape, double low, double high);
void draw_parameters(drawing *d, int count);

#endif
