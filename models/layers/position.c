/* position.c - where in the picture a token is. */
#include "layers/position.h"
#include <math.h>

position position_new(vt_path path, position_kind kind, int64_t rows, int64_t columns, int64_t prefix, int64_t dim,
                      double std)
{
    position m = { kind, rows, columns, prefix, dim, .table = { 0 } };
    if (kind == POSITION_SIN_COS && (dim % 4 || dim < 8))
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "sin-cos positions of %lld channels; it must be 8, 12, 16, ...",
                       (long long)dim);
    if (kind == POSITION_LEARNED)
        m.table = vt_parameter(path, "pos_embed", VT_SHAPE(1, prefix + rows * columns, dim), VT_INIT_NORMAL, std,
                               .no_decay = true, .grid = { 1, prefix, rows, columns });
    if (kind == POSITION_LEARNED_2D) {
        m.row = vt_parameter(path, "pos_row", VT_SHAPE(1, rows, 1, dim), VT_INIT_NORMAL, std, .no_decay = true,
                             .grid = { .axis = 1, .rows = rows });
        m.column = vt_parameter(path, "pos_column", VT_SHAPE(1, 1, columns, dim), VT_INIT_NORMAL, std, .no_decay = true,
                                .grid = { .axis = 2, .rows = columns });
    }
    return m;
}

/* sin and cos of n places at wavelengths that grow from 2π to 20000π: [n, dim / 2] */
static vt_tensor waves(int64_t n, int64_t dim, vt_dtype dtype)
{
    double quarter = (double)dim / 4;
    vt_tensor step = vt_scale(vt_arange(0, quarter, .dtype = dtype), -log(10000) / (quarter - 1));
    vt_tensor place = vt_reshape(vt_arange(0, (double)n, .dtype = dtype), VT_SHAPE(n, 1));
    vt_tensor angle = vt_mul(place, vt_exp(step));
    return vt_concat(((vt_tensor[]){ vt_sin(angle), vt_cos(angle) }), 2, 1);
}

/* Of the patches: [1, patches, dim]; columns come before rows. */
static vt_tensor sin_cos(const position *m, vt_dtype dtype)
{
    vt_shape half = VT_SHAPE(m->rows, m->columns, m->dim / 2);
    vt_tensor column = vt_expand(waves(m->columns, m->dim, dtype), half);
    vt_tensor row = vt_expand(vt_reshape(waves(m->rows, m->dim, dtype), VT_SHAPE(m->rows, 1, -1)), half);
    vt_tensor both = vt_concat(((vt_tensor[]){ column, row }), 2, 2);
    return vt_reshape(both, VT_SHAPE(1, m->rows * m->columns, m->dim));
}

/* Zeros in front of the patches' positions. */
static vt_tensor behind_prefix(const position *m, vt_tensor table)
{
    if (m->prefix == 0) return table;
    vt_tensor none = vt_zeros(VT_SHAPE(1, m->prefix, m->dim), .dtype = vt_dtype_of(table));
    return vt_concat(((vt_tensor[]){ none, table }), 2, 1);
}

vt_tensor position_add(const position *m, vt_tensor x)
{
    switch (m->kind) {
    case POSITION_LEARNED: return vt_add(x, m->table);
    case POSITION_LEARNED_2D: {
        vt_tensor table = vt_reshape(vt_add(m->row, m->column), VT_SHAPE(1, m->rows * m->columns, m->dim));
        return vt_add(x, behind_prefix(m, table));
    }
    case POSITION_SIN_COS: return vt_add(x, behind_prefix(m, sin_cos(m, vt_dtype_of(x))));
    default: return x;
    }
}
