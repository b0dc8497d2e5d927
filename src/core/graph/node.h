/* node.h - the nodes that recording ops makes. */
#ifndef VITRO_CORE_GRAPH_NODE_H
#define VITRO_CORE_GRAPH_NODE_H

#include "core/graph/op.h"

/* A recorded op. */
struct node {
    const struct op *op;
    vt_site at;
    int inputs, outputs;
    const vt_tensor *in;
    vt_tensor *out;
    const spec *out_spec;
    const void *attributes; /* of the op's own struct type, made of int64_t and double, without padding */
    size_t attributes_size;
    struct bound bound;

    /* core's own */
    const uint32_t *in_version; /* of leaves, when recorded */
    node *previous, *next;      /* in the order of recording */
    uint64_t sequence;
    uint64_t run;    /* the last run that it is part of ... */
    int number;      /* ... and its place among the nodes there */
    uint64_t walk;   /* the last differentiation that visited it, during which nodes may run ... */
    bool active;     /* ... and whether a gradient passes there */
    uint64_t search; /* the last search that came across it */
    bool done;       /* it has run: */
    uint64_t ran_in; /* in this plan, the first time, */
    int ran_as;      /* at this place */
};

/* A node's attributes as its own struct. */
#define ATTRIBUTES(type, n) ((const type *)(n)->attributes)

#endif
