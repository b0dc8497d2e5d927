/* arguments.h - what the command lines of the programs share. Each prints a message and exits, as argp_error does,
 * where the text is not a value for the option. */
#ifndef MODELS_PROGRAM_ARGUMENTS_H
#define MODELS_PROGRAM_ARGUMENTS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

/* A whole number from low to high. */
int64_t argument_integer(struct argp_state *state, const char *name, const char *text, int64_t low, int64_t high);

/* A finite number of 0 or more, or above 0. */
double argument_number(struct argp_state *state, const char *name, const char *text, bool positive);

/* The name of a model of the zoo. */
const char *argument_model(struct argp_state *state, const char *text);

/* For struct argp: puts the list of models at the end of the help. */
char *argument_help_filter(int key, const char *text, void *input);

#endif
