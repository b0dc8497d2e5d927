/* attend.h - scaled dot-product attention with heads (Vaswani et al. 2017), apart from the projections: what attention
 * of every family comes down to, however q, k, v and a bias arise. */
#ifndef MODELS_LAYERS_ATTEND_H
#define MODELS_LAYERS_ATTEND_H

#include <vitro/vitro.h>

typedef struct attend_args {
    vt_site at_;
    vt_path path;
    vt_tensor q, k, v;
    vt_named_only named_only_;
    vt_tensor bias, mask; /* as vt_attention's */
    double scale;         /* of the logits; VT_AUTO: 1 / sqrt(d) */
    double dropout;       /* of the weights */
} attend_args;
#define ATTEND_DEFAULTS .scale = VT_AUTO, .dropout = 0

/* q [B..., heads, N, d], k [B..., heads, M, d], v [B..., heads, M, e] -> [B..., N, heads * e], the heads side by side.
 * Names the weights before dropout [B, heads, N, M] "weights" under the path, with the axes of B as one. */
vt_tensor attend_with(const attend_args *a);
#define attend(...)                                                                                                    \
    VT_CALL(attend_with, attend_args, ATTEND_DEFAULTS, 4, "attend(path, q, k, v, .bias .mask .scale .dropout)",        \
            __VA_ARGS__)

#endif
