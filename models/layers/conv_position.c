/* conv_position.c - where in the picture a token is, by its neighbours. */
#include "layers/conv_position.h"
#include "layers/tokens.h"

enum { KERNEL = 3 };

conv_position conv_position_new(vt_path path, int64_t dim)
{
    return (conv_position){ .proj = conv_new(vt_subpath(path, "proj"), dim, dim, KERNEL, .padding = KERNEL / 2,
                                             .groups = (int)dim) };
}

vt_tensor conv_position_forward(const conv_position *m, vt_tensor x, int64_t rows)
{
    vt_tensor map = map_of_tokens(x, rows);
    return tokens_of_map(vt_add(conv_forward(&m->proj, map), map), x);
}
