/* command_line.c - command lines as tables, on argp. */
#include "program/command_line.h"
#include "program/recipe.h"
#include "zoo.h"
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_KEY = 256, HELP_SIZE = 512 };

typedef struct parsing {
    const command_line *line;
    void *target;
    given_options given;
    recipe recipe;
    const char *file; /* that values are read from; NULL: the command line */
} parsing;

/* -- Values -------------------------------------------------------------------------------------------------------- */

/* "--lr is "fast"; it must be ...", and for a recipe "mine.json: lr is ...". */
static void refuse(struct argp_state *state, const command_option *o, const char *text, const char *format, ...)
    VT_PRINTF(4, 5);
static void refuse(struct argp_state *state, const command_option *o, const char *text, const char *format, ...)
{
    const parsing *p = state->input;
    char wanted[256];
    va_list list;
    va_start(list, format);
    vsnprintf(wanted, sizeof wanted, format, list);
    va_end(list);
    if (p->file)
        argp_error(state, "%s: %s is \"%s\"; it must be %s", p->file, o->name, text, wanted);
    else
        argp_error(state, "--%s is \"%s\"; it must be %s", o->name, text, wanted);
}

static void parse_integer(struct argp_state *state, const command_option *o, const char *text, int64_t *value)
{
    char *end;
    if (o->or_auto && strcmp(text, "auto") == 0) {
        *value = VT_AUTO;
        return;
    }
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (errno || end == text || *end || (double)parsed < o->low || (double)parsed > o->high)
        refuse(state, o, text, "a whole number from %.0f to %.0f%s", o->low, o->high, o->or_auto ? ", or auto" : "");
    *value = parsed;
}

static void parse_number(struct argp_state *state, const command_option *o, const char *text, double *value)
{
    char *end, range[64] = "";
    double parsed = strtod(text, &end);
    if (isfinite(o->high)) snprintf(range, sizeof range, " and at most %g", o->high);
    if (end == text || *end || !isfinite(parsed) || parsed < o->low || parsed > o->high ||
        (o->above && parsed == o->low))
        refuse(state, o, text, "a number %s %g%s%s", o->above ? "above" : "of", o->low, o->above ? "" : " or more",
               range);
    *value = parsed;
}

/* Whether `word` is one of those in "f32|f64|bf16". */
static bool is_among(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; *at; at += strcspn(at, "|"), at += *at == '|')
        if (strcspn(at, "|") == length && strncmp(at, word, length) == 0) return true;
    return false;
}

/* "f32|f64|bf16" as "f32, f64 or bf16". */
static const char *list_words(const char *words, char *text, size_t size)
{
    size_t used = 0;
    const char *last = strrchr(words, '|');
    for (const char *at = words; *at && used + 5 < size; at++) {
        if (*at == '|')
            used += (size_t)snprintf(text + used, size - used, "%s", at == last ? " or " : ", ");
        else
            text[used++] = *at;
    }
    text[used] = 0;
    return text;
}

static void parse_text(struct argp_state *state, const command_option *o, const char *text, const char **value)
{
    char listed[256];
    *value = text;
    if (o->one_of && !is_among(o->value, text))
        refuse(state, o, text, "%s", list_words(o->value, listed, sizeof listed));
}

static void parse_duration(struct argp_state *state, const command_option *o, const char *text, double *value)
{
    char *unit;
    double number = strtod(text, &unit);
    const double seconds = strcmp(unit, "") == 0 || strcmp(unit, "s") == 0 ? 1
                           : strcmp(unit, "m") == 0                        ? 60
                           : strcmp(unit, "h") == 0                        ? 3600
                                                                           : 0;
    if (unit == text || seconds == 0 || !isfinite(number) || number <= 0)
        refuse(state, o, text, "a time, such as 90s, 30m or 1.5h");
    *value = number * seconds;
}

static void parse_bytes(struct argp_state *state, const command_option *o, const char *text, double *value)
{
    static const char units[] = "KMGT";
    char *rest;
    double number = strtod(text, &rest);
    const char *unit = rest != text && *rest ? strchr(units, *rest) : NULL;
    if (unit) rest++;
    for (; unit && unit >= units; unit--) number *= 1024;
    if (rest == text || *rest || !(number >= 1 && number <= 0x1p60))
        refuse(state, o, text, "a size, such as 512M or 2G");
    *value = number;
}

static void parse_dtype(struct argp_state *state, const command_option *o, const char *text, vt_dtype *value)
{
    for (int dtype = VT_DTYPE_DEFAULT + 1; dtype < VT_DTYPE_COUNT; dtype++) {
        if (strcmp(text, vt_dtype_name((vt_dtype)dtype)) != 0 || !is_among(o->value, text)) continue;
        *value = (vt_dtype)dtype;
        return;
    }
    char listed[128];
    refuse(state, o, text, "%s", list_words(o->value, listed, sizeof listed));
}

static void parse_model(struct argp_state *state, const char *text, const char **value)
{
    const parsing *p = state->input;
    *value = text;
    if (zoo_find(text, NULL)) return;
    char nearest[256] = "";
    zoo_list_nearest(text, nearest, sizeof nearest);
    argp_error(state, "%s%sthere is no model \"%s\"; the nearest names are %s", p->file ? p->file : "",
               p->file ? ": " : "", text, nearest);
}

/* argp has put all arguments behind the options before it hands out the first. */
static void add_argument(const struct argp_state *state, argument_list *list)
{
    if (list->count++ == 0) list->texts = &state->argv[state->next - 1];
}

static void parse_value(struct argp_state *state, const command_option *o, const char *text, void *target)
{
    void *field = (char *)target + o->offset;
    switch (o->kind) {
    case OPTION_HEADING: break;
    case OPTION_FLAG: *(bool *)field = true; break;
    case OPTION_TEXT: parse_text(state, o, text, field); break;
    case OPTION_INTEGER: parse_integer(state, o, text, field); break;
    case OPTION_NUMBER: parse_number(state, o, text, field); break;
    case OPTION_DURATION: parse_duration(state, o, text, field); break;
    case OPTION_BYTES: parse_bytes(state, o, text, field); break;
    case OPTION_DTYPE: parse_dtype(state, o, text, field); break;
    case OPTION_MODEL: parse_model(state, text, field); break;
    case OPTION_RECIPE:
    case OPTION_ARGUMENT: *(const char **)field = text; break;
    case OPTION_ARGUMENTS: add_argument(state, field); break;
    }
}

/* -- Rows ---------------------------------------------------------------------------------------------------------- */

bool command_option_is_argument(const command_option *o)
{
    return o->kind == OPTION_ARGUMENT || o->kind == OPTION_ARGUMENTS;
}

const command_option *command_line_row(const command_line *line, int number)
{
    for (int t = 0; t < COMMAND_LINE_TABLES && line->tables[t]; t++)
        for (const command_option *o = line->tables[t]; o->name; o++)
            if (number-- == 0) return o;
    return NULL;
}

bool given_options_have(const given_options *given, const char *name)
{
    const command_option *o;
    for (int i = 0; given->line && (o = command_line_row(given->line, i)); i++)
        if (given->rows[i] && strcmp(o->name, name) == 0) return true;
    return false;
}

/* -- Recipes ------------------------------------------------------------------------------------------------------- */

/* NULL: a recipe has no such option. */
static const command_option *row_of_name(const command_line *line, const char *name)
{
    const command_option *o;
    for (int i = 0; (o = command_line_row(line, i)); i++)
        if (o->kind != OPTION_HEADING && o->kind != OPTION_RECIPE && !command_option_is_argument(o) &&
            strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

static bool is_of_type(const command_option *o, const json_t *value)
{
    switch (o->kind) {
    case OPTION_FLAG: return json_is_true(value);
    case OPTION_TEXT:
    case OPTION_DTYPE:
    case OPTION_MODEL: return json_is_string(value);
    case OPTION_INTEGER: return json_is_number(value) || (o->or_auto && json_is_string(value));
    case OPTION_NUMBER: return json_is_number(value);
    case OPTION_BYTES:
    case OPTION_DURATION: return json_is_string(value) || json_is_number(value);
    default: return false;
    }
}

static const char *type_of(const command_option *o)
{
    switch (o->kind) {
    case OPTION_FLAG: return "true";
    case OPTION_INTEGER:
    case OPTION_NUMBER: return "a number";
    case OPTION_BYTES: return "a number of bytes, or a string such as \"2G\"";
    case OPTION_DURATION: return "a number of seconds, or a string such as \"30m\"";
    default: return "a string";
    }
}

/* Whether an option that is given takes the place of this one. */
static bool is_replaced(const parsing *p, const command_option *o)
{
    const command_option *other;
    for (int i = 0; (other = command_line_row(p->line, i)); i++)
        if (p->given.rows[i] && other->instead_of && strcmp(other->instead_of, o->name) == 0) return true;
    return false;
}

static void parse_recipe_value(struct argp_state *state, const parsing *p, const char *name, const json_t *value)
{
    const command_option *o = row_of_name(p->line, name);
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    if (!o)
        argp_error(state, "%s: there is no option \"%s\"", p->file, name);
    else if (!is_of_type(o, value))
        argp_error(state, "%s: %s is %s; it must be %s", p->file, name, text ? text : "", type_of(o));
    else if (!is_replaced(p, o))
        parse_value(state, o, json_is_string(value) ? json_string_value(value) : text, p->target);
    free(text);
}

static void parse_recipe(struct argp_state *state, parsing *p)
{
    const char *name;
    json_t *value;
    p->file = p->recipe.file;
    json_object_foreach(p->recipe.values, name, value) parse_recipe_value(state, p, name, value);
    p->file = NULL;
}

/* -- Parsing ------------------------------------------------------------------------------------------------------- */

/* The option of a key of argp; NULL: the key is none of an option. */
static const command_option *row_of_key(const parsing *p, int key)
{
    return key < FIRST_KEY || key >= FIRST_KEY + COMMAND_LINE_ROWS ? NULL : command_line_row(p->line, key - FIRST_KEY);
}

static void parse_argument(struct argp_state *state, const parsing *p, const char *text)
{
    const command_option *o;
    unsigned row = 0;
    for (int i = 0; (o = command_line_row(p->line, i)); i++) {
        if (!command_option_is_argument(o) || (o->kind == OPTION_ARGUMENT && row++ < state->arg_num)) continue;
        parse_value(state, o, text, p->target);
        return;
    }
    argp_error(state, "\"%s\" is not an option", text);
}

static void require(struct argp_state *state, const parsing *p)
{
    const command_option *o;
    unsigned arguments = 0;
    for (int i = 0; (o = command_line_row(p->line, i)); i++) {
        if (command_option_is_argument(o) && ++arguments > state->arg_num && o->required)
            argp_error(state, "%s is missing", o->name);
        if (o->kind == OPTION_TEXT && o->required && !*(char **)((char *)p->target + o->offset))
            argp_error(state, "--%s is missing", o->name);
    }
}

static void parse_fallbacks(struct argp_state *state, const parsing *p)
{
    const command_option *o;
    for (int i = 0; (o = command_line_row(p->line, i)); i++)
        if (o->fallback) parse_value(state, o, o->fallback, p->target);
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    parsing *p = state->input;
    const command_option *o = row_of_key(p, key);
    if (key == ARGP_KEY_ARG) {
        parse_argument(state, p, text);
        return 0;
    }
    if (key == ARGP_KEY_END) require(state, p);
    if (!o) return ARGP_ERR_UNKNOWN;
    parse_value(state, o, text, p->target);
    return 0;
}

/* What comes before the values of the command line: those of the recipe that it names, and before them the fallbacks.
 */
static error_t prepare_option(int key, char *text, struct argp_state *state)
{
    parsing *p = state->input;
    const command_option *o = row_of_key(p, key);
    if (key == ARGP_KEY_ARG) return 0;
    if (key == ARGP_KEY_END) {
        parse_fallbacks(state, p);
        parse_recipe(state, p);
    }
    if (!o) return ARGP_ERR_UNKNOWN;
    p->given.rows[key - FIRST_KEY] = true;
    if (o->kind != OPTION_RECIPE) return 0;
    recipe_free(&p->recipe);
    recipe_read(&p->recipe, text);
    if (!p->recipe.values) argp_error(state, "%s", p->recipe.problem);
    return 0;
}

/* -- Help ---------------------------------------------------------------------------------------------------------- */

static void list_models(FILE *stream)
{
    fputs("Models:", stream);
    const variant *v;
    for (int i = 0; (v = zoo_variant(i, NULL)); i++) fprintf(stream, "\n  %-36s %s", v->name, v->summary);
}

static bool takes_recipes(const command_line *line)
{
    const command_option *o;
    for (int i = 0; (o = command_line_row(line, i)); i++)
        if (o->kind == OPTION_RECIPE) return true;
    return false;
}

/* To be freed by the caller. */
static char *list_names(const command_line *line)
{
    size_t size = 0;
    char *list = NULL;
    FILE *stream = open_memstream(&list, &size);
    if (!stream) return NULL;
    if (takes_recipes(line)) recipes_list(stream);
    if (takes_recipes(line) && !line->no_models) fputs("\n\n", stream);
    if (!line->no_models) list_models(stream);
    fclose(stream);
    return list;
}

/* The lists of recipes and models stand at the end of the help. */
static char *filter_help(int key, const char *text, void *input)
{
    const parsing *p = input;
    char *list = key == ARGP_KEY_HELP_POST_DOC && p ? list_names(p->line) : NULL;
    return list ? list : (char *)text;
}

static void fill_argp(const command_line *line, struct argp_option *out, char (*help)[HELP_SIZE])
{
    const command_option *o;
    int group = 0;
    for (int i = 0; (o = command_line_row(line, i)) && i < COMMAND_LINE_ROWS; i++) {
        const char *left_out = o->fallback ? o->fallback : o->otherwise;
        if (o->kind == OPTION_HEADING || command_option_is_argument(o)) {
            /* argp's lists have no row for an argument: it stands there as documentation. */
            bool heading = o->kind == OPTION_HEADING;
            if (heading)
                out[i] = (struct argp_option){ .doc = o->name, .group = ++group };
            else
                out[i] = (struct argp_option){ .name = o->name, .flags = OPTION_DOC, .doc = o->help };
            continue;
        }
        snprintf(help[i], HELP_SIZE, left_out ? "%s (%s)" : "%s", o->help, left_out);
        out[i] = (struct argp_option){ .name = o->name, .key = FIRST_KEY + i, .arg = o->value, .doc = help[i] };
    }
}

/* "NAME [GLOB]", "IMAGE..." */
static void list_arguments(const command_line *line, char *text, size_t size)
{
    const command_option *o;
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; (o = command_line_row(line, i)); i++) {
        if (!command_option_is_argument(o)) continue;
        used += (size_t)snprintf(text + used, size - used, o->required ? "%s%s%s" : "%s[%s%s]", used ? " " : "",
                                 o->name, o->kind == OPTION_ARGUMENTS ? "..." : "");
    }
}

given_options command_line_parse(const command_line *line, int argc, char **argv, void *target)
{
    struct argp_option options[COMMAND_LINE_ROWS + 1] = { { 0 } };
    static char help[COMMAND_LINE_ROWS][HELP_SIZE], doc[2048], arguments[256];
    fill_argp(line, options, help);
    list_arguments(line, arguments, sizeof arguments);
    snprintf(doc, sizeof doc, line->no_models && !takes_recipes(line) ? "%s" : "%s\vModels:", line->doc);
    static parsing p; /* it stays: texts of the options point into the recipe */
    recipe_free(&p.recipe);
    p = (parsing){ .line = line, .target = target, .given = { .line = line } };
    argp_program_version = line->version;
    const struct argp first = { options, prepare_option, arguments, doc, 0, filter_help, 0 };
    argp_parse(&first, argc, argv, 0, 0, &p);
    const struct argp second = { options, parse_option, arguments, doc, 0, filter_help, 0 };
    argp_parse(&second, argc, argv, 0, 0, &p);
    return p.given;
}
