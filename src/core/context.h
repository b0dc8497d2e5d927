/* context.h - the state of a thread: values, recorded nodes, scopes, mode, error. */
#ifndef VITRO_CORE_CONTEXT_H
#define VITRO_CORE_CONTEXT_H

#include "core/error.h"
#include "core/node.h"
#include <vitro/context.h>

/* Memory of a backend, shared by the values that view it. */
typedef struct buffer {
    const backend *backend;
    void *data;
    size_t bytes;   /* as allocated: the size class */
    size_t settled; /* see backend.h */
    int references;
    uint64_t used;       /* a mark behind the last run that may have used it, in the queue of its device */
    struct buffer *next; /* in the pool */
} buffer;

/* A tensor. A leaf has no producer; a value that is computed has a buffer. */
typedef struct value {
    vt_tensor handle; /* its generation: the number of the context, and how often the slot has been used */
    spec spec;
    node *producer;
    int output;     /* of the producer */
    buffer *buffer; /* NULL until computed */
    array array;    /* the view of the buffer */
    vt_tensor gradient;
    bool live, trainable, needs_gradient;
    bool freed;                                  /* by the user; while it is live, what was computed from it needs it */
    int term;                                    /* in the program under way */
    bool kept;                                   /* survives its scope */
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
} value;

/* Bump allocator that is reset to a mark: nodes live as long as their scope. */
typedef struct arena_block {
    _Alignas(16) struct arena_block *previous;
    size_t used, size;
} arena_block;
typedef struct arena {
    arena_block *block;
    size_t block_size; /* 0: the default */
} arena;
typedef struct arena_mark {
    arena_block *block;
    size_t used;
} arena_mark;

typedef struct frame {
    vt_tensor *owned;
    size_t count, capacity;
    node *last_node; /* before the frame began */
    arena_mark memory;
} frame;

/* What a run is made of; kept between runs for its memory. */
typedef struct run_state {
    enum run_mode {
        RUN_TARGETS,    /* what the targets need, nothing else */
        RUN_EFFECTS,    /* and every pending effect */
        RUN_EVERYTHING, /* and every value that the user recorded and nothing consumed */
    } mode;
    bool started; /* a kernel has run */
    uint64_t epoch;
    node **nodes;   /* those that run, in order */
    value **leaves; /* what they read that is there */
    int64_t *key;
    size_t *node_key; /* where in the key each node begins; as many as there is room for nodes */
    size_t node_count, node_capacity, leaf_count, leaf_capacity, key_count, key_capacity;
} run_state;

enum { VALUE_CHUNK = 1024, MAX_FRAMES = 256, POOL_CLASSES = 256 };
/* In the place of a depth. */
enum { OUTLIVES_SCOPES = -1, PASSES_ON_NOTHING = MAX_FRAMES };
/* How many contexts have numbers of their own, and how often a slot is used before it is given up. */
enum { CONTEXTS = 1 << 12, GENERATIONS = 1 << 20 };

typedef struct context {
    struct {
        vt_status status;
        char message[1024];
    } error;

    /* values */
    value **chunks;
    uint32_t chunk_count, next_id, *free_ids;
    uint32_t number; /* of the context, among those of all threads */
    size_t free_count, free_capacity;

    /* recording */
    arena nodes_memory;
    node *first, *last;
    uint64_t sequence, epoch;
    uint64_t swept; /* up to this node, loose ends have been seen to */
    frame frames[MAX_FRAMES];
    int depth;
    int pending_effects;
    const node *differentiated; /* the one whose vjp is being recorded */
    int internal;               /* > 0 while differentiation or a decomposition records */
    vt_site site;               /* of the entered call, where one is */
    const char *call;           /* its name */
    bool planning;              /* what is recorded takes the place of a node in a plan */

    const backend *device;
    uint64_t mark; /* in the device's queue, behind the last run */
    vt_dtype precision;
    bool training, eager, force_decompose;
    int threads;
    vt_random_state random;

    run_state run;
    struct plan_cache *plans;
    uint64_t passes_off; /* a bit for each pass that is off */
    buffer *workspace;   /* what plans compute in, one at a time */

    buffer *pool[POOL_CLASSES];
    vt_statistics statistics;
} context;

static inline bool is_same_tensor(vt_tensor a, vt_tensor b)
{
    return a.id == b.id && a.generation == b.generation;
}

/* This thread's context; NULL, with nothing to report it to, only where memory for it cannot be had. */
context *context_get(void);

/* memory.c */
void *arena_allocate(arena *a, size_t bytes); /* zeroed; NULL and an error where memory is short */
arena_mark arena_get_mark(const arena *a);
void arena_reset(arena *a, arena_mark mark);

/* buffer.c */
buffer *buffer_new(context *c, size_t bytes); /* on the context's device, one reference */
buffer *buffer_new_on(context *c, const backend *device, size_t bytes);
buffer *buffer_allocate(context *c, size_t bytes); /* of its own, never in the pool */
void buffer_destroy(context *c, buffer *b);        /* NULL is ignored */
void buffer_count(context *c, int64_t bytes);      /* adds to what is in use */
buffer *buffer_share(buffer *b);
void buffer_release(context *c, buffer *b); /* NULL is ignored */
void buffer_pool_clear(context *c);

/* value.c */
value *value_new(context *c, spec s); /* owned by the innermost scope */
/* A leaf that outlives every scope, with the value that source has now. */
value *value_persist(context *c, vt_tensor source);
value *value_of(context *c, vt_tensor x);       /* NULL where inert or stale */
value *value_held(context *c, vt_tensor x);     /* and where the user has freed it */
bool is_foreign(const context *c, vt_tensor x); /* a tensor of another thread's context */
/* Whether the user has freed it, as far as that is still known: its slot has not been used again. */
bool value_was_freed(const context *c, vt_tensor x);
void value_end(context *c, value *v); /* the handle becomes stale */
/* The user has no more use for it: the handle becomes stale, its memory is given back. What it was computed from, and
 * how, remains until its scope ends: what was computed from it can be differentiated, and it be computed again. */
void value_free(context *c, value *v);
bool value_allocate(context *c, value *v); /* gives it a contiguous buffer */
void value_drop_buffer(context *c, value *v);

/* transfer.c: between the host's memory and that of devices */
/* Gives v, which has a contiguous buffer of its own, the elements at `data`. */
bool value_fill(context *c, value *v, const void *data);
/* What v holds, in the host's memory, converted to the dtype of `to`, which is contiguous. */
bool value_read(context *c, const value *v, array *to);
/* v's array where the host can read it; `*memory` is to be freed afterwards. */
bool value_on_host(context *c, const value *v, array *seen, void **memory);
/* Moves what v holds to where the context's device computes. */
bool value_to_device(context *c, value *v);

/* scope.c */
bool frame_own(frame *f, vt_tensor x);
bool frame_push(context *c);
void frame_pop(context *c); /* forgets nodes and values of the innermost frame, kept ones excepted */

/* demand.c: lists the nodes that the targets, and the mode, ask for */
bool demand(context *c, const vt_tensor *targets, int count, enum run_mode mode);

/* key.c: checks that inputs are there as they were recorded, makes written leaves the only owners of their memory,
 * lists the leaves, and writes down all that a plan for the listed nodes depends on */
bool make_key(context *c);
/* Whether a value that the run computes is there afterwards. */
bool is_result(const context *c, const value *v);

/* run.c: computes the targets and what else the mode asks for */
bool run(context *c, const vt_tensor *targets, int count, enum run_mode mode);
/* Computes x as a contiguous host value; NULL with an error where it cannot be. */
value *compute(vt_site at, const char *call, vt_tensor x);
/* eager mode: runs a node as soon as it is recorded, and checks it */
bool run_eagerly(context *c, node *n);

/* gradient.c: as vt_gradients, without the arguments' checks. What nodes up to number `after` made is taken as given;
 * 0: nothing. */
bool differentiate(context *c, uint64_t after, vt_tensor y, vt_tensor cotangent, const vt_tensor *targets, int count,
                   vt_tensor *out);

#endif
