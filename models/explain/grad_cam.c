/* grad_cam.c - where in the picture the evidence for a class is. */
#include "explain/grad_cam.h"

/* The last value that matches the family's pattern. */
static vt_named_tensor feature_map_of(const classifier *net)
{
    enum { MOST = 256 };
    vt_named_tensor found[MOST] = { { 0 } };
    int count = vt_model_values(net->model, net->family->feature_map, found, MOST);
    if (count >= 1 && count <= MOST) return found[count - 1];
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "grad_cam: %d values of %s match \"%s\"; it must be 1 to %d", count,
                   net->name, net->family->feature_map, MOST);
    return (vt_named_tensor){ 0 };
}

/* Tokens [1, N, D] as a feature map [1, D, rows, columns], without those in front. */
static vt_tensor tokens_by_place(vt_tensor x, const token_layout *l)
{
    vt_tensor patches = vt_slice(x, 1, l->prefix, vt_dim(x, 1));
    return vt_rearrange(patches, "b (h w) c -> b c h w", .h = l->rows, .w = l->columns);
}

static bool by_place(const classifier *net, const char *name, vt_tensor *value, vt_tensor *gradient)
{
    token_layout layout;
    if (vt_rank(*value) == 4) return true;
    if (!net->family->layout || !net->family->layout(net->layers, name, &layout)) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "grad_cam: %s has no place in the picture", name);
        return false;
    }
    *value = tokens_by_place(*value, &layout);
    *gradient = tokens_by_place(*gradient, &layout);
    return !vt_failed();
}

bool grad_cam(const classifier *net, vt_tensor logits, int64_t class, heat_map *map, const char **name)
{
    if (class < 0 || class >= vt_dim(logits, 1))
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "there is no class %lld: %s has %lld, from 0 to %lld",
                       (long long)class, net->name, (long long)vt_dim(logits, 1), (long long)vt_dim(logits, 1) - 1);
    if (vt_failed()) return false;
    vt_named_tensor feature_map = feature_map_of(net);
    vt_tensor value = feature_map.tensor, gradient;
    vt_gradients(vt_select(logits, 1, class), VT_INERT, &value, 1, &gradient);
    if (!by_place(net, feature_map.name, &value, &gradient)) return false;
    const bool depends = vt_item(vt_max(vt_abs(gradient))) > 0;
    if (!depends)
        vt_error_raise(VT_ERROR_GRADIENT, VT_HERE, "grad_cam: class %lld does not depend on %s of %s", (long long)class,
                       feature_map.name, net->name);
    vt_tensor weights = vt_mean(gradient, .axes = VT_AXES(2, 3), .keep = true);
    vt_tensor evidence = vt_relu(vt_sum(vt_mul(weights, value), .axes = VT_AXES(1)));
    if (vt_failed() || !heat_map_new(map, vt_dim(value, 2), vt_dim(value, 3))) return false;
    *name = feature_map.name;
    if (vt_read(evidence, map->values, map->rows * map->columns, VT_F64)) return true;
    heat_map_free(map);
    return false;
}
