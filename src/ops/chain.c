/* chain.c - several ops on each element as one. */
#include "ops/chain.h"
#include "ops/list.h"
#include "ops/table.h"
#include <vitro/vitro.h>

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
