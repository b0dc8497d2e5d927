/* inputs.h - what a run reads and writes, made ready for it. */
#ifndef VITRO_CORE_RUN_INPUTS_H
#define VITRO_CORE_RUN_INPUTS_H

#include "core/context.h"

/* Brings what the listed nodes read to where the context's device computes, and makes what they write the only owner of
 * its memory. */
bool prepare_inputs(context *c);

#endif
