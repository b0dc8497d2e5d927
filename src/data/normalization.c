/* normalization.c - what vt_image_normalize does, in the library's own ops. */
#include "data/normalization.h"
#include "core/base/error.h"
#include "core/tensor/persist.h"
#include <vitro/elementwise.h>
#include <stdlib.h>

bool normalization_open(vt_site at, normalization *n, int channels, const float *mean, const float *std)
{
    float *factors = calloc((size_t)channels, 2 * sizeof *factors);
    if (!factors) return raise_error(VT_ERROR_MEMORY, at, "loader: no memory");
    for (int c = 0; c < channels; c++) {
        factors[c] = 1 / (255 * std[c]);
        factors[channels + c] = -mean[c] / std[c];
    }
    n->scale = data_persist(factors, VT_SHAPE(channels, 1), VT_F32);
    n->shift = data_persist(factors + channels, VT_SHAPE(channels, 1), VT_F32);
    free(factors);
    return !vt_failed();
}

/* Those of another thread end with it. */
void normalization_close(normalization *n)
{
    if (vt_is_live(n->scale)) vt_free(n->scale);
    if (vt_is_live(n->shift)) vt_free(n->shift);
}

vt_tensor normalize(const normalization *n, vt_tensor pixels)
{
    return vt_add(vt_mul(vt_cast(pixels, VT_F32), n->scale), n->shift);
}
