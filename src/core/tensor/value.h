/* value.h - the table of tensors: handles to values and back. */
#ifndef VITRO_CORE_TENSOR_VALUE_H
#define VITRO_CORE_TENSOR_VALUE_H

#include "core/tensor/buffer.h"
#include "core/graph/node.h"

/* A tensor. A leaf has no producer; a value that is computed has a buffer. */
typedef struct value {
    vt_tensor handle; /* its generation: the number of the context, and how often the slot has been used */
    spec spec;
    node *producer;
    int output;            /* of the producer */
    buffer *buffer;        /* NULL until computed */
    struct origin *origin; /* of a leaf that has not been computed */
    array array;           /* the view of the buffer */
    vt_tensor gradient;
    bool live, trainable, needs_gradient;
    bool freed;                                  /* by the user; while it is live, what was computed from it needs it */
    int term;                                    /* in the program under way */
    bool retained;                               /* a later run reads it: see retain.h */
    bool kept;                                   /* survives its scope */
    bool weak;                                   /* not computed for being recorded and consumed by nothing */
    bool consumed;                               /* an op that the user recorded has it as input */
    bool internal;                               /* recorded by differentiation, not by the user ... */
    bool asked_for;                              /* ... but a gradient that the user asked for */
    int depth;                                   /* of the scope that owns it; OUTLIVES_SCOPES: of none */
    int oldest;                                  /* the least depth of the leaves that its gradient passes on to */
    uint64_t made;                               /* behind which node */
    uint64_t history_ended;                      /* behind which node it came out of a scope, with a gradient to pass on
                                                    to what is older; 0: it did not */
    bool trainable_history;                      /* ... to what is trainable */
    uint32_t recorded_version, executed_version; /* of a leaf: effects recorded, effects run */
    uint64_t run;                                /* the last run that it was part of ... */
    bool root;                                   /* ... and there: whether it is asked for, */
    int leaf;                                    /* its number among the leaves, if it is there already, */
    uint32_t writes;                             /* and the effects on it so far */
    uint64_t overwritten;                        /* the last search that found an effect to overwrite it */
} value;

enum { VALUE_CHUNK = 1024 };
/* How many contexts have numbers of their own, and how often a slot is used before it is given up. */
enum { CONTEXTS = 1 << 12, GENERATIONS = 1 << 20 };

static inline bool is_same_tensor(vt_tensor a, vt_tensor b)
{
    return a.id == b.id && a.generation == b.generation;
}

value *value_new(context *c, spec s);         /* owned by the innermost scope */
value *value_new_lasting(context *c, spec s); /* owned by no scope */
value *value_of(context *c, vt_tensor x);     /* NULL where inert or stale */
value *value_held(context *c, vt_tensor x);   /* and where the user has freed it */
/* Input i of an op that overwrites it; NULL: the op only reads it, or it is absent. */
value *value_overwritten(context *c, const node *n, int i);
bool is_foreign(const context *c, vt_tensor x); /* a tensor of another thread's context */
/* What a message says behind "a tensor" of a stale handle. Whether it was freed is known until its slot is used again.
 */
const char *how_it_ended(const context *c, vt_tensor x);
void value_end(context *c, value *v); /* the handle becomes stale */
/* The user has no more use for it: the handle becomes stale, its memory is given back. What it was computed from, and
 * how, remains until its scope ends: what was computed from it can be differentiated, and it be computed again. */
void value_free(context *c, value *v);
bool value_allocate(context *c, value *v); /* gives it a contiguous buffer */
void value_drop_buffer(context *c, value *v);
void value_drop_origin(value *v);

#endif
