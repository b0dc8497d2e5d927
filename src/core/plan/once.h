/* once.h - steps that compute from parameters and buffers alone, such as folded weights: in evaluation they run once,
 * and again when one of these has been written. */
#ifndef VITRO_CORE_PLAN_ONCE_H
#define VITRO_CORE_PLAN_ONCE_H

#include "core/plan/plan.h"

/* Marks these steps of a plan that has been lowered, and what others read of them as STORAGE_KEPT. */
bool find_once(plan *p, const context *c);

#endif
