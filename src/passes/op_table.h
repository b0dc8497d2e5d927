/* op_table.h - every op, by number. */
#ifndef VITRO_PASSES_OP_TABLE_H
#define VITRO_PASSES_OP_TABLE_H

#include "ops/list.h"

extern const op *const op_table[OP_COUNT];

#endif
