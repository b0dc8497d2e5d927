/* token_weights.c - what attention without a map of queries and keys weighs the tokens by. */
#include "explain/token_weights.h"

static bool read_mean(vt_tensor weights, const token_layout *l, heat_map *map)
{
    vt_tensor mean = vt_mean(weights, .axes = VT_AXES(1, 3));
    if (!heat_map_new(map, l->rows, l->columns)) return false;
    if (vt_read(vt_slice(mean, 1, l->prefix, VT_END), map->values, l->rows * l->columns, VT_F64)) return true;
    heat_map_free(map);
    return false;
}

bool token_weights(const classifier *net, heat_map *map, const char **name)
{
    enum { MOST = 64 };
    const family *f = net->family;
    vt_named_tensor found[MOST];
    token_layout layout;
    *map = (heat_map){ 0 };
    const int count = f->token_weights ? vt_model_values(net->model, f->token_weights, found, MOST) : 0;
    if (count < 1 || count > MOST) return !vt_failed();
    *name = found[count - 1].name;
    return f->layout(net->layers, *name, &layout) && read_mean(found[count - 1].tensor, &layout, map);
}
