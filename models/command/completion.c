/* completion.c - how shells complete the command line of vitro. Files complete where nothing better is known. */
#include "command/completion.h"
#include "zoo.h"
#include <string.h>

/* -- What the table says ------------------------------------------------------------------------------------------- */

static bool is_option(const command_option *o)
{
    return o->kind != OPTION_HEADING && !command_option_is_argument(o);
}

static bool is_of_zoo(const command_option *o)
{
    return o->kind == OPTION_MODEL || o->of_zoo;
}

/* Whether its value is one of the words that stand in the help for it. */
static bool has_words(const command_option *o)
{
    return o->kind == OPTION_DTYPE || o->one_of;
}

static bool takes_models(const command *c)
{
    const command_option *o;
    for (int i = 0; (o = command_line_row(c->line, i)); i++)
        if (!is_option(o) && is_of_zoo(o)) return true;
    return false;
}

/* Text between single quotes of a shell, in which a quote ends and begins again. */
static void print_quoted(FILE *stream, const char *text)
{
    for (; *text; text++) fputs(*text == '\'' ? "'\\''" : (const char[]){ *text, 0 }, stream);
}

static void print_models(FILE *stream)
{
    const variant *v;
    for (int i = 0; (v = zoo_variant(i, NULL)); i++) fprintf(stream, "%s%s", i ? " " : "", v->name);
}

static void print_commands(FILE *stream, const command *const *commands)
{
    for (const command *const *c = commands; *c; c++) fprintf(stream, "%s ", (*c)->name);
}

/* "f32|f64|bf16" as "f32 f64 bf16" */
static void print_words(FILE *stream, const char *words)
{
    for (; *words; words++) fputc(*words == '|' ? ' ' : *words, stream);
}

/* -- bash ---------------------------------------------------------------------------------------------------------- */

/* Options whose value is one of a few words: the case of each. */
static void print_bash_values(FILE *stream, const command *c)
{
    const command_option *o;
    for (int i = 0; (o = command_line_row(c->line, i)); i++) {
        if (!is_option(o) || (!has_words(o) && !is_of_zoo(o))) continue;
        fprintf(stream, "        %s:--%s) words=\"", c->name, o->name);
        if (is_of_zoo(o))
            fputs("$models", stream);
        else
            print_words(stream, o->value);
        fputs("\" ;;\n", stream);
    }
}

static void print_bash_options(FILE *stream, const command *c)
{
    fprintf(stream, "        %s) words=\"", c->name);
    const command_option *o;
    for (int i = 0; (o = command_line_row(c->line, i)); i++)
        if (is_option(o)) fprintf(stream, "--%s%s ", o->name, o->value ? "=" : "");
    fputs("--help\" ;;\n", stream);
}

static void print_bash(FILE *stream, const command *const *commands)
{
    fputs(
        "# bash completion of vitro\n"
        "_vitro() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} words=\n"
        "    local models='",
        stream);
    print_models(stream);
    fputs("'\n    COMPREPLY=()\n"
          "    # --option=value is three words to bash\n"
          "    if [[ $word == '=' ]]; then word=; elif [[ $before == '=' ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; "
          "fi\n"
          "    if ((COMP_CWORD == 1)); then\n        words=\"",
          stream);
    print_commands(stream, commands);
    fputs("--help --version\"\n"
          "    elif [[ $word == -* ]]; then\n        case $command in\n",
          stream);
    for (const command *const *c = commands; *c; c++) print_bash_options(stream, *c);
    fputs("        esac\n    else\n        case $command:$before in\n", stream);
    for (const command *const *c = commands; *c; c++) print_bash_values(stream, *c);
    for (const command *const *c = commands; *c; c++)
        if (takes_models(*c)) fprintf(stream, "        %s:*) words=\"$models\" ;;\n", (*c)->name);
    fputs("        esac\n    fi\n"
          "    [[ $words ]] && mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
          "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
          "    return 0\n}\n"
          "complete -o default -F _vitro vitro\n",
          stream);
}

/* -- zsh ----------------------------------------------------------------------------------------------------------- */

/* Text of a specification, in which brackets and colons have a meaning. */
static void print_zsh_text(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text)) fputc('\\', stream);
        fputs(*text == '\'' ? "'\\''" : (const char[]){ *text, 0 }, stream);
    }
}

static void print_zsh_values(FILE *stream, const command_option *o)
{
    if (is_of_zoo(o)) {
        fputs("($models)", stream);
    } else if (has_words(o)) {
        fputc('(', stream);
        print_words(stream, o->value);
        fputc(')', stream);
    } else
        fputs("_files", stream);
}

static void print_zsh_option(FILE *stream, const command_option *o)
{
    fputs(" \\\n                ", stream);
    if (!is_option(o)) {
        fprintf(stream, "\"%s:%s:", o->kind == OPTION_ARGUMENTS ? "*" : o->required ? "" : ":", o->name);
        print_zsh_values(stream, o);
        fputs("\"", stream);
        return;
    }
    fprintf(stream, "'--%s%s[", o->name, o->value ? "=" : "");
    print_zsh_text(stream, o->help);
    fputs("]'", stream);
    if (!o->value) return;
    fputs("\":", stream);
    print_zsh_text(stream, o->name);
    fputc(':', stream);
    print_zsh_values(stream, o);
    fputs("\"", stream);
}

static void print_zsh(FILE *stream, const command *const *commands)
{
    fputs("#compdef vitro\n_vitro() {\n    local models='", stream);
    print_models(stream);
    fputs("'\n    if ((CURRENT == 2)); then\n        local -a commands=(\n", stream);
    for (const command *const *c = commands; *c; c++) {
        fprintf(stream, "            '%s:", (*c)->name);
        print_quoted(stream, (*c)->summary);
        fputs("'\n", stream);
    }
    fputs("        )\n        _describe command commands\n        return\n    fi\n"
          "    local command=$words[2]\n    shift words\n    ((CURRENT--))\n    case $command in\n",
          stream);
    for (const command *const *c = commands; *c; c++) {
        fprintf(stream, "        %s)\n            _arguments", (*c)->name);
        const command_option *o;
        for (int i = 0; (o = command_line_row((*c)->line, i)); i++)
            if (o->kind != OPTION_HEADING) print_zsh_option(stream, o);
        fputs(" ;;\n", stream);
    }
    fputs("    esac\n}\n_vitro \"$@\"\n", stream);
}

/* -- fish ---------------------------------------------------------------------------------------------------------- */

/* Text between single quotes of fish, where a backslash stands before a quote or another one. */
static void print_fish_text(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') fputc('\\', stream);
        fputc(*text, stream);
    }
}

static void print_fish_option(FILE *stream, const command *c, const command_option *o)
{
    if (!is_option(o) && !is_of_zoo(o)) return;
    fprintf(stream, "complete -c vitro -n '__fish_seen_subcommand_from %s'", c->name);
    if (is_option(o)) {
        fprintf(stream, " -l %s -d '", o->name);
        print_fish_text(stream, o->help);
        fputs("'", stream);
    }
    if (o->value && is_option(o)) fputs(" -r", stream);
    if (is_of_zoo(o))
        fputs(" -f -a \"$__vitro_models\"", stream);
    else if (has_words(o)) {
        fputs(" -f -a '", stream);
        print_words(stream, o->value);
        fputs("'", stream);
    }
    fputc('\n', stream);
}

static void print_fish(FILE *stream, const command *const *commands)
{
    fputs("# fish completion of vitro\nset -g __vitro_models ", stream);
    print_models(stream);
    fputc('\n', stream);
    for (const command *const *c = commands; *c; c++) {
        fprintf(stream, "complete -c vitro -n __fish_use_subcommand -f -a %s -d '", (*c)->name);
        print_fish_text(stream, (*c)->summary);
        fputs("'\n", stream);
    }
    for (const command *const *c = commands; *c; c++) {
        const command_option *o;
        for (int i = 0; (o = command_line_row((*c)->line, i)); i++)
            if (o->kind != OPTION_HEADING) print_fish_option(stream, *c, o);
    }
}

bool completion_print(FILE *stream, const char *shell, const command *const *commands)
{
    static const struct {
        const char *shell;
        void (*print)(FILE *, const command *const *);
    } shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shell, shells[i].shell) != 0) continue;
        shells[i].print(stream, commands);
        return true;
    }
    return false;
}
