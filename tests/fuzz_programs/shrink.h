/* shrink.h - a program that shows the same with fewer statements and smaller tensors. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_SHRINK_H
#define VITRO_TESTS_FUZZ_PROGRAMS_SHRINK_H

#include "compare.h"

/* Makes p smaller for as long as a child that runs it finds something of the same kind, for so many seconds at most;
 * `f` becomes what the smallest one shows. */
void shrink(program *p, finding *f, int seconds);

#endif
