/* glob.h - patterns of names. */
#ifndef VITRO_NN_GLOB_H
#define VITRO_NN_GLOB_H

#include <stdbool.h>

/* Whether the pattern describes the whole name: see include/vitro/model.h. */
bool glob_matches(const char *glob, const char *name);

#endif
