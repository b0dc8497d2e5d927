/* place.h - where what instructions make is put. */
#ifndef VITRO_CORE_PLAN_PLACE_H
#define VITRO_CORE_PLAN_PLACE_H

#include "core/plan/lowering.h"

/* Gives a term a place where it has none: where the view or the parts that read it want it, if that is to be had with
 * the strides that are allowed, or else one of its own. */
bool place_output(lowering *l, int term, bool any_strides);
/* Of a kernel that is no elementwise one, all outputs. */
bool place_outputs(lowering *l, const instruction *i);

/* In which an elementwise kernel sees the axes. */
typedef struct axis_order {
    int rank, axis[VT_MAX_RANK];
} axis_order;
/* The order of the first input that is as large as the output; false where that is the plain one. */
bool choose_order(const lowering *l, const instruction *i, const location *in, axis_order *order);
/* The array, repeated to the shape, with the axes in that order. */
array in_order(array a, vt_shape shape, const axis_order *order);
/* Where the output of an elementwise kernel will lie, in the order of memory that `order` gives, or plain where that is
 * NULL: in the memory of an input that ends there, or in a storage that is yet to be made (NO_STORAGE). */
location decide_elementwise(const lowering *l, const instruction *i, const location *in, const array *seen,
                            const axis_order *order);
/* Whether what is written to t in the first place is spared a copy, even where only plain strides will do. */
bool leads_to_parts(const lowering *l, int term);

#endif
