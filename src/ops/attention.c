/* attention.c - scaled dot-product attention, written in other ops: on the CPU matrix products are most of its time
 * either way. Behind the same function an op with a fused kernel can come. */
#include "core/node.h"
#include <vitro/vitro.h>
#include <math.h>

static bool check_shapes(const vt_attention_args *a, vt_shape q, vt_shape k, vt_shape v)
{
    char s[128], t[128];
    if (q.rank < 2 || k.rank < 2 || v.rank < 2)
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "q %s, k %s and v must have two axes or more",
                    vt_shape_text(q, s), vt_shape_text(k, t));
    else if (q.dim[q.rank - 1] != k.dim[k.rank - 1])
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "q %s has %lld channels, k %s has %lld",
                    vt_shape_text(q, s), (long long)q.dim[q.rank - 1], vt_shape_text(k, t),
                    (long long)k.dim[k.rank - 1]);
    else if (k.dim[k.rank - 2] != v.dim[v.rank - 2])
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "k %s has %lld keys, v %s has %lld values",
                    vt_shape_text(k, s), (long long)k.dim[k.rank - 2], vt_shape_text(v, t),
                    (long long)v.dim[v.rank - 2]);
    else
        return true;
    return false;
}

static bool check(const vt_attention_args *a)
{
    spec q, k, v, mask;
    if (vt_failed() || !spec_of("attention", a->at_, "q", a->q, &q) || !spec_of("attention", a->at_, "k", a->k, &k) ||
        !spec_of("attention", a->at_, "v", a->v, &v))
        return false;
    if (a->mask.id && !spec_of("attention", a->at_, "mask", a->mask, &mask)) return false;
    if (!vt_dtype_is_float(q.dtype) || k.dtype != q.dtype || v.dtype != q.dtype)
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "q is %s, k %s, v %s; all must be f32, or all f64",
                    vt_dtype_name(q.dtype), vt_dtype_name(k.dtype), vt_dtype_name(v.dtype));
    else if (a->mask.id && mask.dtype != VT_BOOL)
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT,
                    "mask is %s; it must be bool. A bias is added to the logits", vt_dtype_name(mask.dtype));
    else
        return check_shapes(a, q.shape, k.shape, v.shape);
    return false;
}

/* A mask or a bias must not make the logits larger. */
static bool broadcasts(const vt_attention_args *a, const char *what, vt_tensor x, vt_tensor logits)
{
    vt_shape whole, shape = vt_shape_of(logits);
    char s[128], t[128];
    if (vt_failed()) return false;
    if (shape_broadcast(vt_shape_of(x), shape, &whole) && vt_shape_equal(whole, shape)) return true;
    refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "%s %s does not broadcast to the logits, %s", what,
                vt_shape_text(vt_shape_of(x), s), vt_shape_text(shape, t));
    return false;
}

/* [queries, keys], true where the key is not after the query */
static vt_tensor causal_mask(int64_t queries, int64_t keys)
{
    vt_tensor query = vt_arange(0, (double)queries, .dtype = VT_I64), key = vt_arange(0, (double)keys, .dtype = VT_I64);
    return vt_greater_equal(vt_reshape(query, VT_SHAPE(queries, 1)), key);
}

static vt_tensor hide(vt_tensor logits, vt_tensor mask)
{
    return vt_where(mask, logits, vt_full(VT_SCALAR, -INFINITY, .dtype = vt_dtype_of(logits)));
}

vt_tensor vt_attention_with(const vt_attention_args *a)
{
    ENTER("attention", a->at_);
    if (a->weights) *a->weights = (vt_tensor){ 0 };
    if (!check(a)) return (vt_tensor){ 0 };
    double scale = a->scale == 0 ? 1 / sqrt((double)vt_dim(a->q, -1)) : a->scale;
    vt_tensor logits = vt_matmul(vt_affine(a->q, scale, 0), a->k, .transpose_b = true); /* q is the smaller to scale */
    if (a->bias.id && broadcasts(a, "bias", a->bias, logits)) logits = vt_add(logits, a->bias);
    if (a->mask.id && broadcasts(a, "mask", a->mask, logits)) logits = hide(logits, a->mask);
    if (a->causal) logits = hide(logits, causal_mask(vt_dim(a->q, -2), vt_dim(a->k, -2)));
    vt_tensor weights = vt_softmax(logits, -1);
    if (a->weights) *a->weights = weights;
    return vt_matmul(vt_dropout(weights, a->dropout), a->v);
}
