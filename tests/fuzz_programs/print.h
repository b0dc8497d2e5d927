/* print.h - a program as C that compiles against the public headers. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_PRINT_H
#define VITRO_TESTS_FUZZ_PROGRAMS_PRINT_H

#include "run.h"
#include <stdio.h>

/* As it runs in the mode. `note` becomes the comment above. */
void print_program(FILE *stream, const program *p, const mode *m, const char *note);

#endif
