/* command.h - the commands of vitro. Each has its own command line, prints what it has to say and gives an exit code.
 */
#ifndef MODELS_COMMAND_COMMAND_H
#define MODELS_COMMAND_COMMAND_H

#include "program/command_line.h"

typedef struct command {
    const char *name, *summary;
    const command_line *line;
    int (*run)(int argc, char **argv);
} command;

extern const command command_attention, command_check, command_classify, command_compare, command_data,
    command_experiment, command_finetune, command_models, command_runs, command_summary;

#endif
