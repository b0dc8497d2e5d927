/* rounding.h - a device whose arithmetic is off by a little more than that of floats. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_ROUNDING_H
#define VITRO_TESTS_FUZZ_PROGRAMS_ROUNDING_H

#include "core/backend.h"

/* The reference, but what a sum, a product or a function gives is multiplied by 1 + noise u, u in [-1, 1) a function of
 * the seed, the number and its place: what is computed twice is the same twice. It is one device, as of the last call.
 */
const backend *rounding_device(double noise, uint64_t seed);

#endif
