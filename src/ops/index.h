/* index.h - attributes of the ops that pick and place by index, and what their kernels share. The others' attributes
 * are axis_attributes. */
#ifndef VITRO_OPS_INDEX_H
#define VITRO_OPS_INDEX_H

#include "core/run/apply.h"
#include "ops/shape.h"

typedef struct one_hot_attributes {
    int64_t classes, dtype;
} one_hot_attributes;

/* As axis_attributes, and what becomes of elements that meet, a vt_scatter_kind but VT_SCATTER_ADD. */
typedef struct scatter_attributes {
    int64_t axis, kind;
} scatter_attributes;

typedef struct topk_attributes {
    int64_t axis, k, smallest;
} topk_attributes;

/* Inputs and outputs. Indices are i32 or i64.
 *
 * gather: x, index of its shape except along the axis -> y as index
 * index_select: x, index [k] -> y as x with k along the axis */
enum { GATHER_X, GATHER_INDEX };

/* scatter, scatter_add: x and index as of gather, source as index -> y as x
 * index_add: x, index [k], source as x with k along the axis -> y as x */
enum { SCATTER_X = GATHER_X, SCATTER_INDEX = GATHER_INDEX, SCATTER_SOURCE };

/* topk: x -> values, and their indices along the axis in i64: as x with k along the axis */
enum { TOPK_VALUES, TOPK_INDICES };

/* For kernels: the error of an index that is none of `extent` places. `number` is its row-major number in a tensor of
 * indices of the given shape. Returns false. */
bool refuse_index(const char *op, vt_site at, int64_t index, int64_t extent, vt_shape shape, int64_t number);

#endif
