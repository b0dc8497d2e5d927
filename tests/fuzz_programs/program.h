/* program.h - a random program as data: statements that each call one function of vitro on numbered variables. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_PROGRAM_H
#define VITRO_TESTS_FUZZ_PROGRAMS_PROGRAM_H

#include <vitro/vitro.h>

enum {
    MAX_INPUTS = 8,
    MAX_OUTPUTS = 8,
    MAX_STATEMENTS = 256,
    MAX_VARIABLES = 512,
    MAX_SCOPES = 8,
    NO_VARIABLE = -1, /* an optional argument that is left out */
    NO_OUTPUTS = -1,
};

/* What a variable's elements are. FLOAT has the dtype of the mode that a program runs in. */
typedef enum element { NO_ELEMENT, FLOAT, DOUBLE, I64, I32, U8, BOOLEAN, ELEMENT_COUNT } element;

/* A set of them. */
#define ONE(element) (1u << (element))
enum {
    FLOATS = ONE(FLOAT) | ONE(DOUBLE),
    INTEGERS = ONE(I64) | ONE(I32) | ONE(U8),
    NUMBERS = FLOATS | INTEGERS,
    ANYTHING = NUMBERS | ONE(BOOLEAN),
    INDICES = ONE(I64) | ONE(I32),
};

typedef struct statement statement;
typedef struct operation operation;
typedef struct running running; /* run.h */
typedef struct drawing drawing; /* draw.h */

struct statement {
    const operation *operation;
    int inputs, outputs;
    int in[MAX_INPUTS]; /* variables */
    int out;            /* the first of consecutive ones */
    element element;    /* of outputs that are floating point; NO_ELEMENT: as the first input that is */
    /* Arguments, which the operation's text says the meaning of. */
    double real[4];
    int integer[10];
    vt_shape shape[2];
    vt_axes axes;
    char text[48];
    const double *data; /* of a leaf, as many elements as shape[0] has */
};

/* What an operation's call sees. */
typedef struct call {
    const statement *s;
    running *r;
    const vt_tensor *in;
    vt_tensor *out;
} call;

/* What an input may be. */
typedef struct wish {
    unsigned elements;      /* 0: there is no such input */
    int min_rank, max_rank; /* max_rank 0: any */
    double low, high;       /* the range that all elements lie in; both 0: any */
    bool away_from_zero;    /* no element is nearer to 0 than 0.05 */
    bool filled;            /* not empty */
    bool same;              /* of the element of input 0 */
    bool broadcasts;        /* with input 0 */
    bool alike;             /* of the shape of input 0 */
    bool optional;
    bool trainable; /* gradients pass */
    bool leaf;      /* data that may be overwritten */
    const vt_shape *exactly;
} wish;

enum operation_flags {
    EXACT = 1,       /* rounding inputs or the result is not part of it: it moves, compares or chooses elements */
    PRODUCT = 2,     /* bf16 rounds its factors */
    CONSTANT = 4,    /* gradients do not pass */
    LIFETIME = 8,    /* changes no number: when memory ends, what is computed when */
    SETTING = 16,    /* changes no number: how things are computed */
    OVERWRITES = 32, /* input 0, or the parameters */
    STEPS = 64       /* its gradient is 0, also where it jumps, as no difference is */
};

struct operation {
    const char *name;
    const char *text; /* the call as C, in the words of call.h */
    void (*call)(const call *c);
    wish in[MAX_INPUTS];
    bool (*draw)(drawing *d, statement *s); /* the arguments, where the inputs are there; false: they do not suit */
    bool (*whole)(drawing *d);              /* in its place: draws everything, of any number of statements */
    void (*done)(drawing *d, const statement *s); /* what is otherwise once it has run */
    int outputs;                                  /* 0: 1; NO_OUTPUTS */
    int weight;                                   /* how often it is drawn; 0: 10 */
    unsigned flags;
};

typedef struct program {
    uint64_t seed;
    int count, variables;
    statement statements[MAX_STATEMENTS];
} program;

/* Every operation, NULL at the end. */
extern const operation *const operations[];

/* Those that the drawing, the running and the printing know. */
extern const operation operation_leaf, operation_parameter, operation_trainable, operation_read, operation_gradient,
    operation_backward, operation_scope_begin, operation_scope_end, operation_gradients, operation_write,
    operation_training_step, operation_gradients_of, operation_free, operation_close_scope;

vt_dtype dtype_of_element(element e, vt_dtype precision);

#endif
