/* family.c - what families have in common. */
#include "family.h"

int64_t hidden_channels(int64_t channels, double ratio)
{
    const double hidden = (double)channels * ratio, most = 1e9;
    if (hidden >= 1 && hidden <= most) return (int64_t)hidden;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "an MLP of %lld channels with a ratio of %g would have %g hidden ones; it must be 1 to %g",
                   (long long)channels, ratio, hidden, most);
    return 1;
}

bool images_fit(const common_config *c, const char *family, vt_tensor images)
{
    if (vt_rank(images) == 4 && vt_dim(images, 1) == c->channels && vt_dim(images, 2) == c->height &&
        vt_dim(images, 3) == c->width)
        return true;
    char text[128];
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%s: images %s; they must be [B, %lld, %lld, %lld]", family,
                   vt_shape_text(vt_shape_of(images), text), (long long)c->channels, (long long)c->height,
                   (long long)c->width);
    return false;
}
