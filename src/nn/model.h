/* model.h - what a model is made of. */
#ifndef VITRO_NN_MODEL_H
#define VITRO_NN_MODEL_H

#include <vitro/model.h>
#include <vitro/named.h>

/* A value of the steps under way, by name. */
typedef struct named_value {
    char *name;
    vt_tensor tensor; /* stale where its scope has ended */
} named_value;

struct vt_model {
    vt_named_tensor *entries;
    int count;
    size_t capacity;
    int evaluated; /* entries that were put into evaluation */
    named_value *values;
    int value_count;
    size_t value_capacity;
    int next_value; /* where the name that comes next has been before: steps name the same values in the same order */
    struct model_memory *memory;
};

#endif
