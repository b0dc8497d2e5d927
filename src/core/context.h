/* context.h - the state of a thread: values, recorded nodes, scopes, mode, error. */
#ifndef VITRO_CORE_CONTEXT_H
#define VITRO_CORE_CONTEXT_H

#include "core/node.h"
#include <vitro/context.h>

/* Memory of a backend, shared by the values that view it. */
typedef struct buffer {
    const backend *backend;
    void *data;
    size_t bytes; /* as allocated: the size class */
    int references;
    struct buffer *next; /* in the pool */
} buffer;

/* A tensor. A leaf has no producer; a value that is computed has a buffer. */
typedef struct value {
    vt_tensor handle;
    spec spec;
    node *producer;
    int output;     /* of the producer */
    buffer *buffer; /* NULL until computed */
    array array;    /* the view of the buffer */
    vt_tensor gradient;
    bool live, trainable, needs_gradient;
    bool kept;                                   /* survives its scope */
    bool consumed;                               /* an op that the user recorded has it as input */
    bool internal;                               /* recorded by differentiation, not by the user */
    bool history_ended;                          /* came out of a scope with gradients to pass on */
    uint32_t recorded_version, executed_version; /* of a leaf: effects recorded, effects run */
    uint64_t run;                                /* the run that computes it ... */
    int uses;                                    /* ... and how many readers it still has there */
    bool root;                                   /* ... and whether it stays afterwards */
} value;

/* Bump allocator that is reset to a mark: nodes live as long as their scope. */
typedef struct arena_block {
    _Alignas(16) struct arena_block *previous;
    size_t used, size;
} arena_block;
typedef struct arena {
    arena_block *block;
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

enum { VALUE_CHUNK = 1024, MAX_FRAMES = 256, POOL_CLASSES = 256 };

typedef struct context {
    struct {
        vt_status status;
        char message[1024];
    } error;

    /* values */
    value **chunks;
    uint32_t chunk_count, next_id, *free_ids;
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
    bool decomposing; /* in a run: what is recorded takes the place of a node, before effects that are still pending */

    const backend *device;
    vt_dtype precision;
    bool training, eager, force_decompose;
    int threads;
    vt_random_state random;

    buffer *pool[POOL_CLASSES];
    vt_statistics statistics;
} context;

/* This thread's context; NULL, with nothing to report it to, only where memory for it cannot be had. */
context *context_get(void);

/* error.c */
bool raise_error(vt_status status, vt_site at, const char *format, ...) VT_PRINTF(3, 4);

/* memory.c */
void *arena_allocate(arena *a, size_t bytes); /* zeroed; NULL and an error where memory is short */
arena_mark arena_get_mark(const arena *a);
void arena_reset(arena *a, arena_mark mark);

/* buffer.c */
buffer *buffer_new(context *c, size_t bytes); /* on the context's device, one reference */
buffer *buffer_share(buffer *b);
void buffer_release(context *c, buffer *b); /* NULL is ignored */
void buffer_pool_clear(context *c);

/* value.c */
value *value_new(context *c, spec s); /* owned by the innermost scope */
/* A leaf that outlives every scope, with the value that source has now. */
value *value_persist(context *c, vt_tensor source);
value *value_of(context *c, vt_tensor x);  /* NULL where inert or stale */
void value_end(context *c, value *v);      /* the handle becomes stale */
bool value_allocate(context *c, value *v); /* gives it a contiguous buffer */
void value_drop_buffer(context *c, value *v);

/* scope.c */
bool frame_own(frame *f, vt_tensor x);
bool frame_push(context *c);
void frame_pop(context *c); /* forgets nodes and values of the innermost frame, kept ones excepted */

/* run.c */
enum run_mode {
    RUN_FRAME,      /* what the targets need of the innermost frame, and its effects */
    RUN_TARGETS,    /* what the targets need, nothing else */
    RUN_EFFECTS,    /* and every pending effect */
    RUN_EVERYTHING, /* and every value that the user recorded and nothing consumed */
};
bool run(context *c, vt_tensor *targets, int count, enum run_mode mode);
/* Computes x as a contiguous host value; NULL with an error where it cannot be. */
value *compute(vt_site at, const char *call, vt_tensor x);
/* eager mode: runs a node as soon as it is recorded, and checks it */
bool run_eagerly(context *c, node *n);

/* gradient.c: as vt_gradients, without the arguments' checks. What nodes up to number `after` made is taken as given;
 * 0: nothing. */
bool differentiate(context *c, uint64_t after, vt_tensor y, vt_tensor cotangent, const vt_tensor *targets, int count,
                   vt_tensor *out);

#endif
