/* program.h - a program that compares models, from its command line to its exit code. */
#ifndef MODELS_COMPARE_PROGRAM_H
#define MODELS_COMPARE_PROGRAM_H

#include "compare/experiment.h"

/* `models` are compared where the command line names none. */
int comparison_program(const command_line *line, argument_list models, int argc, char **argv);

/* An experiment instead, with options that have been read. */
int experiment_program(const experiment *e, const options *given);

#endif
