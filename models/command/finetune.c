/* finetune.c - vitro finetune: trains a network further from a file of weights. */
#include "command/command.h"
#include "program/options.h"
#include "program/training_program.h"

static int run(int argc, char **argv)
{
    return training_program(&finetuning_line, argc, argv);
}

const command command_finetune = { "finetune", "train a network further from a file of weights", &finetuning_line,
                                   run };
