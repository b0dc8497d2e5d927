/* attention.h - scaled dot-product attention. */
#ifndef VITRO_ATTENTION_H
#define VITRO_ATTENTION_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_attention_args {
    vt_site at_;
    vt_tensor q, k, v;
    vt_named_only named_only_;
    vt_tensor mask;     /* bool, broadcast to [..., N, M]: false keeps a query from a key */
    vt_tensor bias;     /* broadcast to [..., N, M] and added to the logits */
    bool causal;        /* a query sees no key behind its own place */
    bool queries_last;  /* the last query is at the place of the last key, as where earlier keys are kept from one call
                           to the next; otherwise the first is at that of the first */
    int64_t window;     /* a query sees keys less than this many places from its own; VT_AUTO: all */
    double scale;       /* of the logits; VT_AUTO: 1 / sqrt(d) */
    double dropout;     /* probability with which a weight is dropped, in training mode */
    vt_tensor *weights; /* gets the attention weights [..., N, M], before dropout; computed only where they are read */
} vt_attention_args;
#define VT_ATTENTION_DEFAULTS .window = VT_AUTO, .scale = VT_AUTO, .dropout = 0
VT_API vt_attention_args vt_attention_defaults(void);
/* softmax(scale q kᵀ + bias) v (Vaswani et al. 2017) for q [..., N, d], k [..., M, d], v [..., M, e]: [..., N, e].
 * Leading axes, of batch and heads, broadcast. f32 or f64. A query that is kept from every key, by a mask, a bias of
 * -inf, or because its place is before all keys, gets zeros, and no gradient passes through it, as in PyTorch
 * since 2.5. Where the `weights` are not read, the map of weights is never in memory, unless something is dropped and v
 * has leading axes of its own: what is needed beside the result grows with N and M, not with N times M. The result is
 * the same whether they are read or not. */
VT_API vt_tensor vt_attention_with(const vt_attention_args *a);
#define vt_attention(...)                                                                                              \
    VT_CALL(vt_attention_with, vt_attention_args, VT_ATTENTION_DEFAULTS, 3,                                            \
            "vt_attention(q, k, v, .mask .bias .causal .queries_last .window .scale .dropout .weights)", __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
