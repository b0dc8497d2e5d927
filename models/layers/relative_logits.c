/* relative_logits.c - learned vectors for the rows and columns that a key is away from its query, times the query. */
#include "layers/relative_logits.h"
#include <math.h>

relative_logits relative_logits_new(vt_path path, int64_t rows, int64_t columns, int64_t dim)
{
    relative_logits m = { .rows = rows, .columns = columns };
    const int64_t height = 2 * rows - 1, width = 2 * columns - 1;
    const double std = 1 / sqrt((double)dim);
    m.height_rel = vt_parameter(path, "height_rel", VT_SHAPE(height, dim), VT_INIT_NORMAL, std,
                                .grid = { .axis = 0, .rows = height });
    m.width_rel = vt_parameter(path, "width_rel", VT_SHAPE(width, dim), VT_INIT_NORMAL, std,
                               .grid = { .axis = 0, .rows = width });
    return m;
}

/* From [..., n, 2 n - 1], of each query by how far a key is, to [..., n, n], by the key: row i from its element n - 1 -
 * i on. One more at the end of each row shifts the next ones by that. */
static vt_tensor by_key(vt_tensor x, int64_t n)
{
    vt_shape shape = vt_shape_of(x);
    x = vt_flatten(vt_pad(x, VT_SHAPE(0), VT_SHAPE(1)), -2, -1);
    x = vt_pad(x, VT_SHAPE(0), VT_SHAPE(n - 1));
    if (shape.rank > 1) shape.dim[shape.rank - 2] = n + 1;
    x = vt_slice(vt_reshape(x, shape), -2, 0, n);
    return vt_slice(x, -1, n - 1, VT_END);
}

vt_tensor relative_logits_forward(const relative_logits *m, vt_tensor q)
{
    vt_tensor down = vt_rearrange(q, "b n (h w) d -> b n w h d", .h = m->rows);
    vt_tensor across = vt_rearrange(q, "b n (h w) d -> b n h w d", .h = m->rows);
    down = by_key(vt_linear(down, m->height_rel), m->rows);
    across = by_key(vt_linear(across, m->width_rel), m->columns);
    vt_tensor both = vt_add(vt_rearrange(down, "b n w h i -> b n h w i 1"), vt_unsqueeze(across, 4));
    return vt_rearrange(both, "b n h w i j -> b n (h w) (i j)");
}
