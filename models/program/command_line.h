/* command_line.h - command lines as tables: parsing, defaults, help and text follow from a row for each option. */
#ifndef MODELS_PROGRAM_COMMAND_LINE_H
#define MODELS_PROGRAM_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Arguments of the command line, which they are part of. */
typedef struct argument_list {
    int count;
    char **texts;
} argument_list;

typedef struct command_option {
    enum {
        OPTION_HEADING,  /* what the options below it have in common: its name */
        OPTION_FLAG,     /* bool; false until it is given */
        OPTION_TEXT,     /* const char * */
        OPTION_INTEGER,  /* int64_t from low to high */
        OPTION_NUMBER,   /* double from low to high, without low itself where it is `above` */
        OPTION_DURATION, /* double, in seconds: "90", "90s", "30m", "1.5h" */
        OPTION_BYTES,    /* double, in bytes: "1000000", "512M", "1.5G", by powers of 1024 */
        OPTION_DTYPE,    /* vt_dtype: one of the words in `value`, "f32|bf16" */
        OPTION_MODEL,    /* const char *: the name of a model of the zoo */
        OPTION_RECIPE,   /* const char *: of recipe.h; options on the command line override its values */
        OPTION_ARGUMENT, /* const char *: what stands without a name, in the order of the rows; NULL where left out */
        OPTION_ARGUMENTS /* argument_list: the last of these rows, for all that stand behind the others */
    } kind;
    const char *name;  /* on the command line, behind "--" */
    size_t offset;     /* of the field in the program's struct */
    const char *value; /* what stands in the help for what is given */
    double low, high;
    bool above;
    const char *fallback;  /* what the option is where it is left out, as it would be given; NULL: none */
    const char *otherwise; /* what that is in the help, where there is no fallback */
    bool fixed;            /* it decides what is computed: a run is resumed with the same value alone */
    const char *help;
    bool required;          /* of an argument, and of a text */
    bool one_of;            /* of a text: it is one of the words in `value`, "sgd|adam" */
    bool or_auto;           /* of an integer: it may be the word auto, which is VT_AUTO */
    bool of_zoo;            /* of an argument: it is the name of a model, or a pattern of names */
    const char *instead_of; /* an option that a recipe may have, which does not count where this one is given */
} command_option;

/* The offset of a field of the program's struct. */
#define OPTION_FIELD(field) .offset = offsetof(options, field)

enum { COMMAND_LINE_TABLES = 16, COMMAND_LINE_ROWS = 128 };

typedef struct command_line {
    const char *version; /* "program 1.0" */
    const char *doc;     /* what the program does */
    /* Rows, of several tables where programs have some in common; each ends with a name of NULL. */
    const command_option *tables[COMMAND_LINE_TABLES];
    bool no_models; /* the list of models does not stand at the end of the help */
} command_line;

/* Rows of all tables by number; NULL past the last. */
const command_option *command_line_row(const command_line *line, int number);
/* Whether a row is of what stands without a name. */
bool command_option_is_argument(const command_option *o);

/* Whether an option has a value: it was given, or has a default that is a value. */
bool command_option_has_value(const command_option *o, const void *target);

/* Which options were given, those of a recipe not among them. */
typedef struct given_options {
    const command_line *line;     /* NULL: there was none */
    bool rows[COMMAND_LINE_ROWS]; /* by their number */
} given_options;
bool given_options_have(const given_options *given, const char *name);

/* Fills the program's struct from defaults and command line; what has no fallback and is not given is as it was. Prints
 * help or a message and exits, as command lines do, where it is not one to run. */
given_options command_line_parse(const command_line *line, int argc, char **argv, void *target);

/* The options that are fixed, as text of less than `size` bytes: a line each, "epochs=10". */
void command_line_list_fixed(const command_line *line, const void *target, char *text, size_t size);

/* The command line that gives the struct these values, as a shell reads it: "vit_cifar10 --epochs=10 --lr=0.001". It
 * has every option that has a value and is wanted, and no arguments. To be freed by the caller; NULL where memory is
 * short. */
char *command_line_text(const command_line *line, const void *target,
                        bool (*is_wanted)(const char *name, const void *user), const void *user);

#endif
