/* print.c - a program as C: each operation's text with its arguments in place of the words of call.h. */
#include "print.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct printing {
    FILE *to;
    const mode *mode;
    const statement *s;
    int name[MAX_VARIABLES]; /* variables are numbered anew, without gaps */
} printing;

/* -- Arguments ----------------------------------------------------------------------------------------------------- */

static void print_variable(const printing *p, int variable)
{
    if (variable == NO_VARIABLE)
        fprintf(p->to, "VT_INERT");
    else
        fprintf(p->to, "v[%d]", p->name[variable]);
}

static void print_in(const printing *p, int i)
{
    print_variable(p, p->s->in[i]);
}

static void print_list(const printing *p, int first)
{
    fprintf(p->to, "((vt_tensor[]){ ");
    for (int i = first; i < p->s->inputs; i++) {
        print_variable(p, p->s->in[i]);
        fprintf(p->to, i < p->s->inputs - 1 ? ", " : " ");
    }
    fprintf(p->to, "})");
}

static void print_count(const printing *p, int first)
{
    fprintf(p->to, "%d", p->s->inputs - first);
}

static void print_out(const printing *p, int i)
{
    fprintf(p->to, "&v[%d]", p->name[p->s->out] + i);
}

static void print_number(FILE *to, double x)
{
    if (isinf(x))
        fprintf(to, x < 0 ? "-INFINITY" : "INFINITY");
    else
        fprintf(to, x == 0 && signbit(x) ? "-0.0" : "%.17g", x);
}

static void print_real(const printing *p, int i)
{
    print_number(p->to, p->s->real[i]);
}

static void print_integer(const printing *p, int i)
{
    fprintf(p->to, "%d", p->s->integer[i]);
}

static void print_flag(const printing *p, int i)
{
    fprintf(p->to, p->s->integer[i] ? "true" : "false");
}

static void print_shape(const printing *p, int i)
{
    const vt_shape *shape = &p->s->shape[i];
    fprintf(p->to, shape->rank ? "VT_SHAPE(" : "VT_SCALAR");
    for (int k = 0; k < shape->rank; k++)
        fprintf(p->to, "%lld%s", (long long)shape->dim[k], k < shape->rank - 1 ? ", " : ")");
}

static void print_axes(const printing *p, int i)
{
    (void)i;
    const vt_axes *axes = &p->s->axes;
    fprintf(p->to, axes->count ? "VT_AXES(" : "(vt_axes){ 0 }");
    for (int k = 0; k < axes->count; k++) fprintf(p->to, "%d%s", axes->axis[k], k < axes->count - 1 ? ", " : ")");
}

static void print_text(const printing *p, int i)
{
    (void)i;
    fprintf(p->to, "\"%s\"", p->s->text);
}

static vt_dtype dtype_of(const printing *p)
{
    return dtype_of_element(p->s->element, p->mode->precision);
}

static void print_dtype(const printing *p, int i)
{
    (void)i;
    static const char *const names[VT_DTYPE_COUNT] = {
        [VT_F32] = "VT_F32", [VT_F64] = "VT_F64", [VT_I64] = "VT_I64",
        [VT_I32] = "VT_I32", [VT_U8] = "VT_U8",   [VT_BOOL] = "VT_BOOL"
    };
    fprintf(p->to, "%s", names[dtype_of(p)]);
}

static void print_data(const printing *p, int i)
{
    (void)i;
    static const char *const types[VT_DTYPE_COUNT] = { [VT_F32] = "float",   [VT_F64] = "double", [VT_I64] = "int64_t",
                                                       [VT_I32] = "int32_t", [VT_U8] = "uint8_t", [VT_BOOL] = "bool" };
    int64_t count = vt_shape_count(p->s->shape[0]);
    fprintf(p->to, count ? "((%s[]){ " : "NULL", types[dtype_of(p)]);
    for (int64_t k = 0; k < count; k++) {
        print_number(p->to, p->s->data[k]);
        fprintf(p->to, k < count - 1 ? ", " : " })");
    }
}

static void print_scope(const printing *p, int i)
{
    (void)i;
    fprintf(p->to, "scopes[%d]", p->s->integer[0]);
}

static void print_model(const printing *p, int i)
{
    (void)i;
    fprintf(p->to, "model");
}

static void print_optimizer(const printing *p, int i)
{
    (void)i;
    fprintf(p->to, "optimizer");
}

/* -- A statement --------------------------------------------------------------------------------------------------- */

static const struct word {
    const char *word;
    void (*print)(const printing *p, int i);
} words[] = {
    { "IN(", print_in },      { "LIST(", print_list },   { "COUNT(", print_count },        { "OUT(", print_out },
    { "REAL(", print_real },  { "INT(", print_integer }, { "FLAG(", print_flag },          { "SHAPE(", print_shape },
    { "AXES", print_axes },   { "TEXT", print_text },    { "DTYPE", print_dtype },         { "DATA", print_data },
    { "SCOPE", print_scope }, { "MODEL", print_model },  { "OPTIMIZER", print_optimizer },
};

/* Behind the word that begins here, printed; NULL where none does. */
static const char *print_word(const printing *p, const char *text)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i].word);
        if (strncmp(text, words[i].word, length) != 0) continue;
        char *end = (char *)text + length;
        bool numbered = end[-1] == '(';
        words[i].print(p, numbered ? (int)strtol(end, &end, 10) : 0);
        return numbered ? end + 1 : end;
    }
    return NULL;
}

static bool ends_a_name(const char *text, const char *start)
{
    return text > start && (text[-1] == '_' || (text[-1] >= 'A' && text[-1] <= 'Z'));
}

static void print_statement(const printing *p)
{
    const char *text = p->s->operation->text;
    fprintf(p->to, "    ");
    if (p->s->outputs && !strstr(text, "OUT(0)")) fprintf(p->to, "v[%d] = ", p->name[p->s->out]);
    for (const char *at = text; *at;) {
        const char *behind = ends_a_name(at, text) ? NULL : print_word(p, at);
        if (!behind) fputc(*at, p->to);
        at = behind ? behind : at + 1;
    }
    fprintf(p->to, ";\n");
}

/* -- All of it ----------------------------------------------------------------------------------------------------- */

static void print_mode(FILE *to, const mode *m)
{
    static const char *const precisions[VT_DTYPE_COUNT] = {
        [VT_F32] = "VT_F32", [VT_F64] = "VT_F64", [VT_BF16] = "VT_BF16"
    };
    fprintf(to, "    vt_set_device(\"%s\");\n    vt_set_precision(%s);\n", m->device, precisions[m->precision]);
    fprintf(to, "    vt_set_training(true);\n    vt_seed(1);\n    vt_set_threads(%d);\n", m->threads ? m->threads : 1);
    if (m->pass_off) fprintf(to, "    vt_set_pass(\"%s\", false);\n", m->pass_off);
    if (m->eager) fprintf(to, "    vt_set_eager(true);\n");
    if (m->decomposed) fprintf(to, "    /* with every composite op decomposed: a test's setting */\n");
}

void print_program(FILE *to, const program *program, const mode *m, const char *note)
{
    printing p = { .to = to, .mode = m };
    int variables = 0;
    for (int i = 0; i < program->count; i++)
        for (int k = 0; k < program->statements[i].outputs; k++) p.name[program->statements[i].out + k] = variables++;
    fprintf(to, "/* %s */\n#include <math.h>\n#include <stdio.h>\n#include <vitro/vitro.h>\n\nint main(void)\n{\n",
            note);
    print_mode(to, m);
    fprintf(to, "    vt_scope scopes[%d] = { vt_scope_begin() };\n    vt_model *model = vt_model_new();\n", MAX_SCOPES);
    fprintf(to, "    vt_optimizer *optimizer = NULL;\n    vt_tensor v[%d];\n\n", variables ? variables : 1);
    for (int i = 0; i < program->count; i++) {
        p.s = &program->statements[i];
        if (!is_left_out(m, p.s->operation->flags)) print_statement(&p);
    }
    fprintf(to, "\n    vt_scope_end(&scopes[0]);\n    vt_optimizer_free(optimizer);\n    vt_model_free(model);\n");
    fprintf(to, "    return vt_failed() ? vt_error_print(stderr) : 0;\n}\n");
}
