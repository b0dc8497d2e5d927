/* newton_schulz.c - the nearest matrix whose singular values are alike, roughly, by products of matrices alone. */
#include "ops/newton_schulz.h"
#include <vitro/vitro.h>
#include <math.h>

static vt_tensor transposed(vt_tensor x)
{
    return vt_permute(x, VT_AXES(1, 0));
}

/* a x + (b s + c s s) x, s = x x^T */
static vt_tensor iterate(vt_tensor x)
{
    const double a = 3.4445, b = -4.7750, c = 2.0315;
    vt_tensor squares = vt_matmul(x, transposed(x));
    vt_tensor factor = vt_add(vt_scale(squares, b), vt_scale(vt_matmul(squares, squares), c));
    return vt_add(vt_scale(x, a), vt_matmul(factor, x));
}

vt_tensor newton_schulz(vt_tensor x, int64_t iterations, double eps)
{
    bool tall = vt_dim(x, 0) > vt_dim(x, 1);
    if (tall) x = transposed(x);
    x = vt_div(x, vt_clamp(vt_sqrt(vt_sum(vt_square(x))), eps, INFINITY));
    for (int64_t i = 0; i < iterations; i++) x = iterate(x);
    return tall ? transposed(x) : x;
}
