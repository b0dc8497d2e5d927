/* check.h - what is wrong with the program of a seed. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_CHECK_H
#define VITRO_TESTS_FUZZ_PROGRAMS_CHECK_H

#include "compare.h"

/* Takes out what the oracle refuses; false where that cannot be done or, as the finding says, where it refuses what it
 * should not. */
bool settle(program *p, finding *f);

/* Holds it to the truth in each of the modes, and its gradients to differences; `under_way` gets the mode before it
 * runs. */
finding check_program(const program *p, const mode *modes, int count, finding *under_way);

/* Whether it shows what was found, or something like it. */
finding check_again(const program *p, const finding *found);

#endif
