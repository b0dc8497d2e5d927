/* modes.h - the ways in which a program is to give the same. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_MODES_H
#define VITRO_TESTS_FUZZ_PROGRAMS_MODES_H

#include "run.h"

enum { MAX_MODES = 64 };

/* All that this machine has; returns how many. */
int list_modes(mode *modes);

#endif
