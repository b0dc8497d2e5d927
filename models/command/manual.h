/* manual.h - the manual page of vitro, from its table of commands. */
#ifndef MODELS_COMMAND_MANUAL_H
#define MODELS_COMMAND_MANUAL_H

#include "command/command.h"
#include <stdio.h>

/* Prints the page in roff. Returns the exit code of the program. */
int manual_print(FILE *stream, const command *const *commands);

#endif
