/* attention_gradient.c - where nobody reads the gradient of attention's bias, it is not computed. */
#include "ops/attention.h"
#include "ops/list.h"
#include "passes/fuse.h"

static void leave_out_bias_for(program *p, instruction *i, const op *without)
{
    if (p->terms[i->out[ATTENTION_BIAS_GRADIENT_DBIAS]].uses) return;
    program_fuse(p,
                 &(replacement){ .op = without,
                                 AS(i),
                                 .inputs = i->inputs,
                                 .in = i->in,
                                 .outputs = ATTENTION_GRADIENT_OUTPUTS,
                                 .out = i->out },
                 GROUP(i));
}

static void leave_out_bias(program *p, instruction *i)
{
    leave_out_bias_for(p, i, &op_attention_gradient);
}

static void leave_out_bias_behind_dropout(program *p, instruction *i)
{
    leave_out_bias_for(p, i, &op_attention_dropout_gradient);
}

void fuse_attention_gradient(program *p)
{
    fuse_each(p, &op_attention_bias_gradient, leave_out_bias);
    fuse_each(p, &op_attention_dropout_bias_gradient, leave_out_bias_behind_dropout);
}
