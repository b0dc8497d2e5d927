/* command_line_text.c - options as text: those that are fixed, and the command line that gives them. */
#include "program/command_line.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

/* -- Values -------------------------------------------------------------------------------------------------------- */

/* With as many digits as tell it from other numbers. */
static void print_number(double number, char *text, size_t size)
{
    if (number == VT_AUTO) {
        snprintf(text, size, "auto");
        return;
    }
    snprintf(text, size, "%.15g", number);
    if (strtod(text, NULL) != number) snprintf(text, size, "%.17g", number);
}

static void print_integer(int64_t number, char *text, size_t size)
{
    if (number == VT_AUTO)
        snprintf(text, size, "auto");
    else
        snprintf(text, size, "%lld", (long long)number);
}

static void print_text(const char *value, char *text, size_t size)
{
    snprintf(text, size, "%s", value ? value : "none");
}

static void print_value(const command_option *o, const void *target, char *text, size_t size)
{
    const void *field = (const char *)target + o->offset;
    switch (o->kind) {
    case OPTION_HEADING:
    case OPTION_ARGUMENTS: break;
    case OPTION_FLAG: snprintf(text, size, "%s", *(const bool *)field ? "yes" : "no"); break;
    case OPTION_TEXT:
    case OPTION_RECIPE:
    case OPTION_ARGUMENT:
    case OPTION_MODEL: print_text(*(const char *const *)field, text, size); break;
    case OPTION_INTEGER: print_integer(*(const int64_t *)field, text, size); break;
    case OPTION_BYTES:
    case OPTION_DURATION:
    case OPTION_NUMBER: print_number(*(const double *)field, text, size); break;
    case OPTION_DTYPE: snprintf(text, size, "%s", vt_dtype_name(*(const vt_dtype *)field)); break;
    }
}

bool command_option_has_value(const command_option *o, const void *target)
{
    const void *field = (const char *)target + o->offset;
    switch (o->kind) {
    case OPTION_HEADING: return false;
    case OPTION_FLAG: return *(const bool *)field;
    case OPTION_INTEGER: return (double)*(const int64_t *)field >= o->low && (double)*(const int64_t *)field <= o->high;
    case OPTION_NUMBER: return *(const double *)field >= o->low && *(const double *)field <= o->high;
    case OPTION_BYTES:
    case OPTION_DURATION: return *(const double *)field > 0;
    case OPTION_DTYPE: return true;
    case OPTION_ARGUMENTS: return ((const argument_list *)field)->count > 0;
    case OPTION_TEXT:
    case OPTION_RECIPE:
    case OPTION_ARGUMENT:
    case OPTION_MODEL: break;
    }
    const char *text = *(const char *const *)field;
    return text && *text;
}

/* -- What is fixed ------------------------------------------------------------------------------------------------- */

void command_line_list_fixed(const command_line *line, const void *target, char *text, size_t size)
{
    const command_option *o;
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; (o = command_line_row(line, i)); i++) {
        char value[256];
        if (!o->fixed) continue;
        print_value(o, target, value, sizeof value);
        int length = snprintf(text + used, size - used, "%s%s=%s", used ? "\n" : "", o->name, value);
        used += (size_t)length < size - used ? (size_t)length : size - used - 1;
    }
}

/* -- The command line ---------------------------------------------------------------------------------------------- */

/* A word of a shell's command line, in quotes where it needs them. */
static void print_word(FILE *stream, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=.,:/@%";
    if (*word && word[strspn(word, plain)] == 0) {
        fputs(word, stream);
        return;
    }
    fputc('\'', stream);
    for (; *word; word++) fputs(*word == '\'' ? "'\\''" : (char[]){ *word, 0 }, stream);
    fputc('\'', stream);
}

static void print_option(FILE *stream, const command_option *o, const void *target)
{
    char number[64];
    const char *text = number;
    if (o->kind == OPTION_TEXT || o->kind == OPTION_MODEL || o->kind == OPTION_RECIPE)
        text = *(const char *const *)(const void *)((const char *)target + o->offset);
    else
        print_value(o, target, number, sizeof number);
    fprintf(stream, " --%s", o->name);
    if (o->kind == OPTION_FLAG) return;
    fputc('=', stream);
    print_word(stream, text);
}

char *command_line_text(const command_line *line, const void *target,
                        bool (*is_wanted)(const char *name, const void *user), const void *user)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    const command_option *o;
    if (!stream) return NULL;
    /* "vit_cifar10 (vitro) 1.0", "vitro finetune 1.0" */
    const char *version = line->version, *end = strstr(version, " (");
    fprintf(stream, "%.*s", (int)((end ? end : strrchr(version, ' ')) - version), version);
    for (int i = 0; (o = command_line_row(line, i)); i++)
        if (!command_option_is_argument(o) && command_option_has_value(o, target) && is_wanted(o->name, user))
            print_option(stream, o, target);
    if (fclose(stream) == 0) return text;
    free(text);
    return NULL;
}
