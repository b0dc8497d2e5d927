/* triangle.c - the triangles of matrices, cut out by a mask. */
#include "ops/infer.h"
#include "ops/list.h"
#include <vitro/vitro.h>

/* Column j of row i stays up to, or from, i + diagonal. */
static vt_tensor triangle(const char *name, const vt_triangle_args *a, bool upper)
{
    ENTER(name, a->at_);
    spec s;
    char text[128];
    if (vt_failed() || !spec_of(name, a->at_, "x", a->x, &s)) return VT_INERT;
    if (s.shape.rank < 2)
        return refuse_call(name, a->at_, VT_ERROR_ARGUMENT, "x %s must have two axes or more",
                           vt_shape_text(s.shape, text));
    int64_t rows = s.shape.dim[s.shape.rank - 2], columns = s.shape.dim[s.shape.rank - 1], diagonal = a->diagonal;
    if (diagonal < -rows) diagonal = -rows;
    if (diagonal > columns) diagonal = columns;
    vt_tensor last = vt_arange((double)diagonal, (double)(diagonal + rows), .dtype = VT_I64);
    vt_tensor column = vt_arange(0, (double)columns, .dtype = VT_I64);
    last = vt_reshape(last, VT_SHAPE(rows, 1));
    vt_tensor stays = upper ? vt_greater_equal(column, last) : vt_less_equal(column, last);
    return vt_where(stays, a->x, constant_like(a->x, 0));
}

vt_tensor vt_tril_with(const vt_triangle_args *a)
{
    NEED_ARGUMENTS("tril", a, VT_INERT);
    return triangle("tril", a, false);
}

vt_tensor vt_triu_with(const vt_triangle_args *a)
{
    NEED_ARGUMENTS("triu", a, VT_INERT);
    return triangle("triu", a, true);
}
