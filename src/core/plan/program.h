/* program.h - a step as passes see it: instructions on terms, in an order in which each term is made before it is read.
 * A pass replaces instructions by others that compute the same. */
#ifndef VITRO_CORE_PLAN_PROGRAM_H
#define VITRO_CORE_PLAN_PROGRAM_H

#include "core/context.h"

enum { NO_TERM = -1, NO_LEAF = -1, NO_INSTRUCTION = -1 };

/* A tensor of the program. */
typedef struct term {
    spec spec;
    array array;  /* of a leaf: its layout. Data is no address yet */
    int leaf;     /* which leaf it is; NO_LEAF where an instruction makes it */
    bool result;  /* it is there after the run */
    int producer; /* the instruction that makes it; NO_INSTRUCTION for a leaf */
    int uses;     /* how often instructions read it ... */
    int reader;   /* ... and the last one that does */
} term;

typedef struct instruction {
    const op *op; /* NULL: replaced by others */
    const void *attributes;
    size_t attributes_size;
    int inputs, outputs;
    int *in, *out;        /* terms; NO_TERM where an optional input is absent */
    int source;           /* the recorded node that it is, or is part of: its site and bound values hold */
    const kernel *kernel; /* once kernels are chosen; NULL for views and parts */
} instruction;

/* A call on arrays, inputs first. */
static inline kernel_call call_of(const op *op, const void *attributes, int inputs, int outputs, array *arrays)
{
    return (kernel_call){
        .op = op, .attributes = attributes, .inputs = inputs, .outputs = outputs, .in = arrays, .out = arrays + inputs
    };
}

typedef struct program {
    arena memory;
    term *terms;
    instruction *instructions;
    int term_count, term_capacity, count, capacity, leaves;
    bool failed; /* memory was short: an error stands */
} program;

void *program_allocate(program *p, size_t bytes);
/* Makes room for one item more, in memory that goes with the program: an array that has become too small moves, and its
 * old place stays until then. */
bool program_grow(program *p, void **items, int count, int *capacity, size_t size);
/* The number of a new term; NO_TERM where memory is short. */
int program_add_term(program *p, spec s);
/* Appends an instruction with room for its inputs and outputs; NULL where memory is short. Those added before move. */
instruction *program_add(program *p, const op *op, int inputs, int outputs);
/* Whether instruction i overwrites its input k, which may be absent. */
bool program_overwrites(const instruction *i, int k);
/* Fills in producers, uses and readers. */
void program_index(program *p);
/* Whether each term is made before it is read, and each result is made; an error where one is not. */
bool program_is_in_order(const program *p, const context *c);
/* Forgets instructions that were replaced. */
void program_compact(program *p);

/* -- For passes ----------------------------------------------------------------------------------------------------*/

/* The instruction that makes the term, if it is this op; NULL where it is another, or a leaf. */
instruction *program_producer(const program *p, int term, const op *op);
/* Whether the term is read once, and is no result: fused with its reader, it need not be made at all. */
bool program_is_passing(const program *p, int term);
/* An instruction that does the work of several. */
typedef struct replacement {
    const op *op;
    const void *attributes;
    size_t attributes_size;
    int inputs, outputs;
    const int *in, *out;       /* terms; outputs are terms that the group made, and keep their readers */
    const instruction *source; /* whose bound values it takes; NULL: those of the last of the group */
} replacement;
/* Puts one instruction in the place of a group, which is in the program's order. False, and nothing is changed, where
 * the group makes what the new instruction would read, or what others read and it would not make; where no place is
 * behind all that it reads and before all that reads it; or where an effect in between overwrites what it reads. */
bool program_fuse(program *p, const replacement *r, instruction *const *group, int count);
/* Whether instruction i would read the same at the place of j; where it has an effect, whether that is its place. */
bool program_can_move(const program *p, const instruction *i, const instruction *j);
#define TERMS(...)                                                                                                     \
    .inputs = (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), .in = (int[])                                       \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define MAKES(...)                                                                                                     \
    .outputs = (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), .out = (int[])                                     \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* When a pass runs. */
enum pass_time {
    PASS_ONCE,
    PASS_AGAIN,         /* also over what decompositions add: it makes no instructions, which would lack kernels */
    PASS_WITHOUT_LIMIT, /* of memory: what it makes has results and an effect, and cannot be computed again */
};

/* A pass, and its name in VT_PASSES. */
typedef struct pass {
    const char *name;
    void (*run)(program *p);
    enum pass_time when;
} pass;

#endif
