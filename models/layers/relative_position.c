/* relative_position.c - a learned number for each place of a key as seen from its query. */
#include "layers/relative_position.h"

relative_position relative_position_new(vt_path path, int64_t rows, int64_t columns, int64_t heads)
{
    relative_position m = { .rows = rows, .columns = columns };
    const int64_t height = 2 * rows - 1, width = 2 * columns - 1;
    m.table = vt_parameter(path, "relative_position_bias_table", VT_SHAPE(height * width, heads), VT_INIT_NORMAL, 0.02,
                           .no_decay = true, .grid = { .axis = 0, .rows = height, .columns = width });
    return m;
}

/* [n, n], i64: from i to j it is i - j + n - 1. */
static vt_tensor places(int64_t n)
{
    vt_tensor place = vt_arange(0, (double)n, .dtype = VT_I64);
    return vt_add(vt_sub(vt_unsqueeze(place, 1), place), vt_integer(n - 1));
}

vt_tensor relative_position_bias(const relative_position *m)
{
    vt_tensor row = vt_mul(places(m->rows), vt_integer(2 * m->columns - 1));
    vt_tensor both = vt_add(vt_rearrange(row, "i j -> i 1 j 1"), vt_rearrange(places(m->columns), "i j -> 1 i 1 j"));
    vt_tensor index = vt_rearrange(both, "h w i j -> (h w) (i j)");
    return vt_rearrange(vt_embedding(m->table, index), "n m h -> h n m");
}
