/* numeric.h - the oracle's gradients against differences of the loss. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_NUMERIC_H
#define VITRO_TESTS_FUZZ_PROGRAMS_NUMERIC_H

#include "compare.h"

/* How it runs programs. */
extern const mode differences;

/* Holds one statement that differentiates, chosen by the seed, to the difference of its loss along a random direction.
 * Where the loss is not smooth there, nothing is said. */
finding compare_gradient(const program *p);

#endif
