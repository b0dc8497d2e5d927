/* edit.h - programs with statements taken out or replaced. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_EDIT_H
#define VITRO_TESTS_FUZZ_PROGRAMS_EDIT_H

#include "program.h"

/* Takes out a statement and all that need it; a scope with its other end. */
void remove_statement(program *p, int statement);
/* Reads `by` wherever `variable` is read, from a statement on. */
void replace_variable(program *p, int from, int variable, int by);
/* Whether the statement makes it. */
bool makes(const statement *s, int variable);

#endif
