/* grid_sample.c - images at places that a grid gives: elements are gathered by their numbers, and weighted. */
#include "ops/list.h"
#include <vitro/vitro.h>

/* -- Places along one axis: [N, P] --------------------------------------------------------------------------------- */

/* From -1 ... 1 to pixels, counted from 0. */
static vt_tensor to_pixels(vt_tensor g, int64_t size, bool align_corners)
{
    double half = 0.5 * (double)size, middle = 0.5 * (double)(size - 1);
    return vt_affine(g, align_corners ? middle : half, middle);
}

/* Turned over at low and at high, as often as it takes. */
static vt_tensor reflect(vt_tensor p, double low, double high)
{
    double span = high - low;
    if (span <= 0) return vt_affine(p, 0, low);
    vt_tensor distance = vt_abs(vt_shift(p, -low));
    vt_tensor periods = vt_floor(vt_scale(distance, 0.5 / span));
    vt_tensor within = vt_sub(distance, vt_scale(periods, 2 * span));
    return vt_affine(vt_abs(vt_shift(within, -span)), -1, span + low);
}

static vt_tensor pad(const vt_grid_sample_args *a, vt_tensor p, int64_t size)
{
    double last = (double)(size - 1), edge = a->align_corners ? 0 : 0.5;
    if (a->padding == VT_GRID_ZEROS) return p;
    if (a->padding == VT_GRID_REFLECTION) p = reflect(p, -edge, last + edge);
    return vt_clamp(p, 0, last);
}

/* A pixel beside a place, what it weighs, and whether the image has it. */
typedef struct neighbour {
    vt_tensor pixel, weight, inside;
} neighbour;

static neighbour neighbour_at(vt_tensor pixel, vt_tensor weight, int64_t size)
{
    vt_tensor reaches = vt_equal(vt_clamp(pixel, 0, (double)(size - 1)), pixel); /* not so of NaN */
    return (neighbour){ pixel, weight, reaches };
}

/* Those below and above; `one`, the nearest, has no weight. */
static int find_neighbours(const vt_grid_sample_args *a, vt_tensor g, int64_t size, neighbour out[2])
{
    vt_tensor place = pad(a, to_pixels(g, size, a->align_corners), size);
    if (a->nearest) {
        out[0] = neighbour_at(vt_round(place), VT_INERT, size);
        return 1;
    }
    vt_tensor below = vt_floor(place), rest = vt_sub(place, below);
    out[0] = neighbour_at(below, vt_affine(rest, -1, 1), size);
    out[1] = neighbour_at(vt_shift(below, 1), rest, size);
    return 2;
}

/* -- Pixels -------------------------------------------------------------------------------------------------------- */

/* `value` where the image is, 0 elsewhere; a zero, and not a product with one, which an infinity would be NaN by. */
static vt_tensor inside_alone(vt_tensor inside, vt_tensor value)
{
    return vt_where(inside, value, vt_full(VT_SCALAR, 0, .dtype = vt_dtype_of(value)));
}

static vt_tensor whole(vt_tensor inside, vt_tensor pixel)
{
    return vt_cast(inside_alone(inside, pixel), VT_I64);
}

/* The pixels of x [N, C, H W] at one pair of neighbours, times their weights: [N, C, P]. */
static vt_tensor pixels_at(vt_tensor x, int64_t width, const neighbour *vertical, const neighbour *horizontal)
{
    int64_t channels = vt_dim(x, 1);
    vt_tensor inside = vt_logical_and(vertical->inside, horizontal->inside);
    vt_tensor line = vt_mul(whole(inside, vertical->pixel), vt_full(VT_SCALAR, (double)width, .dtype = VT_I64));
    vt_tensor number = vt_add(line, whole(inside, horizontal->pixel));
    vt_tensor index = vt_expand(vt_unsqueeze(number, 1), VT_SHAPE(-1, channels, -1));
    vt_tensor pixels = inside_alone(vt_unsqueeze(inside, 1), vt_gather(x, 2, index));
    if (!vertical->weight.id) return pixels;
    vt_tensor weight = inside_alone(inside, vt_mul(vertical->weight, horizontal->weight));
    return vt_mul(pixels, vt_unsqueeze(weight, 1));
}

static vt_tensor sample(const vt_grid_sample_args *a, vt_shape x, vt_shape grid)
{
    vt_tensor places = vt_reshape(a->grid, VT_SHAPE(grid.dim[0], grid.dim[1] * grid.dim[2], 2));
    vt_tensor pixels = vt_flatten(a->x, 2, -1), sum = { 0 };
    neighbour vertical[2], horizontal[2];
    int count = find_neighbours(a, vt_select(places, 2, 1), x.dim[2], vertical);
    find_neighbours(a, vt_select(places, 2, 0), x.dim[3], horizontal);
    for (int i = 0; i < count * count; i++) {
        vt_tensor part = pixels_at(pixels, x.dim[3], &vertical[i / count], &horizontal[i % count]);
        sum = i ? vt_add(sum, part) : part;
    }
    return vt_reshape(sum, VT_SHAPE(x.dim[0], x.dim[1], grid.dim[1], grid.dim[2]));
}

/* -- The public functions ------------------------------------------------------------------------------------------ */

static bool check(const vt_grid_sample_args *a, spec *x, spec *grid)
{
    static const char name[] = "grid_sample";
    char s[128], t[128];
    if (vt_failed() || !spec_of(name, a->at_, "x", a->x, x) || !spec_of(name, a->at_, "grid", a->grid, grid))
        return false;
    if (!vt_dtype_is_float(x->dtype) || grid->dtype != x->dtype)
        refuse_call(name, a->at_, VT_ERROR_ARGUMENT, "x is %s, grid is %s; both must be f32, or both f64",
                    vt_dtype_name(x->dtype), vt_dtype_name(grid->dtype));
    else if (x->shape.rank != 4 || x->shape.dim[2] < 1 || x->shape.dim[3] < 1)
        refuse_call(name, a->at_, VT_ERROR_ARGUMENT,
                    "x %s must be [batch, channels, height, width], with a pixel or more", vt_shape_text(x->shape, s));
    else if (grid->shape.rank != 4 || grid->shape.dim[3] != 2 || grid->shape.dim[0] != x->shape.dim[0])
        refuse_call(name, a->at_, VT_ERROR_ARGUMENT, "grid %s must be [%lld, height, width, 2], the batch of x %s",
                    vt_shape_text(grid->shape, s), (long long)x->shape.dim[0], vt_shape_text(x->shape, t));
    else if ((int)a->padding < VT_GRID_ZEROS || (int)a->padding > VT_GRID_REFLECTION)
        refuse_call(name, a->at_, VT_ERROR_ARGUMENT, "padding %d is no vt_grid_padding", (int)a->padding);
    else
        return true;
    return false;
}

vt_tensor vt_grid_sample_with(const vt_grid_sample_args *a)
{
    NEED_ARGUMENTS("grid_sample", a, VT_INERT);
    spec x, grid;
    ENTER("grid_sample", a->at_);
    return check(a, &x, &grid) ? sample(a, x.shape, grid.shape) : VT_INERT;
}
