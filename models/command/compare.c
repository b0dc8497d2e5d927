/* compare.c - vitro compare: trains models and tells which is better. */
#include "command/command.h"
#include "compare/program.h"
#include "program/options.h"

static int run(int argc, char **argv)
{
    return comparison_program(&comparing_line, (argument_list){ 0 }, argc, argv);
}

const command command_compare = { "compare", "train models and tell which is better", &comparing_line, run };
