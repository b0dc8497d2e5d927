/* fit.c - a tensor of a file, made to fit a model for pictures of another size or of other channels. */
#include "train/fit.h"
#include "core/base/array.h"
#include <vitro/context.h>
#include <vitro/create.h>
#include <vitro/elementwise.h>
#include <vitro/index.h>
#include <vitro/interpolate.h>
#include <vitro/reduce.h>
#include <vitro/shape.h>
#include <vitro/tensor.h>
#include <math.h>

/* -- Grids --------------------------------------------------------------------------------------------------------- */

/* The rows of the file's grid of `count` places: 0 where it is none that is known. */
static int64_t rows_of(const vt_grid *grid, int64_t count)
{
    if (count < 1) return 0;
    if (grid->columns == 0) return count;
    int64_t side = (int64_t)llround(sqrt((double)count));
    return side * side == count ? side : 0;
}

static bool differ_along_one_axis(vt_shape from, vt_shape to, int axis)
{
    if (from.rank != to.rank || axis >= to.rank) return false;
    for (int i = 0; i < to.rank; i++)
        if (i != axis && from.dim[i] != to.dim[i]) return false;
    return true;
}

/* Axes before the grid's, the axis itself, and those behind. */
typedef struct sides {
    int64_t before, along, behind;
} sides;

static sides sides_of(vt_shape shape, int axis)
{
    sides s = { 1, shape.dim[axis], 1 };
    for (int i = 0; i < axis; i++) s.before *= shape.dim[i];
    for (int i = axis + 1; i < shape.rank; i++) s.behind *= shape.dim[i];
    return s;
}

static vt_tensor resample_grid(const vt_grid *grid, vt_tensor x, vt_shape to)
{
    const sides s = sides_of(vt_shape_of(x), grid->axis);
    const int64_t rows = rows_of(grid, s.along - grid->prefix);
    x = vt_reshape(x, VT_SHAPE(s.before, s.along, s.behind));
    vt_tensor prefix = vt_slice(x, 1, 0, grid->prefix), places = vt_slice(x, 1, grid->prefix, s.along);
    vt_tensor image = vt_permute(vt_reshape(places, VT_SHAPE(s.before, rows, -1, s.behind)), VT_AXES(0, 3, 1, 2));
    image = vt_interpolate(image, .height = (int)grid->rows, .width = grid->columns ? (int)grid->columns : 1,
                           .mode = VT_BICUBIC, .antialias = true);
    places = vt_reshape(vt_permute(image, VT_AXES(0, 2, 3, 1)), VT_SHAPE(s.before, -1, s.behind));
    return vt_reshape(vt_concat(((vt_tensor[]){ prefix, places }), 2, 1), to);
}

/* -- Channels ------------------------------------------------------------------------------------------------------ */

static bool differ_in_input_channels(vt_shape from, vt_shape to)
{
    return to.rank == 4 && differ_along_one_axis(from, to, 1) && from.dim[1] > 0;
}

static vt_tensor adapt_channels(vt_tensor x, int64_t channels)
{
    const int64_t old = vt_dim(x, 1);
    if (channels == 1) return vt_sum(x, .axes = VT_AXES(1), .keep = true);
    vt_tensor index =
        vt_remainder(vt_arange(0, (double)channels, .dtype = VT_I64), vt_full(VT_SCALAR, (double)old, .dtype = VT_I64));
    return vt_scale(vt_index_select(x, 1, index), (double)old / (double)channels);
}

/* -- Both ---------------------------------------------------------------------------------------------------------- */

fit_kind fit_find(const vt_grid *grid, bool channels, vt_shape from, vt_shape to)
{
    if (grid && grid->rows > 0 && differ_along_one_axis(from, to, grid->axis) &&
        rows_of(grid, from.dim[grid->axis] - grid->prefix) > 0)
        return FIT_GRID;
    return channels && differ_in_input_channels(from, to) ? FIT_CHANNELS : FIT_NONE;
}

bool fit_elements(vt_site at, fit_kind kind, const vt_grid *grid, vt_dtype dtype, vt_shape from, const void *elements,
                  vt_shape to, void *fitted)
{
    VT_SCOPE;
    vt_tensor x = vt_from_data_at(at, elements, from, dtype);
    x = kind == FIT_GRID ? resample_grid(grid, x, to) : adapt_channels(x, to.dim[1]);
    return vt_read_at(at, x, fitted, vt_shape_count(to), dtype);
}
