/* program.c - building programs, and replacing instructions in them. */
#include "core/base/error.h"
#include "core/plan/program.h"
#include <string.h>

void *program_allocate(program *p, size_t bytes)
{
    void *memory = arena_allocate(&p->memory, bytes);
    p->failed |= !memory;
    return memory;
}

bool program_grow(program *p, void **items, int count, int *capacity, size_t size)
{
    if (count < *capacity) return true;
    int larger = *capacity ? 2 * *capacity : 64;
    void *moved = program_allocate(p, (size_t)larger * size);
    if (!moved) return false;
    if (count) memcpy(moved, *items, (size_t)count * size);
    *items = moved;
    *capacity = larger;
    return true;
}

int program_add_term(program *p, spec s)
{
    if (!program_grow(p, (void **)&p->terms, p->term_count, &p->term_capacity, sizeof *p->terms)) return NO_TERM;
    p->terms[p->term_count] = (term){ .spec = s, .leaf = NO_LEAF, .producer = NO_INSTRUCTION };
    return p->term_count++;
}

instruction *program_add(program *p, const op *op, int inputs, int outputs)
{
    if (!program_grow(p, (void **)&p->instructions, p->count, &p->capacity, sizeof *p->instructions)) return NULL;
    int *terms = program_allocate(p, (size_t)(inputs + outputs) * sizeof *terms);
    if (!terms) return NULL;
    instruction *i = &p->instructions[p->count++];
    *i = (instruction){ .op = op, .inputs = inputs, .outputs = outputs, .in = terms, .out = terms + inputs };
    return i;
}

static void index_instruction(program *p, int number)
{
    const instruction *i = &p->instructions[number];
    for (int k = 0; k < i->inputs; k++) {
        if (i->in[k] == NO_TERM) continue;
        p->terms[i->in[k]].uses++;
        p->terms[i->in[k]].reader = number;
    }
    for (int k = 0; k < i->outputs; k++) p->terms[i->out[k]].producer = number;
}

void program_index(program *p)
{
    if (p->failed) return;
    for (int t = 0; t < p->term_count; t++) {
        p->terms[t].producer = p->terms[t].reader = NO_INSTRUCTION;
        p->terms[t].uses = 0;
    }
    for (int i = 0; i < p->count; i++)
        if (p->instructions[i].op) index_instruction(p, i);
}

void program_compact(program *p)
{
    int kept = 0;
    for (int i = 0; i < p->count; i++)
        if (p->instructions[i].op) p->instructions[kept++] = p->instructions[i];
    p->count = kept;
    program_index(p);
}

instruction *program_producer(const program *p, int term, const op *op)
{
    if (term == NO_TERM || p->terms[term].producer == NO_INSTRUCTION) return NULL;
    instruction *i = &p->instructions[p->terms[term].producer];
    return i->op == op ? i : NULL;
}

/* Whether the term is there before instruction n. */
static bool is_made(const term *t, int n)
{
    return t->leaf != NO_LEAF || (t->producer != NO_INSTRUCTION && t->producer < n);
}

bool program_is_in_order(const program *p, const context *c)
{
    for (int n = 0; n < p->count; n++) {
        const instruction *i = &p->instructions[n];
        for (int k = 0; k < i->inputs; k++)
            if (i->in[k] != NO_TERM && !is_made(&p->terms[i->in[k]], n))
                return raise_error(VT_ERROR_UNSUPPORTED, c->run.nodes[i->source]->at,
                                   "%s: the plan reads input %d before it is made: a fault of vitro's, which may be "
                                   "gone with passes turned off (vt_set_pass)",
                                   i->op->name, k);
    }
    for (int t = 0; t < p->term_count; t++)
        if (p->terms[t].result && !is_made(&p->terms[t], p->count))
            return raise_error(VT_ERROR_UNSUPPORTED, (vt_site){ 0 },
                               "the plan does not make a result: a fault of vitro's, which may be gone with passes "
                               "turned off (vt_set_pass)");
    return true;
}

bool program_is_passing(const program *p, int term)
{
    return p->terms[term].uses == 1 && !p->terms[term].result;
}

/* The leaf whose memory the term may lie in. */
static int leaf_under(const program *p, int term)
{
    while (term != NO_TERM && p->terms[term].leaf == NO_LEAF) {
        int producer = p->terms[term].producer;
        if (producer == NO_INSTRUCTION || !p->instructions[producer].op->view) return NO_LEAF;
        term = p->instructions[producer].in[0];
    }
    return term == NO_TERM ? NO_LEAF : p->terms[term].leaf;
}

static bool reads_leaf(const program *p, const instruction *i, int leaf)
{
    for (int k = 0; k < i->inputs; k++)
        if (leaf_under(p, i->in[k]) == leaf) return true;
    return false;
}

bool program_overwrites(const instruction *i, int k)
{
    return i->op && i->op->writes && i->op->writes(k) && i->in[k] != NO_TERM;
}

bool program_can_move(const program *p, const instruction *i, const instruction *j)
{
    const instruction *first = i < j ? i : j, *last = i < j ? j : i;
    if (i->op->writes) return i == j;
    for (const instruction *between = first; between <= last; between++)
        for (int k = 0; k < between->inputs; k++)
            if (program_overwrites(between, k) && reads_leaf(p, i, p->terms[between->in[k]].leaf)) return false;
    return true;
}

/* -- Fusion -------------------------------------------------------------------------------------------------------- */

static bool is_in(const instruction *i, instruction *const *group, int count)
{
    for (int k = 0; k < count; k++)
        if (group[k] == i) return true;
    return false;
}

static bool reads_any(const instruction *i, const int *terms, int count)
{
    for (int k = 0; k < i->inputs; k++)
        for (int t = 0; t < count; t++)
            if (i->in[k] == terms[t]) return true;
    return false;
}

static int uses_in(instruction *const *group, int count, int term)
{
    int uses = 0;
    for (int k = 0; k < count; k++)
        for (int i = 0; i < group[k]->inputs; i++) uses += group[k]->in[i] == term;
    return uses;
}

static bool is_any(int term, const int *terms, int count)
{
    for (int t = 0; t < count; t++)
        if (terms[t] == term) return true;
    return false;
}

/* Whether the group can go. What it makes must not be what the new instruction reads, as where the sum that a norm is
 * of is its bias too; and nobody else may read what the new instruction does not make. */
static bool can_go(const program *p, const replacement *r, instruction *const *group, int count)
{
    for (int k = 0; k < count; k++) {
        for (int o = 0; o < group[k]->outputs; o++) {
            int t = group[k]->out[o];
            bool made = is_any(t, r->out, r->outputs);
            bool missed = p->terms[t].result || p->terms[t].uses > uses_in(group, count, t);
            if (is_any(t, r->in, r->inputs) || (missed && !made)) return false;
        }
    }
    return true;
}

/* Whether all that the new instruction reads is made before the place, and what it makes is read behind it. */
static bool is_between(const program *p, const replacement *r, instruction *const *group, int count,
                       const instruction *place)
{
    int number = (int)(place - p->instructions);
    for (int k = 0; k < r->inputs; k++)
        if (r->in[k] != NO_TERM && p->terms[r->in[k]].producer >= number) return false;
    for (const instruction *i = group[0]; i < place; i++)
        if (i->op && !is_in(i, group, count) && reads_any(i, r->out, r->outputs)) return false;
    return true;
}

static bool can_stand_at(const program *p, const replacement *r, instruction *const *group, int count,
                         const instruction *place)
{
    for (int k = 0; k < count; k++)
        if (!program_can_move(p, group[k], place)) return false;
    return is_between(p, r, group, count, place);
}

static void take_out(program *p, instruction *i)
{
    for (int k = 0; k < i->inputs; k++)
        if (i->in[k] != NO_TERM) p->terms[i->in[k]].uses--;
    i->op = NULL;
}

static void find_reader(program *p, int term)
{
    if (term == NO_TERM || !p->terms[term].uses) return;
    for (int n = p->count - 1; n >= 0; n--)
        if (p->instructions[n].op && reads_any(&p->instructions[n], &term, 1)) {
            p->terms[term].reader = n;
            return;
        }
}

static bool put_at(program *p, const replacement *r, instruction *const *group, int count, instruction *place)
{
    int *terms = program_allocate(p, (size_t)(r->inputs + r->outputs) * sizeof *terms);
    void *attributes = program_allocate(p, r->attributes_size);
    if (!terms || !attributes) return false;
    int source = r->source ? r->source->source : group[count - 1]->source;
    memcpy(terms, r->in, (size_t)r->inputs * sizeof *terms);
    memcpy(terms + r->inputs, r->out, (size_t)r->outputs * sizeof *terms);
    if (r->attributes_size) memcpy(attributes, r->attributes, r->attributes_size);
    for (int k = 0; k < count; k++) take_out(p, group[k]);
    *place = (instruction){ .op = r->op,
                            .attributes = attributes,
                            .attributes_size = r->attributes_size,
                            .inputs = r->inputs,
                            .outputs = r->outputs,
                            .in = terms,
                            .out = terms + r->inputs,
                            .source = source };
    index_instruction(p, (int)(place - p->instructions));
    for (int k = 0; k < r->inputs; k++) find_reader(p, r->in[k]);
    return true;
}

bool program_fuse(program *p, const replacement *r, instruction *const *group, int count)
{
    if (!can_go(p, r, group, count)) return false;
    for (int k = count - 1; k >= 0; k--)
        if (can_stand_at(p, r, group, count, group[k])) return put_at(p, r, group, count, group[k]);
    return false;
}
