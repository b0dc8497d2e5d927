/* manual.c - the manual page of vitro, in the macros of man(7). */
#include "command/manual.h"
#include <string.h>

/* Text in which roff sees nothing of its own. */
static void print_text(FILE *stream, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\\')
            fputs("\\e", stream);
        else if (*c == '-')
            fputs("\\-", stream);
        else if (*c == '\'' || *c == '.')
            fprintf(stream, c == text ? "\\&%c" : "%c", *c);
        else
            fputc(*c, stream);
    }
}

static void print_argument(FILE *stream, const command_option *o)
{
    fputs(o->required ? " \\fI" : " [\\fI", stream);
    print_text(stream, o->name);
    fputs("\\fR", stream);
    if (o->kind == OPTION_ARGUMENTS) fputs("...", stream);
    if (!o->required) fputs("]", stream);
}

/* "vitro check [OPTION...] FILE" */
static void print_synopsis(FILE *stream, const command *c)
{
    fprintf(stream, ".B vitro %s\n", c->name);
    fputs("[\\fIOPTION\\fR...]", stream);
    const command_option *o;
    for (int i = 0; (o = command_line_row(c->line, i)); i++)
        if (command_option_is_argument(o)) print_argument(stream, o);
    fputs("\n.br\n", stream);
}

/* ".TP --top=N", and what it is. */
static void print_option(FILE *stream, const command_option *o)
{
    const char *left_out = o->fallback ? o->fallback : o->otherwise;
    fputs(".TP\n", stream);
    if (command_option_is_argument(o)) {
        fputs("\\fI", stream);
        print_text(stream, o->name);
        fputs("\\fR\n", stream);
    } else {
        fputs("\\fB\\-\\-", stream);
        print_text(stream, o->name);
        fputs("\\fR", stream);
        if (o->value) {
            fputs("=\\fI", stream);
            print_text(stream, o->value);
            fputs("\\fR", stream);
        }
        fputs("\n", stream);
    }
    print_text(stream, o->help);
    if (left_out) {
        fputs(" (", stream);
        print_text(stream, left_out);
        fputs(")", stream);
    }
    fputs(".\n", stream);
}

static void print_command(FILE *stream, const command *c)
{
    const command_option *o;
    fprintf(stream, ".SS vitro %s\n", c->name);
    print_text(stream, c->line->doc);
    fputs("\n", stream);
    for (int i = 0; (o = command_line_row(c->line, i)); i++) {
        if (o->kind == OPTION_HEADING) {
            fputs(".PP\n", stream);
            print_text(stream, o->name);
            fputs("\n", stream);
        } else
            print_option(stream, o);
    }
}

int manual_print(FILE *stream, const command *const *commands)
{
    fputs(".TH VITRO 1 \"\" \"vitro " VITRO_VERSION "\"\n"
          ".SH NAME\nvitro \\- look at, use and train vision models\n"
          ".SH SYNOPSIS\n",
          stream);
    for (const command *const *c = commands; *c; c++) print_synopsis(stream, *c);
    fputs(".B vitro\n\\-\\-help | \\-\\-version\n"
          ".SH DESCRIPTION\n"
          "Each command does one thing with the models that vitro has. \\fBvitro models\\fR lists them.\n"
          ".SH COMMANDS\n",
          stream);
    for (const command *const *c = commands; *c; c++) print_command(stream, *c);
    fputs(".SH EXIT STATUS\n0 where all was done; 64 where the command line is wrong; 1 otherwise.\n", stream);
    return ferror(stream) != 0;
}
