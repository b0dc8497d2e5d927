/* pass.h - what of planning can be turned off by name: the passes, and what lowering does beyond what it must. */
#ifndef VITRO_CORE_PLAN_PASS_H
#define VITRO_CORE_PLAN_PASS_H

#include "core/context.h"

/* What lowering may be told not to do. */
enum lowering_option {
    IN_PLACE,    /* an elementwise op writes over an input that ends there */
    WRITE_PARTS, /* what is concatenated or reshaped is written where it ends up in the first place */
    LOWERING_OPTIONS
};
bool lowering_option_is_on(const context *c, enum lowering_option option);
/* Pass number `index` of library.passes. */
bool pass_is_on(const context *c, int index);
/* What VT_PASSES turns off: a bit for each pass, and behind them for each option of lowering. */
uint64_t passes_turned_off(void);

#endif
