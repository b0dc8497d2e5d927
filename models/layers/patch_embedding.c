/* patch_embedding.c - a picture as a sequence of patch vectors. */
#include "layers/patch_embedding.h"
#include <math.h>

bool patch_grid_init(patch_grid *grid, int64_t height, int64_t width, int64_t patch_height, int64_t patch_width)
{
    if (patch_height < 1 || patch_width < 1 || height < 1 || width < 1 || height % patch_height ||
        width % patch_width) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                       "a picture of %lld by %lld pixels does not divide into patches of %lld by %lld",
                       (long long)height, (long long)width, (long long)patch_height, (long long)patch_width);
        return false;
    }
    *grid = (patch_grid){ height, width, patch_height, patch_width, height / patch_height, width / patch_width };
    return true;
}

/* A convolution whose kernel and stride are the patch. */
static linear convolution_new(vt_path path, const patch_embedding_args *a)
{
    vt_shape shape = VT_SHAPE(a->dim, a->channels, a->grid.patch_height, a->grid.patch_width);
    double bound = 1 / sqrt((double)(vt_shape_count(shape) / a->dim));
    linear m = { .weight = vt_parameter(path, "weight", shape, VT_INIT_UNIFORM, bound) };
    m.bias = vt_parameter(path, "bias", VT_SHAPE(a->dim), VT_INIT_UNIFORM, bound);
    return m;
}

patch_embedding patch_embedding_new_with(const patch_embedding_args *a)
{
    patch_embedding m = { .grid = a->grid, .normed = a->normed };
    vt_path proj = vt_subpath(a->path, "proj");
    if (a->dim < 1 || a->channels < 1) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "patch embedding: %lld channels become %lld; both must be 1 or more",
                       (long long)a->channels, (long long)a->dim);
        return m;
    }
    if (!a->normed) {
        m.proj = convolution_new(proj, a);
        return m;
    }
    int64_t pixels = a->channels * a->grid.patch_height * a->grid.patch_width;
    m.pixels = layer_norm_new(vt_subpath(a->path, "pixels"), pixels, a->eps);
    m.proj = linear_new(proj, pixels, a->dim);
    m.projected = layer_norm_new(vt_subpath(a->path, "projected"), a->dim, a->eps);
    return m;
}

vt_tensor patch_embedding_forward(const patch_embedding *m, vt_tensor images)
{
    const patch_grid *g = &m->grid;
    if (vt_rank(images) != 4 || vt_dim(images, 2) != g->height || vt_dim(images, 3) != g->width) {
        char text[128];
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "patch embedding: images %s; they must be [B, channels, %lld, %lld]",
                       vt_shape_text(vt_shape_of(images), text), (long long)g->height, (long long)g->width);
        return (vt_tensor){ 0 };
    }
    if (!m->normed) {
        vt_tensor x = vt_conv2d(images, m->proj.weight, .bias = m->proj.bias,
                                .stride_hw = { (int)g->patch_height, (int)g->patch_width });
        return vt_rearrange(x, "b c h w -> b (h w) c");
    }
    vt_tensor x = vt_rearrange(images, "b c (h p) (w q) -> b (h w) (p q c)", .p = g->patch_height, .q = g->patch_width);
    return layer_norm_forward(&m->projected, linear_forward(&m->proj, layer_norm_forward(&m->pixels, x)));
}
