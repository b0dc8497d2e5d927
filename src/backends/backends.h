/* backends.h - the backends this library was built with. */
#ifndef VITRO_BACKENDS_BACKENDS_H
#define VITRO_BACKENDS_BACKENDS_H

#include "core/backend.h"

/* The default first; ended by NULL. */
extern const backend *const backends[];

#endif
