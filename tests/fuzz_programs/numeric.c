/* numeric.c - a gradient is the slope of the loss along a direction: all that it is of is moved by small steps.
 *
 * What gradients do not pass through has to stay as it was: what leaves were overwritten with, and constants. The first
 * run writes it down, and those with a step put it back. They are eager, so that every value is there to be read. */
#include "numeric.h"
#include "edit.h"
#include "random.h"
#include "core/context.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HELD = 2048 };

const mode differences = { .name = "differences of the reference in f64",
                           .device = "reference",
                           .precision = VT_F64,
                           .eager = true,
                           .disturbances = UNDISTURBED };

typedef struct slope {
    const program *program;
    int statement;
    running r;
    bool moved[MAX_VARIABLES];
    double step;
    bool writing_down;
    struct held {
        int statement, variable;
        double *data;
    } held[MAX_HELD];
    int held_count;
    double loss, analytic, scale; /* scale: the sum of what the analytic slope is the sum of, without signs */
} slope;

/* -- Values -------------------------------------------------------------------------------------------------------- */

static double *values_of(vt_tensor x)
{
    int64_t count = vt_count(x);
    double *data = malloc((size_t)(count + 1) * sizeof *data);
    if (!data) abort();
    if (!vt_read(x, data, count, VT_F64)) memset(data, 0, (size_t)count * sizeof *data);
    return data;
}

/* The direction in which a variable moves, element by element. */
static double direction(int variable, int64_t element)
{
    dice d = { (uint64_t)variable * 1000003 + (uint64_t)element };
    return uniform(&d, -1, 1);
}

/* What the variable held here in the true run: written down there, given back in the others. NULL: not known. */
static const double *hold(slope *s, int variable)
{
    if (s->writing_down && s->held_count < MAX_HELD)
        s->held[s->held_count++] = (struct held){ s->r.at, variable, values_of(s->r.variables[variable]) };
    for (int i = 0; i < s->held_count; i++)
        if (s->held[i].statement == s->r.at && s->held[i].variable == variable) return s->held[i].data;
    return NULL;
}

/* The first variable that is this tensor. */
static int first_of(const slope *s, int variable)
{
    vt_tensor x = s->r.variables[variable];
    int i = 0;
    while (s->r.variables[i].id != x.id || s->r.variables[i].generation != x.generation) i++;
    return i;
}

/* -- Steps --------------------------------------------------------------------------------------------------------- */

static double *moved_values(const slope *s, int variable, const double *from, int64_t count)
{
    double *data = malloc((size_t)(count + 1) * sizeof *data);
    if (!data) abort();
    bool moves = s->moved[variable];
    for (int64_t i = 0; i < count; i++) data[i] = (from ? from[i] : 0) + (moves ? s->step * direction(variable, i) : 0);
    return data;
}

static bool is_float(vt_tensor x)
{
    return vt_is_live(x) && vt_dtype_is_float(vt_dtype_of(x));
}

static void put_back_leaf(slope *s, int variable)
{
    vt_tensor x = s->r.variables[variable];
    if (!is_float(x) || first_of(s, variable) != variable) return;
    const double *held = hold(s, variable);
    if (s->writing_down || !held) return;
    double *data = moved_values(s, variable, held, vt_count(x));
    vt_write(x, data);
    free(data);
}

static void put_back_result(slope *s, const statement *by, int variable)
{
    vt_tensor *x = &s->r.variables[variable];
    if (!is_float(*x)) return;
    bool gradient = by->operation == &operation_gradient && !value_of(context_get(), *x)->needs_gradient;
    if (by->operation->flags & (CONSTANT | STEPS) || gradient) {
        const double *held = hold(s, variable);
        if (s->writing_down || !held) return;
        *x = vt_from_data(held, vt_shape_of(*x), VT_F64);
    }
    if (!s->moved[variable] || s->writing_down) return;
    double *data = moved_values(s, variable, NULL, vt_count(*x));
    *x = vt_add(*x, vt_from_data(data, vt_shape_of(*x), VT_F64));
    free(data);
}

typedef struct leaf_state {
    bool leaf;
    uint32_t version;
} leaf_state;

static leaf_state state_of(const slope *s, int variable)
{
    const value *v = value_of(context_get(), s->r.variables[variable]);
    return (leaf_state){ v && !v->producer, v ? v->recorded_version : 0 };
}

/* Runs a statement; then what it overwrote, or made a leaf, and what it made is put where it belongs. */
static bool take(slope *s, const statement *of)
{
    leaf_state before[MAX_VARIABLES];
    for (int i = 0; i < s->program->variables; i++) before[i] = state_of(s, i);
    if (!run_statement(&s->r, of)) return false;
    for (int i = 0; i < s->program->variables; i++) {
        leaf_state now = state_of(s, i);
        bool made = i >= of->out && i < of->out + of->outputs;
        if (now.leaf && (made || !before[i].leaf || now.version != before[i].version))
            put_back_leaf(s, i);
        else if (made)
            put_back_result(s, of, i);
    }
    return !vt_failed();
}

/* -- A run --------------------------------------------------------------------------------------------------------- */

static double dot(const slope *s, vt_tensor gradient, int variable, double *scale)
{
    double *g = values_of(gradient), sum = 0;
    for (int64_t i = 0; i < vt_count(gradient); i++) {
        sum += g[i] * direction(variable, i);
        *scale += fabs(g[i] * direction(variable, i));
    }
    (void)s;
    free(g);
    return sum;
}

/* vt_backward adds to the gradients there are: the sum of what it adds is what its loss is held to. */
static double sum_of_gradients(slope *s, double *scale)
{
    double sum = 0;
    for (int i = 0; i < s->program->variables; i++) {
        vt_tensor x = s->r.variables[i];
        if (!vt_is_live(x) || !vt_trainable(x) || first_of(s, i) != i) continue;
        s->moved[i] = true;
        vt_tensor g = vt_grad(x);
        if (g.id) sum += dot(s, g, i, scale);
    }
    return sum;
}

static bool measure_backward(slope *s, const statement *of)
{
    double before = 0;
    s->loss = vt_item(s->r.variables[of->in[0]]);
    if (s->writing_down) before = sum_of_gradients(s, &s->scale);
    if (!s->writing_down) return true;
    if (!run_statement(&s->r, of)) return false;
    s->analytic = sum_of_gradients(s, &s->scale) - before;
    return !vt_failed();
}

static bool measure_gradients(slope *s, const statement *of)
{
    vt_tensor y = s->r.variables[of->in[0]];
    double *values = values_of(y);
    const double *cotangent = NULL;
    /* The cotangent is given, whatever it was made of. */
    if (of->in[1] != NO_VARIABLE) cotangent = hold(s, of->in[1]);
    s->loss = 0;
    for (int64_t i = 0; i < vt_count(y); i++) s->loss += values[i] * (cotangent ? cotangent[i] : 1);
    free(values);
    if (!s->writing_down) return true;
    if (!run_statement(&s->r, of)) return false;
    for (int i = 2; i < of->inputs; i++) {
        int variable = first_of(s, of->in[i]);
        bool again = s->moved[variable];
        s->moved[variable] = true;
        if (!again) s->analytic += dot(s, s->r.variables[of->out + i - 2], variable, &s->scale);
    }
    return !vt_failed();
}

static bool run_to_statement(slope *s)
{
    static outcome o;
    run_begin(&s->r, s->program, &differences, &o);
    bool ok = true;
    for (; ok && s->r.at < s->statement; s->r.at++) ok = take(s, &s->program->statements[s->r.at]);
    const statement *of = &s->program->statements[s->statement];
    if (ok) ok = of->operation == &operation_backward ? measure_backward(s, of) : measure_gradients(s, of);
    run_end(&s->r);
    outcome_free(&o);
    return ok && !o.failed;
}

/* -- The comparison ------------------------------------------------------------------------------------------------ */

static bool is_leaf(const statement *s)
{
    return s->operation == &operation_leaf || s->operation == &operation_parameter;
}

/* Where one result is computed from another result of the same call, a step of the latter moves nothing. */
static bool is_by_one_of_several(const program *p, const statement *s)
{
    for (int i = 2; s->operation == &operation_gradients && i < s->inputs; i++)
        for (int k = 0; k < p->count; k++)
            if (makes(&p->statements[k], s->in[i]) && p->statements[k].outputs > 1) return true;
    return false;
}

/* A gradient may be written in what was computed, or not: its own gradient by that is not defined. */
static bool is_by_leaves(const program *p, const statement *s)
{
    for (int i = 2; s->operation == &operation_gradients && i < s->inputs; i++)
        for (int k = 0; k < p->count; k++)
            if (makes(&p->statements[k], s->in[i]) && !is_leaf(&p->statements[k])) return false;
    return true;
}

static int differentiating(const program *p)
{
    int found[MAX_STATEMENTS], count = 0;
    bool first = true;
    for (int i = 0; i < p->count; i++) {
        const operation *o = p->statements[i].operation;
        if (o != &operation_backward && o != &operation_gradients) continue;
        if ((first || is_by_leaves(p, &p->statements[i])) && !is_by_one_of_several(p, &p->statements[i]))
            found[count++] = i;
        first = false;
    }
    return count ? found[p->seed % (uint64_t)count] : -1;
}

/* True where the slope by steps of that size is another, and the loss smooth. */
static bool differs(slope *s, double step, double *numeric)
{
    double analytic = s->analytic, scale = s->scale, at = s->loss, sides[2];
    s->writing_down = false;
    for (int i = 0; i < 2; i++) {
        s->step = i ? -step : step;
        if (!run_to_statement(s)) return false;
        sides[i] = (s->loss - at) / s->step;
    }
    s->loss = at;
    *numeric = (sides[0] + sides[1]) / 2;
    double rounding = 1e-14 * (fabs(at) + 1) / step, least = scale + fabs(*numeric) + 1e-6;
    bool smooth = fabs(sides[0] - sides[1]) <= 1e-3 * least + rounding;
    return smooth && fabs(*numeric - analytic) > 3e-3 * least + 10 * rounding;
}

finding compare_gradient(const program *p)
{
    static const double steps[] = { 1e-5, 1e-6, 1e-4 };
    static slope s;
    double numeric = 0;
    finding f = { .mode = differences };
    memset(&s, 0, sizeof s);
    s.program = p;
    s.statement = differentiating(p);
    if (s.statement < 0) return f;
    s.writing_down = true;
    bool wrong = run_to_statement(&s);
    for (int i = 0; i < 3 && wrong; i++) wrong = differs(&s, steps[i], &numeric);
    for (int i = 0; i < s.held_count; i++) free(s.held[i].data);
    if (!wrong) return f;
    f.kind = WRONG_GRADIENT;
    f.statement = s.statement;
    snprintf(f.text, sizeof f.text, "along a direction the gradient gives %.9g, differences of the loss %.9g",
             s.analytic, numeric);
    return f;
}
