/* vitro.c - the command line to the zoo. See vitro --help. */
#include "command/command.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    { "attention", "show where in a picture a model looks", command_attention },
    { "models", "list the models", command_models },
    { "summary", "print a model layer by layer", command_summary },
    { "check", "say what is in a file of weights, and which model it fits", command_check },
    { "classify", "say what is in pictures", command_classify },
    { "finetune", "train a network further from a file of weights", command_finetune },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *stream)
{
    fputs("usage: vitro COMMAND [OPTION...]\n\n", stream);
    for (int i = 0; i < COMMANDS; i++) fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\nvitro COMMAND --help has the options of each.\n", stream);
}

int main(int argc, char **argv)
{
    const char *asked = argc > 1 ? argv[1] : "";
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(asked, commands[i].name) != 0) continue;
        static char name[64];
        snprintf(name, sizeof name, "vitro %s", asked);
        argv[1] = name;
        return commands[i].run(argc - 1, argv + 1);
    }
    if (strcmp(asked, "--version") == 0) return puts("vitro " VITRO_VERSION) < 0;
    bool helped = strcmp(asked, "--help") == 0 || strcmp(asked, "-h") == 0;
    if (!helped && *asked) fprintf(stderr, "vitro: there is no command \"%s\"\n", asked);
    print_help(helped ? stdout : stderr);
    return helped ? 0 : 64;
}
