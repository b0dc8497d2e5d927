/* patch_embedding.c - a picture as a sequence of patch vectors. */
#include "layers/patch_embedding.h"

patch_embedding patch_embedding_new(vt_path path, int64_t image_size, int64_t patch_size, int64_t channels, int64_t dim)
{
    patch_embedding m = { 0 };
    if (patch_size < 1 || image_size % patch_size) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                       "patch embedding: a picture of %lld pixels does not divide into patches of %lld",
                       (long long)image_size, (long long)patch_size);
        return m;
    }
    m.proj = conv_new(vt_subpath(path, "proj"), channels, dim, patch_size, .stride = (int)patch_size);
    m.patches = (image_size / patch_size) * (image_size / patch_size);
    return m;
}

vt_tensor patch_embedding_forward(const patch_embedding *m, vt_tensor images)
{
    return vt_rearrange(conv_forward(&m->proj, images), "b c h w -> b (h w) c");
}
