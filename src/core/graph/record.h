/* record.h - appending an op to what is recorded. */
#ifndef VITRO_CORE_GRAPH_RECORD_H
#define VITRO_CORE_GRAPH_RECORD_H

#include "core/graph/node.h"

/* What recording takes. */
typedef struct recording {
    const struct op *op;
    vt_site at;
    int inputs;
    const vt_tensor *in;
    const void *attributes;
    size_t attributes_size;
    struct bound bound;
    int outputs; /* only for ops whose number of outputs varies */
    bool weak;   /* the outputs are computed only where they are read: see value.h */
} recording;

/* Appends a node, with handles of its outputs; NULL where it failed. Computes nothing. */
node *record_node(const recording *r);

/* The bound of a random op: the context's seed, and a stream of its own. */
bound bound_random(void);

#define INPUTS(...)                                                                                                    \
    .inputs = (int)(sizeof((vt_tensor[]){ __VA_ARGS__ }) / sizeof(vt_tensor)), .in = (vt_tensor[])                     \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define ATTRIBUTE(type, ...) .attributes = &(type){ __VA_ARGS__ }, .attributes_size = sizeof(type)

#endif
