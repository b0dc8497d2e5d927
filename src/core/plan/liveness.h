/* liveness.h - what becomes of each term later. */
#ifndef VITRO_CORE_PLAN_LIVENESS_H
#define VITRO_CORE_PLAN_LIVENESS_H

#include "core/plan/lowering.h"

/* Fills in the last use of each term, whether it escapes, and whether it is stored as bf16. */
void find_liveness(lowering *l);
vt_dtype stored_dtype(const lowering *l, int term);

#endif
