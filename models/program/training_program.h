/* training_program.h - a program that trains a classifier, from its command line to its exit code. */
#ifndef MODELS_PROGRAM_TRAINING_PROGRAM_H
#define MODELS_PROGRAM_TRAINING_PROGRAM_H

#include "program/command_line.h"

int training_program(const command_line *line, int argc, char **argv);

#endif
