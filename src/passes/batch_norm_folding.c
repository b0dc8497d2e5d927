/* batch_norm_folding.c - a convolution together with what scales and shifts its channels, as batch norm in evaluation
 * does: the scale goes into its weight, the shift into its bias (Jacob et al. 2018, section 3.2). */
#include "core/graph/refuse.h"
#include "ops/convolution.h"
#include "ops/list.h"
#include "passes/fuse.h"
#include <vitro/vitro.h>

/* -- The fused op -------------------------------------------------------------------------------------------------- */

static bool channels_fit(const node *n, const char *what, const spec *channels, const spec *weight)
{
    char a[128], b[128];
    vt_shape want = VT_SHAPE(weight->shape.dim[0]);
    if (channels->dtype == weight->dtype && vt_shape_equal(channels->shape, want)) return true;
    return refuse(n, "%s is %s %s, it must be %s %s", what, vt_dtype_name(channels->dtype),
                  vt_shape_text(channels->shape, a), vt_dtype_name(weight->dtype), vt_shape_text(want, b));
}

static bool infer_conv2d_scaled(const node *n, const spec *in, spec *out)
{
    const spec *weight = &in[CONV2D_SCALED_WEIGHT];
    bool has_bias = n->inputs > CONV2D_SCALED_BIAS;
    spec own[] = { [CONV2D_X] = in[CONV2D_SCALED_X], [CONV2D_WEIGHT] = *weight, [CONV2D_BIAS] = { 0 } };
    node convolution = *n;
    convolution.inputs = has_bias ? CONV2D_BIAS + 1 : CONV2D_BIAS;
    if (has_bias) own[CONV2D_BIAS] = in[CONV2D_SCALED_BIAS];
    return op_conv2d.infer(&convolution, own, out) && channels_fit(n, "scale", &in[CONV2D_SCALED_SCALE], weight) &&
           channels_fit(n, "shift", &in[CONV2D_SCALED_SHIFT], weight);
}

/* scale (x * weight + bias) + shift = x * (scale weight) + (scale bias + shift) */
static void conv2d_scaled_decompose(const node *n, vt_tensor *out)
{
    vt_tensor weight = n->in[CONV2D_SCALED_WEIGHT], scale = n->in[CONV2D_SCALED_SCALE];
    vt_tensor bias = n->inputs > CONV2D_SCALED_BIAS ? n->in[CONV2D_SCALED_BIAS] : VT_INERT;
    vt_tensor folded = vt_mul(weight, vt_reshape(scale, VT_SHAPE(vt_dim(weight, 0), 1, 1, 1)));
    vt_tensor shift = n->in[CONV2D_SCALED_SHIFT];
    if (bias.id) shift = vt_add(vt_mul(bias, scale), shift);
    out[0] = record(&op_conv2d, n->at, INPUTS(n->in[CONV2D_SCALED_X], folded, shift), .attributes = n->attributes,
                    .attributes_size = n->attributes_size);
}

const op op_conv2d_scaled = { OP_HEAD(conv2d_scaled, 4, 5, 1), .infer = infer_conv2d_scaled,
                              .decompose = conv2d_scaled_decompose };

/* -- The pass ------------------------------------------------------------------------------------------------------ */

/* The numbers of channels [C], if it is these that the term broadcasts over an image: [C, 1, 1]. */
static int channels_behind(const program *p, int t, int64_t channels)
{
    const instruction *reshape = program_producer(p, t, &op_reshape);
    if (!reshape || !vt_shape_equal(p->terms[t].spec.shape, VT_SHAPE(channels, 1, 1))) return NO_TERM;
    vt_shape from = p->terms[reshape->in[0]].spec.shape;
    return from.rank == 1 && from.dim[0] == channels ? reshape->in[0] : NO_TERM;
}

/* The op of two inputs one of which the instruction `own` makes, for nobody else, and the other broadcasts [C]. */
static bool takes_channels(const program *p, const instruction *i, const op *op, instruction **own, int *channels)
{
    for (int k = 0; k < 2; k++) {
        int t = i->in[k];
        *own = program_producer(p, t, op);
        if (!*own || !program_is_passing(p, t) || p->terms[t].spec.shape.rank != 4) continue;
        *channels = channels_behind(p, i->in[1 - k], p->terms[t].spec.shape.dim[1]);
        if (*channels != NO_TERM) return true;
    }
    return false;
}

static void fold(program *p, instruction *sum)
{
    instruction *product, *c;
    int scale, shift;
    if (!takes_channels(p, sum, &op_mul, &product, &shift)) return;
    if (!takes_channels(p, product, &op_conv2d, &c, &scale)) return;
    int bias = c->inputs > CONV2D_BIAS ? c->in[CONV2D_BIAS] : NO_TERM;
    program_fuse(p,
                 &(replacement){ .op = &op_conv2d_scaled,
                                 AS(c),
                                 TERMS(c->in[CONV2D_X], c->in[CONV2D_WEIGHT], scale, shift, bias),
                                 MAKES(sum->out[0]) },
                 GROUP(c, product, sum));
}

void fuse_batch_norm_folding(program *p)
{
    fuse_each(p, &op_add, fold);
}
