/* key.h - what a plan depends on. */
#ifndef VITRO_CORE_PLAN_KEY_H
#define VITRO_CORE_PLAN_KEY_H

#include "core/context.h"

/* Checks that inputs are there as they were recorded, lists the leaves, and writes down all that a plan for the listed
 * nodes depends on. */
bool make_key(context *c);

#endif
