/* onednn_convolution.c - convolutions as primitives of oneDNN. */
#include "backends/cpu/onednn.h"
#include "backends/cpu/onednn_plan.h"

/* How oneDNN is asked, best first. Measured in 2.6.3 on ResNet's shapes with AVX-512: the plain layout gets matrix
 * products of gathered windows at half the speed of its own blocked layouts, so that reordering x, weight and y on each
 * call pays, except for kernels of one element; Winograd's algorithm (Lavin & Gray 2016; gone from version 3.2 on)
 * doubles the speed again, at a relative error of some 3e-6, but wants full blocks of 16 channels. */
enum manner { WINOGRAD, BLOCKED, PLAIN, MANNERS };

typedef struct convolution_key {
    convolution problem;
    int64_t pass, manner, has_bias;
} convolution_key;

/* The descriptors of a convolution: x, weight, bias, y. */
enum { X, WEIGHT, BIAS, Y, TENSORS };

/* oneDNN counts a dilation as the elements left out between two that are taken. */
typedef struct geometry {
    dnnl_alg_kind_t algorithm;
    dnnl_dims_t stride, gap, padding;
} geometry;

static geometry geometry_of(const convolution_key *k)
{
    geometry g = { .algorithm = k->manner == WINOGRAD ? dnnl_convolution_winograd : dnnl_convolution_direct };
    for (int i = 0; i < 2; i++) {
        g.stride[i] = k->problem.stride[i];
        g.gap[i] = k->problem.dilation[i] - 1;
        g.padding[i] = k->problem.padding[i];
    }
    return g;
}

static dnnl_status_t describe_pass(const convolution_key *k, enum convolution_pass pass, const descriptor *d,
                                   dnnl_engine_t engine, const_dnnl_primitive_attr_t attributes,
                                   const_dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *out)
{
    geometry g = geometry_of(k);
#if DNNL_VERSION_MAJOR >= 3
    if (pass == CONVOLUTION_FORWARD)
        return dnnl_convolution_forward_primitive_desc_create(out, engine, dnnl_forward_training, g.algorithm, d[X],
                                                              d[WEIGHT], d[BIAS], d[Y], g.stride, g.gap, g.padding,
                                                              g.padding, attributes);
    if (pass == CONVOLUTION_INPUT_GRADIENT)
        return dnnl_convolution_backward_data_primitive_desc_create(out, engine, g.algorithm, d[X], d[WEIGHT], d[Y],
                                                                    g.stride, g.gap, g.padding, g.padding, forward,
                                                                    attributes);
    return dnnl_convolution_backward_weights_primitive_desc_create(out, engine, g.algorithm, d[X], d[WEIGHT], NULL,
                                                                   d[Y], g.stride, g.gap, g.padding, g.padding, forward,
                                                                   attributes);
#else
    dnnl_convolution_desc_t operation;
    dnnl_status_t status;
    if (pass == CONVOLUTION_FORWARD)
        status =
            dnnl_dilated_convolution_forward_desc_init(&operation, dnnl_forward_training, g.algorithm, d[X], d[WEIGHT],
                                                       d[BIAS], d[Y], g.stride, g.gap, g.padding, g.padding);
    else if (pass == CONVOLUTION_INPUT_GRADIENT)
        status = dnnl_dilated_convolution_backward_data_desc_init(&operation, g.algorithm, d[X], d[WEIGHT], d[Y],
                                                                  g.stride, g.gap, g.padding, g.padding);
    else
        status = dnnl_dilated_convolution_backward_weights_desc_init(&operation, g.algorithm, d[X], d[WEIGHT], NULL,
                                                                     d[Y], g.stride, g.gap, g.padding, g.padding);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &operation, attributes, engine, forward) : status;
#endif
}

/* A gradient's descriptor is made with its forward one as a hint. */
static dnnl_status_t describe_with_hint(const convolution_key *k, const descriptor *d, dnnl_engine_t engine,
                                        const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out)
{
    dnnl_primitive_desc_t forward = NULL;
    if (k->pass == CONVOLUTION_FORWARD) return describe_pass(k, CONVOLUTION_FORWARD, d, engine, attributes, NULL, out);
    dnnl_status_t status = describe_pass(k, CONVOLUTION_FORWARD, d, engine, attributes, NULL, &forward);
    if (status != dnnl_success) return status;
    status = describe_pass(k, (enum convolution_pass)k->pass, d, engine, attributes, forward, out);
    dnnl_primitive_desc_destroy(forward);
    return status;
}

static dnnl_status_t describe_convolution(const void *key, const argument *arguments, dnnl_engine_t engine,
                                          const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out)
{
    const convolution_key *k = key;
    bool plain = k->manner == PLAIN;
    descriptor d[TENSORS] = { 0 };
    bool ok = true;
    for (int i = 0; i < TENSORS; i++) {
        const layout *l = &arguments[i].layout;
        if (l->rank == 0) continue;
        d[i] = i == BIAS || (plain && i != WEIGHT) ? descriptor_plain(l) : descriptor_any(l);
        ok = ok && d[i];
    }
    dnnl_status_t status =
        ok ? describe_with_hint(k, d, engine, attributes, out) : (dnnl_status_t)dnnl_invalid_arguments;
    for (int i = 0; i < TENSORS; i++) descriptor_free(d[i]);
    return status;
}

static bool is_worth(enum manner manner, const convolution *p, enum convolution_pass pass)
{
    enum { BLOCK = 16 };
    bool pointwise = p->kernel[0] == 1 && p->kernel[1] == 1;
    bool few_channels = p->channels < BLOCK && p->groups == 1;
    if (manner == PLAIN) return true;
    if (manner == BLOCKED) return !pointwise && !(few_channels && pass == CONVOLUTION_INPUT_GRADIENT);
    for (int i = 0; i < 2; i++)
        if (p->kernel[i] != 3 || p->stride[i] != 1 || p->dilation[i] != 1) return false;
    return p->groups == 1 && p->channels >= BLOCK && p->outputs >= BLOCK;
}

static layout image_layout(const convolution *p, int64_t channels, const int64_t size[2])
{
    return layout_contiguous(4, (int64_t[]){ p->batch, channels, size[0], size[1] });
}

static layout weight_layout(const convolution *p)
{
    int64_t dim[] = { p->groups, p->outputs / p->groups, p->channels / p->groups, p->kernel[0], p->kernel[1] };
    return p->groups == 1 ? layout_contiguous(4, dim + 1) : layout_contiguous(5, dim);
}

bool onednn_convolution(const convolution *p, enum convolution_pass pass, float *x, float *weight, const float *bias,
                        float *y)
{
    bool to_x = pass == CONVOLUTION_INPUT_GRADIENT, to_weight = pass == CONVOLUTION_WEIGHT_GRADIENT;
    bool to_y = pass == CONVOLUTION_FORWARD;
    argument arguments[TENSORS] = {
        [X] = { to_x ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, to_x, image_layout(p, p->channels, p->size), x },
        [WEIGHT] = { to_weight ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, to_weight, weight_layout(p), weight },
        [BIAS] = { DNNL_ARG_BIAS, false, layout_contiguous(bias ? 1 : 0, &p->outputs), (void *)bias },
        [Y] = { to_y ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, to_y, image_layout(p, p->outputs, p->output), y },
    };
    for (int manner = 0; manner < MANNERS; manner++) {
        convolution_key key = { *p, pass, manner, bias != NULL };
        if (is_worth((enum manner)manner, p, pass) &&
            onednn_run(describe_convolution, &key, sizeof key, arguments, TENSORS))
            return true;
    }
    return false;
}
