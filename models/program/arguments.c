/* arguments.c - what the command lines of the programs share. */
#include "program/arguments.h"
#include "zoo.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t argument_integer(struct argp_state *state, const char *name, const char *text, int64_t low, int64_t high)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < low || value > high)
        argp_error(state, "--%s is \"%s\"; it must be a whole number from %lld to %lld", name, text, (long long)low,
                   (long long)high);
    return value;
}

double argument_number(struct argp_state *state, const char *name, const char *text, bool positive)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value) || value < 0 || (positive && value == 0))
        argp_error(state, "--%s is \"%s\"; it must be a number %s", name, text, positive ? "above 0" : "of 0 or more");
    return value;
}

/* The list of models, to be freed by the caller. */
static char *list_models(void)
{
    size_t size = 0;
    char *list = NULL;
    FILE *stream = open_memstream(&list, &size);
    if (!stream) return NULL;
    fputs("Models:", stream);
    for (int i = 0; classifier_name(i); i++) fprintf(stream, "\n  %-24s %s", classifier_name(i), classifier_summary(i));
    fclose(stream);
    return list;
}

const char *argument_model(struct argp_state *state, const char *text)
{
    for (int i = 0; classifier_name(i); i++)
        if (strcmp(text, classifier_name(i)) == 0) return text;
    char *list = list_models();
    argp_error(state, "there is no model \"%s\". %s", text, list ? list : "");
    free(list);
    return NULL;
}

char *argument_help_filter(int key, const char *text, void *input)
{
    (void)input;
    char *list = key == ARGP_KEY_HELP_POST_DOC ? list_models() : NULL;
    return list ? list : (char *)text;
}
