/* pixel_shuffle.c - channels as the pixels of a larger image, and back. */
#include "ops/list.h"
#include <vitro/vitro.h>

/* The shape of x; false, with an error, where it has no channels, rows and columns, or the factor is none. */
static bool check(const char *name, vt_site at, vt_tensor x, int factor, vt_shape *shape)
{
    spec s;
    char text[128];
    if (vt_failed() || !spec_of(name, at, "x", x, &s) ||
        !number_fits(factor >= 1, name, at, "factor", factor, "1 or more"))
        return false;
    *shape = s.shape;
    if (s.shape.rank >= 3) return true;
    refuse_call(name, at, VT_ERROR_ARGUMENT, "x %s must be [..., channels, height, width]",
                vt_shape_text(s.shape, text));
    return false;
}

vt_tensor vt_pixel_shuffle_at(vt_site at, vt_tensor x, int factor)
{
    vt_shape shape;
    char text[128];
    ENTER("pixel_shuffle", at);
    if (!check("pixel_shuffle", at, x, factor, &shape)) return VT_INERT;
    int64_t channels = shape.dim[shape.rank - 3];
    if (channels % factor || channels / factor % factor)
        return refuse_call("pixel_shuffle", at, VT_ERROR_ARGUMENT,
                           "the %lld channels of x %s do not divide into %d by %d", (long long)channels,
                           vt_shape_text(shape, text), factor, factor);
    return vt_rearrange(x, "... (c p1 p2) h w -> ... c (h p1) (w p2)", .p1 = factor, .p2 = factor);
}

vt_tensor vt_pixel_unshuffle_at(vt_site at, vt_tensor x, int factor)
{
    vt_shape shape;
    char text[128];
    ENTER("pixel_unshuffle", at);
    if (!check("pixel_unshuffle", at, x, factor, &shape)) return VT_INERT;
    if (shape.dim[shape.rank - 2] % factor || shape.dim[shape.rank - 1] % factor)
        return refuse_call("pixel_unshuffle", at, VT_ERROR_ARGUMENT, "height and width of x %s do not divide by %d",
                           vt_shape_text(shape, text), factor);
    return vt_rearrange(x, "... c (h p1) (w p2) -> ... (c p1 p2) h w", .p1 = factor, .p2 = factor);
}
