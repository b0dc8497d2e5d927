/* list.h - every op by number, from ops.def. */
#ifndef VITRO_OPS_LIST_H
#define VITRO_OPS_LIST_H

#include "core/run/apply.h"

enum op_id {
#define OP(name)       OP_ID_##name,
#define VIEW(name)     OP_ID_##name,
#define GRADIENT(name) OP_ID_##name,
#define FUNCTION(name)
#include "ops/ops.def"
    OP_COUNT
};

#define OP(name)       extern const op op_##name;
#define VIEW(name)     extern const op op_##name;
#define GRADIENT(name) extern const op op_##name;
#define FUNCTION(name)
#include "ops/ops.def"

/* The first members of every op: its name, how many inputs it takes at least and at most (0: any number), and how many
 * outputs it has (0: `infer` says). */
#define OP_HEAD(name_, least, most, outputs_)                                                                          \
    .name = #name_, .id = OP_ID_##name_, .min_inputs = (least), .max_inputs = (most), .outputs = (outputs_)

#endif
