/* print_program.c - what VT_LOG=program shows: the instructions that a plan is made from. */
#include "core/plan/print_program.h"
#include "core/base/log.h"
#include "core/plan/program.h"
#include <stdio.h>

typedef struct line {
    char text[1024];
    size_t used;
} line;

static void add(line *l, const program *p, int t)
{
    char shape[128];
    if (l->used + 160 > sizeof l->text) return;
    if (t == NO_TERM)
        l->used += (size_t)snprintf(l->text + l->used, 160, " -");
    else
        l->used += (size_t)snprintf(l->text + l->used, 160, " %s%d%s%s", p->terms[t].leaf == NO_LEAF ? "" : "leaf ", t,
                                    vt_shape_text(p->terms[t].spec.shape, shape), p->terms[t].result ? "!" : "");
}

void program_log(const program *p)
{
    if (!log_is_on("program")) return;
    for (int n = 0; n < p->count; n++) {
        const instruction *i = &p->instructions[n];
        line l = { .used = 0 };
        for (int k = 0; k < i->outputs; k++) add(&l, p, i->out[k]);
        l.used += (size_t)snprintf(l.text + l.used, 80, " = %s", i->op->name);
        for (int k = 0; k < i->inputs; k++) add(&l, p, i->in[k]);
        log_line("program", "%d:%s", n, l.text);
    }
}
