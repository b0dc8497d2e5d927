/* cost.h - what computing a tensor takes, told from what is recorded, before anything is computed. */
#ifndef VITRO_COST_H
#define VITRO_COST_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_cost {
    int64_t multiply_accumulates; /* of matrix products, convolutions and attention; other ops count nothing */
    int64_t activations;          /* elements of the results of these, but not attention's map of weights */
} vt_cost;
/* Adds up what the ops say of themselves from which x is computed, back to leaves, whether they have run or not. An op
 * counts once, however often its result is used; where x is a gradient, the forward pass that it needs counts too. x of
 * a forward pass on one picture gives the figures that papers call MACs (or, of that size, FLOPs). Nothing is computed,
 * and parameters are not drawn. Zeros, with an error where x is inert or has ended. */
VT_API vt_cost vt_cost_of_at(vt_site at, vt_tensor x);
#define vt_cost_of(x) vt_cost_of_at(VT_HERE, x)

#ifdef __cplusplus
}
#endif
#endif
