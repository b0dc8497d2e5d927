/* completion.h - how shells complete the command line of vitro, from its table of commands. */
#ifndef MODELS_COMMAND_COMPLETION_H
#define MODELS_COMMAND_COMPLETION_H

#include "command/command.h"
#include <stdio.h>

/* Prints the file that bash, zsh or fish reads. False: it is another shell. */
bool completion_print(FILE *stream, const char *shell, const command *const *commands);

#endif
