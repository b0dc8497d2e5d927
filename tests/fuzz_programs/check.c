/* check.c - a program against the truth. */
#include "check.h"
#include "edit.h"
#include "numeric.h"
#include <stdio.h>
#include <string.h>

static bool shows_refusal(finding *f, const outcome *o, const mode *m)
{
    *f = (finding){ .kind = REFUSED, .mode = *m, .statement = o->statement };
    snprintf(f->text, sizeof f->text, "%s", o->message);
    return true;
}

/* A gradient that is not there, where what gave it was taken out. */
static bool is_inert(const char *message)
{
    return strstr(message, "is the inert tensor") || strstr(message, "has a gradient; vt_backward gives");
}

static bool settle_in(program *p, const mode *m, finding *f)
{
    static outcome o;
    for (;;) {
        run_program(p, m, &o);
        outcome_free(&o);
        if (!o.failed) return true;
        if (!is_documented_refusal(o.message) && !is_inert(o.message)) return !shows_refusal(f, &o, m);
        if (o.statement >= p->count) return false;
        remove_statement(p, o.statement);
    }
}

bool settle(program *p, finding *f)
{
    static const mode as_is = {
        .name = "reference f64", .device = "reference", .precision = VT_F64, .disturbances = LIFETIMES
    };
    return settle_in(p, &oracle, f) && settle_in(p, &as_is, f) && settle_in(p, &oracle, f);
}

finding check_program(const program *p, const mode *modes, int count, finding *under_way)
{
    static truth t;
    finding f = { NOTHING };
    under_way->mode = oracle;
    bool known = find_truth(p, &t);
    /* What is read late is there or not by what plans have learnt, which the runs before this one have taught them. */
    if (!known && !is_documented_refusal(t.plain.message)) shows_refusal(&f, &t.plain, &oracle);
    under_way->mode = differences;
    if (known) f = compare_gradient(p);
    for (int i = 0; known && i < count && !f.kind; i++) {
        under_way->mode = modes[i];
        f = compare(&t, &modes[i]);
    }
    truth_free(&t);
    return f;
}

static bool is_mode(const finding *f, const mode *m)
{
    return strcmp(f->mode.name, m->name) == 0;
}

finding check_again(const program *p, const finding *found)
{
    static truth t;
    finding f = { NOTHING };
    if (!find_truth(p, &t)) {
        if (found->kind == REFUSED && is_mode(found, &oracle)) shows_refusal(&f, &t.plain, &oracle);
    } else
        f = is_mode(found, &differences) ? compare_gradient(p) : compare(&t, &found->mode);
    truth_free(&t);
    return f;
}
