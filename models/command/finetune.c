/* finetune.c - vitro finetune: trains a network further from a file of weights. */
#include "command/command.h"
#include "program/options.h"
#include "program/training_program.h"

int command_finetune(int argc, char **argv)
{
    return training_program(finetuning_line(), argc, argv);
}
