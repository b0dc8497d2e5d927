/* batch_norm_tracking.c - batch norm, with what was fused with it, together with the running statistics that it moves:
 * they move where the moments of the batch are made. What has an effect stays where it is, so this runs behind the pass
 * that fuses a norm with what follows it. */
#include "ops/list.h"
#include "ops/normalization.h"
#include "passes/fuse.h"
#include <vitro/vitro.h>

/* -- The fused op -------------------------------------------------------------------------------------------------- */

static bool infer_tracking(const node *n, const spec *in, spec *out)
{
    return op_batch_norm.infer(n, in, out);
}

static bool tracking_writes(int i)
{
    return i == TRACKING_RUNNING_MEAN || i == TRACKING_RUNNING_VAR || i == TRACKING_BATCHES;
}

static void move_running_statistics(const node *n, const vt_tensor *out)
{
    const batch_norm_tracking_attributes *a = ATTRIBUTES(batch_norm_tracking_attributes, n);
    record(&op_running_statistics, n->at,
           INPUTS(n->in[TRACKING_RUNNING_MEAN], n->in[TRACKING_RUNNING_VAR], out[NORM_MEAN], out[NORM_VAR],
                  n->in[TRACKING_BATCHES]),
           .attributes = &a->running, .attributes_size = sizeof a->running);
}

static void tracking_decompose(const node *n, vt_tensor *out)
{
    const batch_norm_tracking_attributes *a = ATTRIBUTES(batch_norm_tracking_attributes, n);
    vt_tensor shortcut = n->in[TRACKING_SHORTCUT];
    record_into(&(recording){ .op = &op_batch_norm,
                              .at = n->at,
                              INPUTS(n->in[TRACKING_X], n->in[TRACKING_WEIGHT], n->in[TRACKING_BIAS]),
                              .attributes = &a->norm,
                              .attributes_size = sizeof a->norm },
                out);
    move_running_statistics(n, out);
    if (shortcut.id) out[NORM_Y] = vt_add(out[NORM_Y], shortcut);
    if (shortcut.id || a->relu) out[NORM_Y] = vt_relu(out[NORM_Y]);
}

const op op_batch_norm_tracking = { OP_HEAD(batch_norm_tracking, 3, TRACKING_INPUTS, 3), .infer = infer_tracking,
                                    .writes = tracking_writes, .decompose = tracking_decompose };

/* -- The pass ------------------------------------------------------------------------------------------------------ */

/* The norm whose statistics they move towards. */
static instruction *norm_of(const program *p, const instruction *running)
{
    static const op *const norms[] = { &op_batch_norm, &op_batch_norm_relu, &op_batch_norm_add_relu };
    const int mean = running->in[RUNNING_BATCH_MEAN], var = running->in[RUNNING_BATCH_VAR];
    for (size_t i = 0; i < sizeof norms / sizeof *norms; i++) {
        instruction *norm = program_producer(p, mean, norms[i]);
        if (norm && norm->out[NORM_MEAN] == mean && norm->out[NORM_VAR] == var) return norm;
    }
    return NULL;
}

static void fuse_with_norm(program *p, instruction *running)
{
    instruction *norm = norm_of(p, running);
    if (!norm) return;
    const bool adds = norm->op == &op_batch_norm_add_relu;
    const int weight = adds ? BATCH_NORM_ADD_RELU_WEIGHT : NORM_WEIGHT;
    const int bias = adds ? BATCH_NORM_ADD_RELU_BIAS : NORM_BIAS;
    const batch_norm_tracking_attributes a = { *ATTRIBUTES(batch_norm_attributes, norm),
                                               *ATTRIBUTES(running_statistics_attributes, running),
                                               .relu = norm->op != &op_batch_norm };
    replacement r = { .op = &op_batch_norm_tracking,
                      .attributes = &a,
                      .attributes_size = sizeof a,
                      TERMS(norm->in[NORM_X], running->in[RUNNING_MEAN], running->in[RUNNING_VAR],
                            optional_input(norm, weight), optional_input(norm, bias),
                            adds ? norm->in[BATCH_NORM_ADD_RELU_SHORTCUT] : NO_TERM,
                            optional_input(running, RUNNING_BATCHES)),
                      .outputs = norm->outputs,
                      .out = norm->out };
    program_fuse(p, &r, GROUP(norm, running));
}

void fuse_batch_norm_tracking(program *p)
{
    fuse_each(p, &op_running_statistics, fuse_with_norm);
}
