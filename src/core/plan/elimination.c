/* elimination.c - the passes that know no op: what nobody reads is left out, what is computed twice is computed once.
 */
#include "core/plan/elimination.h"
#include "core/plan/program.h"
#include <string.h>

static bool is_read(const program *p, const instruction *i)
{
    for (int k = 0; k < i->outputs; k++)
        if (p->terms[i->out[k]].uses || p->terms[i->out[k]].result) return true;
    return i->op->writes != NULL;
}

void pass_dead_code(program *p)
{
    for (int n = p->count - 1; n >= 0; n--) {
        instruction *i = &p->instructions[n];
        if (!i->op || is_read(p, i)) continue;
        for (int k = 0; k < i->inputs; k++)
            if (i->in[k] != NO_TERM) p->terms[i->in[k]].uses--;
        i->op = NULL;
    }
}

/* -- Common subexpressions ----------------------------------------------------------------------------------------- */

typedef struct table {
    int *slots; /* instructions; NO_INSTRUCTION where free */
    uint32_t mask;
} table;

static uint32_t hash_bytes(uint32_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

static uint32_t hash_of(const instruction *i)
{
    uint32_t hash = hash_bytes(2166136261u, &i->op, sizeof i->op);
    hash = hash_bytes(hash, i->in, (size_t)i->inputs * sizeof *i->in);
    return hash_bytes(hash, i->attributes, i->attributes_size);
}

static bool is_same(const program *p, const instruction *a, const instruction *b)
{
    if (a->op != b->op || a->inputs != b->inputs || a->outputs != b->outputs ||
        a->attributes_size != b->attributes_size || memcmp(a->in, b->in, (size_t)a->inputs * sizeof *a->in) ||
        (a->attributes_size && memcmp(a->attributes, b->attributes, a->attributes_size)))
        return false;
    for (int k = 0; k < a->outputs; k++) {
        const spec *x = &p->terms[a->out[k]].spec, *y = &p->terms[b->out[k]].spec;
        if (x->dtype != y->dtype || !vt_shape_equal(x->shape, y->shape)) return false;
    }
    return true;
}

static bool is_pure(const program *p, const instruction *i)
{
    if (i->op->writes || i->op->varies) return false;
    for (int k = 0; k < i->outputs; k++)
        if (p->terms[i->out[k]].result) return false;
    return true;
}

static instruction *find_earlier(program *p, const table *t, const instruction *i)
{
    uint32_t slot = hash_of(i) & t->mask;
    for (; t->slots[slot] != NO_INSTRUCTION; slot = (slot + 1) & t->mask) {
        instruction *earlier = &p->instructions[t->slots[slot]];
        if (is_same(p, earlier, i) && program_can_move(p, earlier, i)) return earlier;
    }
    t->slots[slot] = (int)(i - p->instructions);
    return NULL;
}

void pass_common_subexpressions(program *p)
{
    uint32_t size = 64;
    while (size < 2 * (uint32_t)p->count) size *= 2;
    table t = { program_allocate(p, size * sizeof *t.slots), size - 1 };
    int *name = program_allocate(p, (size_t)p->term_count * sizeof *name);
    if (!t.slots || !name) return;
    memset(t.slots, -1, size * sizeof *t.slots);
    for (int n = 0; n < p->term_count; n++) name[n] = n;
    for (int n = 0; n < p->count; n++) {
        instruction *i = &p->instructions[n];
        if (!i->op) continue;
        for (int k = 0; k < i->inputs; k++)
            if (i->in[k] != NO_TERM) i->in[k] = name[i->in[k]];
        instruction *earlier = is_pure(p, i) ? find_earlier(p, &t, i) : NULL;
        if (!earlier) continue;
        for (int k = 0; k < i->outputs; k++) name[i->out[k]] = earlier->out[k];
        i->op = NULL;
    }
    program_compact(p);
}
