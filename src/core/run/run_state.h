/* run_state.h - what a run is made of. */
#ifndef VITRO_CORE_RUN_RUN_STATE_H
#define VITRO_CORE_RUN_RUN_STATE_H

#include "core/tensor/value.h"

/* What a run is made of; kept between runs for its memory. */
typedef struct run_state {
    enum run_mode {
        RUN_TARGETS,    /* what the targets need, nothing else */
        RUN_EFFECTS,    /* and every pending effect */
        RUN_EVERYTHING, /* and every value that the user recorded and nothing consumed */
    } mode;
    bool started;          /* a kernel has run */
    uint64_t epoch, keyed; /* of the run; the last one that has a key */
    value *origins;        /* leaves that it reads and that have not been computed */
    node **nodes;          /* those that run, in order */
    value **leaves;        /* what they read that is there */
    int64_t *key;
    size_t *node_key; /* where in the key each node begins; as many as there is room for nodes */
    size_t node_count, node_capacity, leaf_count, leaf_capacity, key_count, key_capacity;
} run_state;

#endif
