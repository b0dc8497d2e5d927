/* onednn_convolution.c - convolutions as primitives of oneDNN. */
#include "backends/cpu/onednn/onednn_plan.h"
#include <string.h>

/* What describe_convolution is told. */
typedef struct described {
    convolution problem;
    enum convolution_pass pass;
} described;

/* The descriptors of a convolution: x, weight, bias, y. */
enum { X, WEIGHT, BIAS, Y, TENSORS };

/* oneDNN counts a dilation as the elements left out between two that are taken. A stride that leads out of x, as of one
 * window, is one element more than x has room for: version 3.7 counts to it. */
typedef struct geometry {
    dnnl_dims_t stride, gap, padding, behind;
} geometry;

static geometry geometry_of(const described *k)
{
    geometry g = { 0 };
    for (int i = 0; i < 2; i++) {
        const convolution *p = &k->problem;
        g.gap[i] = p->dilation[i] - 1;
        g.padding[i] = p->padding[i];
        g.behind[i] = padding_behind(p, i);
        int64_t room = g.padding[i] + p->size[i] + g.behind[i] - p->dilation[i] * (p->kernel[i] - 1) - 1;
        g.stride[i] = p->stride[i] <= room ? p->stride[i] : room + 1;
    }
    return g;
}

static dnnl_status_t describe_pass(const described *k, enum convolution_pass pass, const descriptor *d,
                                   dnnl_engine_t engine, const_dnnl_primitive_attr_t attributes,
                                   const_dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *out)
{
    geometry g = geometry_of(k);
#if DNNL_VERSION_MAJOR >= 3
    if (pass == CONVOLUTION_FORWARD)
        return dnnl_convolution_forward_primitive_desc_create(out, engine, dnnl_forward_training,
                                                              dnnl_convolution_direct, d[X], d[WEIGHT], d[BIAS], d[Y],
                                                              g.stride, g.gap, g.padding, g.behind, attributes);
    if (pass == CONVOLUTION_INPUT_GRADIENT)
        return dnnl_convolution_backward_data_primitive_desc_create(out, engine, dnnl_convolution_direct, d[X],
                                                                    d[WEIGHT], d[Y], g.stride, g.gap, g.padding,
                                                                    g.behind, forward, attributes);
    return dnnl_convolution_backward_weights_primitive_desc_create(out, engine, dnnl_convolution_direct, d[X],
                                                                   d[WEIGHT], NULL, d[Y], g.stride, g.gap, g.padding,
                                                                   g.behind, forward, attributes);
#else
    dnnl_convolution_desc_t operation;
    dnnl_status_t status;
    if (pass == CONVOLUTION_FORWARD)
        status =
            dnnl_dilated_convolution_forward_desc_init(&operation, dnnl_forward_training, dnnl_convolution_direct, d[X],
                                                       d[WEIGHT], d[BIAS], d[Y], g.stride, g.gap, g.padding, g.behind);
    else if (pass == CONVOLUTION_INPUT_GRADIENT)
        status = dnnl_dilated_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, d[X], d[WEIGHT],
                                                                  d[Y], g.stride, g.gap, g.padding, g.behind);
    else
        status = dnnl_dilated_convolution_backward_weights_desc_init(
            &operation, dnnl_convolution_direct, d[X], d[WEIGHT], NULL, d[Y], g.stride, g.gap, g.padding, g.behind);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &operation, attributes, engine, forward) : status;
#endif
}

/* A gradient's descriptor is made with its forward one as a hint. */
static dnnl_status_t describe_with_hint(const described *k, const descriptor *d, dnnl_engine_t engine,
                                        const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out)
{
    dnnl_primitive_desc_t forward = NULL;
    if (k->pass == CONVOLUTION_FORWARD) return describe_pass(k, CONVOLUTION_FORWARD, d, engine, attributes, NULL, out);
    dnnl_status_t status = describe_pass(k, CONVOLUTION_FORWARD, d, engine, attributes, NULL, &forward);
    if (status != dnnl_success) return status;
    status = describe_pass(k, k->pass, d, engine, attributes, forward, out);
    dnnl_primitive_desc_destroy(forward);
    return status;
}

/* What oneDNN offers and gets wrong, found by comparing a hundred thousand runs of 2.6.3, and 48,000 of 3.7.2, with
 * plain loops. In 2.6.3:
 * - the gradient of a 1x1 kernel's weights with a stride, by jit_1x1 (AVX2 and AVX-512): it first gathers the pixels
 *   that the stride takes, into too little memory. It overwrites what lies behind it, and so gives wrong numbers,
 *   crashes, or never returns.
 * - bf16 on AMX by brgconv with a stride above 2, or where a window lies in the padding whole: it reads beyond x, and
 *   gives wrong numbers or crashes.
 * In 3.7.2:
 * - one channel in f32 on AVX-512 by brg_conv_fwd, where one column of windows is left of a stride: it leaves out rows.
 */
static bool has_window_beside_x(const convolution *p)
{
    for (int axis = 0; axis < 2; axis++) {
        int64_t window = p->dilation[axis] * (p->kernel[axis] - 1) + 1;
        int64_t last = (p->output[axis] - 1) * p->stride[axis] - p->padding[axis];
        if (p->padding[axis] >= window || last >= p->size[axis]) return true;
    }
    return false;
}

static bool is_column_of_one_channel(const convolution *p)
{
    return p->channels == 1 && p->output[1] == 1 && p->stride[1] > 1;
}

static bool is_broken(const described *k, const_dnnl_primitive_desc_t description)
{
    const char *name = "";
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name);
    const int64_t *stride = k->problem.stride;
    int64_t largest = stride[0] > stride[1] ? stride[0] : stride[1];
    if (strncmp(name, "jit_1x1", 7) == 0) return k->pass == CONVOLUTION_WEIGHT_GRADIENT && largest > 1;
    if (strncmp(name, "brg_conv_fwd:avx512", 19) == 0) return is_column_of_one_channel(&k->problem);
    return strncmp(name, "brgconv:avx512_core_amx", 23) == 0 && (largest > 2 || has_window_beside_x(&k->problem));
}

/* As in onednn_plan.c: what oneDNN counts in int, x with its padding among it, has to be one. */
static bool is_countable(const convolution *p)
{
    for (int a = 0; a < 2; a++)
        if ((p->output[a] - 1) * p->stride[a] + (p->kernel[a] - 1) * p->dilation[a] >= INT32_MAX / 2) return false;
    return true;
}

static dnnl_status_t describe_convolution(const void *problem, const argument *arguments, dnnl_engine_t engine,
                                          const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out)
{
    const described *k = problem;
    descriptor d[TENSORS] = { 0 };
    if (!is_countable(&k->problem)) return dnnl_unimplemented;
    bool ok = true;
    for (int i = 0; i < TENSORS; i++) {
        const layout *l = &arguments[i].layout;
        if (l->rank == 0) continue;
        d[i] = i == WEIGHT ? descriptor_any(l) : descriptor_plain(l);
        ok = ok && d[i];
    }
    dnnl_status_t status =
        ok ? describe_with_hint(k, d, engine, attributes, out) : (dnnl_status_t)dnnl_invalid_arguments;
    for (int i = 0; i < TENSORS; i++) descriptor_free(d[i]);
    if (status != dnnl_success || !is_broken(k, *out)) return status;
    dnnl_primitive_desc_destroy(*out);
    return dnnl_unimplemented;
}

static layout image_layout(const convolution *p, int64_t channels, const int64_t size[2], bool bf16)
{
    return (layout){ .rank = 4,
                     .dim = { p->batch, channels, size[0], size[1] },
                     .stride = { size[0] * size[1] * channels, 1, size[1] * channels, channels },
                     .bf16 = bf16 };
}

static layout weight_layout(const convolution *p)
{
    int64_t dim[] = { p->groups, p->outputs / p->groups, p->channels / p->groups, p->kernel[0], p->kernel[1] };
    return p->groups == 1 ? layout_contiguous(4, dim + 1) : layout_contiguous(5, dim);
}

/* All operands but the bias and a gradient of weights, which are sums of products, in bf16 or f32. */
static onednn_plan *prepare_in(bool bf16, const convolution *p, enum convolution_pass pass, bool has_bias)
{
    bool to_x = pass == CONVOLUTION_INPUT_GRADIENT, to_weight = pass == CONVOLUTION_WEIGHT_GRADIENT;
    bool to_y = pass == CONVOLUTION_FORWARD;
    argument arguments[TENSORS] = {
        [X] = { to_x ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, to_x, image_layout(p, p->channels, p->size, p->x_bf16) },
        [WEIGHT] = { to_weight ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, to_weight, weight_layout(p) },
        [BIAS] = { DNNL_ARG_BIAS, false, layout_contiguous(has_bias ? 1 : 0, &p->outputs) },
        [Y] = { to_y ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, to_y, image_layout(p, p->outputs, p->output, p->y_bf16) },
    };
    arguments[X].layout.takes_bf16 = arguments[Y].layout.takes_bf16 = bf16;
    arguments[WEIGHT].layout.takes_bf16 = bf16 && !to_weight;
    described d = { *p, pass };
    return onednn_prepare(describe_convolution, &d, arguments, TENSORS);
}

onednn_plan *onednn_prepare_convolution(const convolution *p, enum convolution_pass pass, bool has_bias)
{
    bool pays = p->x_bf16 && p->y_bf16 && gemm_bf16_unit() != GEMM_VECTORS;
    onednn_plan *plan = pays ? prepare_in(true, p, pass, has_bias) : NULL;
    return plan ? plan : prepare_in(false, p, pass, has_bias);
}
