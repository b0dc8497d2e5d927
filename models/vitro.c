/* vitro.c - the command line to the zoo. See vitro --help. */
#include "command/command.h"
#include "command/completion.h"
#include "command/manual.h"
#include "program/failure.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* In the order in which they are listed. */
static const command *const all_commands[] = { &command_models,
                                               &command_summary,
                                               &command_check,
                                               &command_classify,
                                               &command_attention,
                                               &command_data,
                                               &command_finetune,
                                               &command_compare,
                                               &command_experiment,
                                               &command_runs,
                                               NULL };

static void print_help(FILE *stream)
{
    fputs("usage: vitro COMMAND [OPTION...]\n\n", stream);
    for (const command *const *c = all_commands; *c; c++) fprintf(stream, "  %-10s %s\n", (*c)->name, (*c)->summary);
    fputs("\nvitro COMMAND --help has the options of each.\n", stream);
}

static int run_command(const command *c, int argc, char **argv)
{
    static char name[64];
    snprintf(name, sizeof name, "vitro %s", c->name);
    argv[1] = name;
    return failure_of_output(c->run(argc - 1, argv + 1));
}

/* What the build installs beside the program: a manual page, and how shells complete its command line. */
static int print_generated(const char *what, const char *shell)
{
    if (strcmp(what, "--man") == 0) return failure_of_output(manual_print(stdout, all_commands));
    if (shell && completion_print(stdout, shell, all_commands)) return failure_of_output(0);
    fputs("vitro: --completion is for bash, zsh or fish\n", stderr);
    return 64;
}

int main(int argc, char **argv)
{
    const char *asked = argc > 1 ? argv[1] : "";
    for (const command *const *c = all_commands; *c; c++)
        if (strcmp(asked, (*c)->name) == 0) return run_command(*c, argc, argv);
    if (strcmp(asked, "--version") == 0) return puts("vitro " VITRO_VERSION) < 0;
    if (strcmp(asked, "--man") == 0 || strcmp(asked, "--completion") == 0)
        return print_generated(asked, argc > 2 ? argv[2] : NULL);
    bool helped = strcmp(asked, "--help") == 0 || strcmp(asked, "-h") == 0;
    if (!helped && *asked) fprintf(stderr, "vitro: there is no command \"%s\"\n", asked);
    print_help(helped ? stdout : stderr);
    return helped ? 0 : 64;
}
