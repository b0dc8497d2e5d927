/* elementwise_chain.c - ops on each element of which each alone reads the one before, in one pass over memory. */
#include "core/base/shape.h"
#include "passes/chain.h"
#include "passes/fuse.h"
#include "passes/op_table.h"
#include <vitro/vitro.h>
#include <string.h>

/* -- The fused op -------------------------------------------------------------------------------------------------- */

/* Inputs that broadcast together; the output is of their dtype. */
static bool infer_chain(const node *n, const spec *in, spec *out)
{
    *out = in[0];
    for (int i = 1; i < n->inputs; i++)
        if (in[i].dtype != in[0].dtype || !shape_broadcast(out->shape, in[i].shape, &out->shape))
            return refuse(n, "input %d does not fit those before", i);
    return true;
}

static void chain_decompose(const node *n, vt_tensor *out)
{
    const chain_attributes *a = ATTRIBUTES(chain_attributes, n);
    vt_tensor results[CHAIN_LINKS] = { 0 };
    for (int i = 0; i < a->count; i++) {
        const chain_link *l = &a->link[i];
        vt_tensor in[CHAIN_OPERANDS];
        for (int k = 0; k < l->operands; k++)
            in[k] = l->operand[k] < CHAIN_INPUTS ? n->in[l->operand[k]] : results[l->operand[k] - CHAIN_INPUTS];
        results[i] = record(op_table[l->op], n->at, .inputs = (int)l->operands, .in = in,
                            .attributes = &a->words[l->attributes], .attributes_size = (size_t)l->attributes_size);
    }
    out[0] = results[a->count - 1];
}

const op op_chain = { OP_HEAD(chain, 1, CHAIN_INPUTS, 1), .infer = infer_chain, .decompose = chain_decompose };

/* -- The pass ------------------------------------------------------------------------------------------------------ */

static bool is_chainable(const instruction *i)
{
    return i->op && i->op->chainable;
}

/* A chain that grows from its last op back. */
typedef struct builder {
    program *program;
    chain_attributes attributes;
    instruction *group[CHAIN_LINKS]; /* from the last back; links are numbered the other way round */
    int inputs, in[CHAIN_INPUTS];
} builder;

/* The op that makes the term, if that can be part of the chain: nothing else reads it, and nothing is broadcast. */
static instruction *link_behind(const builder *b, int term)
{
    const program *p = b->program;
    if (p->terms[term].producer == NO_INSTRUCTION || !program_is_passing(p, term)) return NULL;
    instruction *i = &p->instructions[p->terms[term].producer];
    return is_chainable(i) && are_alike(p, term, b->group[0]->out[0]) ? i : NULL;
}

static int position_of(const builder *b, int count, const instruction *i)
{
    for (int k = 0; k < count; k++)
        if (b->group[k] == i) return k;
    return -1;
}

static bool add_input(builder *b, int term)
{
    for (int k = 0; k < b->inputs; k++)
        if (b->in[k] == term) return true;
    if (b->inputs == CHAIN_INPUTS) return false;
    b->in[b->inputs++] = term;
    return true;
}

/* Takes in ops for as long as there is room, each behind one that is in. */
static int gather(builder *b, instruction *last)
{
    int count = 1;
    size_t words = last->attributes_size / sizeof(int64_t);
    b->group[0] = last;
    for (int n = 0; n < count; n++) {
        for (int k = 0; k < b->group[n]->inputs; k++) {
            instruction *i = link_behind(b, b->group[n]->in[k]);
            size_t more = i ? i->attributes_size / sizeof(int64_t) : 0;
            if (!i || count == CHAIN_LINKS || words + more > CHAIN_WORDS || position_of(b, count, i) >= 0) continue;
            b->group[count++] = i;
            words += more;
        }
    }
    return count;
}

static void sort(builder *b, int count)
{
    for (int i = 1; i < count; i++)
        for (int k = i; k > 0 && b->group[k - 1] > b->group[k]; k--) {
            instruction *swap = b->group[k];
            b->group[k] = b->group[k - 1];
            b->group[k - 1] = swap;
        }
}

static int input_number(const builder *b, int term)
{
    for (int k = 0; k < b->inputs; k++)
        if (b->in[k] == term) return k;
    return -1;
}

static bool describe(builder *b, int count)
{
    chain_attributes *a = &b->attributes;
    a->count = count;
    for (int n = 0; n < count; n++) {
        const instruction *i = b->group[n];
        chain_link *l = &a->link[n];
        *l = (chain_link){ .op = i->op->id,
                           .operands = i->inputs,
                           .attributes = a->words_used,
                           .attributes_size = (int64_t)i->attributes_size };
        if (i->attributes_size) memcpy(&a->words[a->words_used], i->attributes, i->attributes_size);
        a->words_used += (int64_t)(i->attributes_size / sizeof(int64_t));
        for (int k = 0; k < i->inputs; k++) {
            int producer = b->program->terms[i->in[k]].producer;
            int link = producer == NO_INSTRUCTION ? -1 : position_of(b, count, &b->program->instructions[producer]);
            if (link < 0 && !add_input(b, i->in[k])) return false;
            l->operand[k] = link < 0 ? input_number(b, i->in[k]) : CHAIN_INPUTS + link;
        }
    }
    return true;
}

static bool is_of_floats(const program *p, const instruction *i)
{
    for (int k = 0; k < i->inputs; k++)
        if (p->terms[i->in[k]].spec.dtype != p->terms[i->out[0]].spec.dtype) return false;
    return vt_dtype_is_float(p->terms[i->out[0]].spec.dtype);
}

static void fuse_from(program *p, instruction *last)
{
    builder b = { .program = p };
    int count = gather(&b, last);
    sort(&b, count);
    if (count < 2 || !describe(&b, count)) return;
    program_fuse(p,
                 &(replacement){ .op = &op_chain,
                                 .attributes = &b.attributes,
                                 .attributes_size = sizeof b.attributes,
                                 .inputs = b.inputs,
                                 .in = b.in,
                                 MAKES(last->out[0]) },
                 b.group, count);
}

void fuse_elementwise_chain(program *p)
{
    for (int n = p->count - 1; n >= 0; n--) {
        instruction *i = &p->instructions[n];
        if (is_chainable(i) && is_of_floats(p, i)) fuse_from(p, i);
    }
}
