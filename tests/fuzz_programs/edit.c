/* edit.c - taking statements out of programs. */
#include "edit.h"
#include <string.h>

bool makes(const statement *s, int variable)
{
    return variable >= s->out && variable < s->out + s->outputs;
}

static bool reads(const statement *s, const bool *gone)
{
    for (int i = 0; i < s->inputs; i++)
        if (s->in[i] != NO_VARIABLE && gone[s->in[i]]) return true;
    return false;
}

/* The other end of a scope, or -1. */
static int other_end(const program *p, int at)
{
    const operation *begin = &operation_scope_begin, *end = &operation_scope_end, *here = p->statements[at].operation;
    int step = here == begin ? 1 : here == end ? -1 : 0, depth = 0;
    for (int i = at; step && i >= 0 && i < p->count; i += step) {
        depth += p->statements[i].operation == here;
        depth -= p->statements[i].operation == (here == begin ? end : begin);
        if (depth == 0) return i;
    }
    return -1;
}

void remove_statement(program *p, int at)
{
    bool gone[MAX_VARIABLES] = { 0 };
    int other = other_end(p, at), kept = 0;
    for (int i = 0; i < p->count; i++) {
        const statement *s = &p->statements[i];
        bool out = i == at || i == other || reads(s, gone);
        for (int k = 0; out && k < s->outputs; k++) gone[s->out + k] = true;
        if (!out) p->statements[kept++] = *s;
    }
    p->count = kept;
}

void replace_variable(program *p, int from, int variable, int by)
{
    for (int i = from; i < p->count; i++)
        for (int k = 0; k < p->statements[i].inputs; k++)
            if (p->statements[i].in[k] == variable) p->statements[i].in[k] = by;
}
