/* fuse.h - the passes that put fused ops in the place of patterns. */
#ifndef VITRO_PASSES_FUSE_H
#define VITRO_PASSES_FUSE_H

#include "core/plan/program.h"

void fuse_attention_gradient(program *p);
void fuse_residual_layer_norm(program *p);
void fuse_batch_norm_folding(program *p);
void fuse_batch_norm_relu(program *p);
void fuse_batch_norm_tracking(program *p);
void fuse_add_relu(program *p);
void fuse_convolution_gradients(program *p);
void fuse_linear_gelu(program *p);
void fuse_matmul_gelu_gradient(program *p);
void fuse_elementwise_chain(program *p);

/* Calls the function for each instruction that is of the op when its turn comes. */
typedef void fuse_one(program *p, instruction *i);
static inline void fuse_each(program *p, const op *op, fuse_one *fuse)
{
    for (int n = 0; n < p->count; n++)
        if (p->instructions[n].op == op) fuse(p, &p->instructions[n]);
}

static inline int optional_input(const instruction *i, int k)
{
    return k < i->inputs ? i->in[k] : NO_TERM;
}

/* Whether two terms have the same dtype and shape: nothing is broadcast. */
static inline bool are_alike(const program *p, int a, int b)
{
    const spec *x = &p->terms[a].spec, *y = &p->terms[b].spec;
    return x->dtype == y->dtype && vt_shape_equal(x->shape, y->shape);
}

#define GROUP(...) (instruction *[]){ __VA_ARGS__ }, (int)(sizeof((instruction *[]){ __VA_ARGS__ }) / sizeof(void *))
#define AS(i)      .attributes = (i)->attributes, .attributes_size = (i)->attributes_size

#endif
