/* plan.h - a program with a place in memory for everything: what a run replays. */
#ifndef VITRO_CORE_PLAN_PLAN_H
#define VITRO_CORE_PLAN_PLAN_H

#include "core/plan/program.h"

enum { NO_STORAGE = -1 };

/* A stretch of memory that one or more terms lie in. */
typedef struct storage {
    enum storage_kind {
        STORAGE_WORK,   /* in the plan's workspace */
        STORAGE_LEAF,   /* where the leaf lies */
        STORAGE_RESULT, /* a buffer of its own: values hold it after the run */
        STORAGE_KEPT,   /* in memory that the plan keeps from run to run */
    } kind;
    int leaf;
    size_t bytes, offset; /* offset: in the workspace, or in what is kept */
    int first, last;      /* the steps between which it is in use */
    int written;          /* the last step that writes there */
} storage;

/* One kernel, with its arguments. Arrays have no address until the plan runs. */
typedef struct step {
    const kernel *kernel; /* NULL: in is copied to out, whose dtype and layout may differ */
    kernel_call call;
    int *storage;    /* of each input and output; NO_STORAGE where it is absent */
    int64_t *offset; /* there, in bytes */
    preparation prepared;
    int scratch; /* a storage, or NO_STORAGE */
    int source;  /* the recorded node that it is, or is part of */
    bool once;   /* it is left out where what is kept is current */
} step;

/* A leaf that what steps which run once have made depends on, and which it was then. */
typedef struct witness {
    int leaf;
    vt_tensor handle;
    uint32_t version;
} witness;

/* A value that is there after the run. */
typedef struct result {
    int node, output; /* whose it is */
    array array;
    int storage;
    int64_t offset;
} result;

typedef struct device_graph device_graph;

typedef struct plan {
    program program; /* its memory holds all that follows */
    step *steps;
    storage *storages;
    result *results;
    char **address; /* of each storage, in a run */
    buffer **owned; /* the buffers of storages that hold results, in a run */
    int repeated;   /* instructions that compute again what is read late */
    int step_count, step_capacity, storage_count, storage_capacity, result_count;
    size_t work_bytes;
    buffer *kept; /* what steps that run once make, from run to run; NULL where it is not there */
    size_t kept_bytes;
    witness *witnesses;
    int witness_count;
    buffer *bounds;       /* of a device with memory of its own: what is bound to each node of the run */
    device_graph *launch; /* of such a device: the steps as one */

    /* in the cache */
    int64_t *key;
    size_t key_count;
    uint64_t hash, last_used;
    size_t *node_key; /* where in the key each node begins */
    size_t node_count;
    uint64_t number; /* as which it was made, from 1 */
    struct retained {
        int node, output;
        bool training; /* the mode in which it was read */
    } * retained;      /* what a later run read of it, before that was kept */
    int retained_count;
    size_t retained_capacity;
    struct plan *next;
} plan;

/* The plan for what the context's run lists: one that was made before, or a new one; NULL with an error. */
plan *plan_get(context *c);
/* The plan that was made as this number, as long as it is there; NULL. */
plan *plan_made_as(const context *c, uint64_t number);
void plans_free(context *c);

#endif
