/* op_table.c - every op, by number: an op that is listed and not defined does not link. */
#include "ops/list.h"
#include "passes/op_table.h"

const op *const op_table[OP_COUNT] = {
#define OP(name)       [OP_ID_##name] = &op_##name,
#define VIEW(name)     [OP_ID_##name] = &op_##name,
#define GRADIENT(name) [OP_ID_##name] = &op_##name,
#define FUNCTION(name)
#include "ops/ops.def"
};
