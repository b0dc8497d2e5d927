/* test_images.c - functions of images that are written in other ops, against their definitions in plain loops. */
#include "left_behind.h"
#include "refused.h"
#include "numbers.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

TestSuite(images, .fini = expect_nothing_left);

/* -- Arrays -------------------------------------------------------------------------------------------------------- */

enum { MOST = 4096 };

/* Uniform in [-1, 1). */
static vt_tensor numbers(vt_shape shape, double *data)
{
    static uint64_t state = 5;
    int64_t count = vt_shape_count(shape);
    cr_assert(count <= MOST);
    for (int64_t i = 0; i < count; i++) data[i] = 2 * next_uniform(&state) - 1;
    return vt_from_data(data, shape, VT_F64);
}

static void expect_equal(vt_tensor got, vt_shape shape, const double *want, const char *name)
{
    double data[MOST];
    char a[128], b[128];
    cr_assert(!vt_failed(), "%s: %s", name, vt_error_message());
    cr_assert(vt_shape_equal(vt_shape_of(got), shape), "%s is %s, not %s", name, vt_shape_text(vt_shape_of(got), a),
              vt_shape_text(shape, b));
    cr_assert(vt_read(got, data, vt_shape_count(shape), VT_F64), "%s: %s", name, vt_error_message());
    for (int64_t i = 0; i < vt_shape_count(shape); i++)
        cr_assert(fabs(data[i] - want[i]) < 1e-12, "%s: element %lld is %.17g, not %.17g", name, (long long)i, data[i],
                  want[i]);
}

/* -- Transposed convolution: each element of x, times its kernel, to where it belongs ------------------------------ */

/* x [2, 4, 3, 4]; padding is top, bottom, left, right. */
typedef struct transposed {
    const char *name;
    int out, kernel[2], stride[2], padding[4], dilation[2], more[2], groups;
} transposed;

static void define_transposed(const transposed *t, const double *x, const double *weight, const double *bias,
                              vt_shape shape, double *y)
{
    int in = 4 / t->groups, out = t->out / t->groups;
    for (int64_t i = 0; i < vt_shape_count(shape); i++) y[i] = bias[i / (shape.dim[2] * shape.dim[3]) % t->out];
    for (int i = 0; i < 2 * 4 * 3 * 4; i++)
        for (int o = 0; o < out; o++)
            for (int k = 0; k < t->kernel[0] * t->kernel[1]; k++) {
                int n = i / 48, c = i / 12 % 4;
                int row = i / 4 % 3 * t->stride[0] + k / t->kernel[1] * t->dilation[0] - t->padding[0];
                int column = i % 4 * t->stride[1] + k % t->kernel[1] * t->dilation[1] - t->padding[2];
                if (row < 0 || row >= shape.dim[2] || column < 0 || column >= shape.dim[3]) continue;
                y[((n * t->out + c / in * out + o) * shape.dim[2] + row) * shape.dim[3] + column] +=
                    x[i] * weight[(c * out + o) * t->kernel[0] * t->kernel[1] + k];
            }
}

Test(images, transposed_convolution)
{
    static const transposed all[] = {
        { "plain", 3, { 2, 3 }, { 1, 1 }, { 0, 0, 0, 0 }, { 1, 1 }, { 0, 0 }, 1 },
        { "strided", 3, { 3, 2 }, { 2, 3 }, { 1, 1, 0, 0 }, { 1, 1 }, { 0, 0 }, 1 },
        { "of another extent", 2, { 3, 3 }, { 2, 3 }, { 1, 1, 1, 1 }, { 1, 1 }, { 1, 2 }, 1 },
        { "dilated", 2, { 3, 2 }, { 1, 2 }, { 0, 0, 1, 1 }, { 2, 3 }, { 0, 1 }, 1 },
        { "padding of each side", 2, { 3, 4 }, { 2, 1 }, { 0, 2, 3, 1 }, { 1, 1 }, { 1, 0 }, 1 },
        { "in groups", 6, { 2, 2 }, { 2, 2 }, { 0, 1, 0, 0 }, { 1, 1 }, { 0, 1 }, 2 },
        { "depth-wise", 8, { 3, 3 }, { 2, 2 }, { 1, 1, 1, 1 }, { 1, 1 }, { 0, 0 }, 4 },
    };
    double x[MOST], weight[MOST], bias[MOST], want[MOST];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        VT_SCOPE;
        const transposed *t = &all[i];
        vt_tensor y =
            vt_conv_transpose2d(numbers(VT_SHAPE(2, 4, 3, 4), x),
                                numbers(VT_SHAPE(4, t->out / t->groups, t->kernel[0], t->kernel[1]), weight),
                                .bias = numbers(VT_SHAPE(t->out), bias), .stride_hw = { t->stride[0], t->stride[1] },
                                .padding_sides = { t->padding[0], t->padding[1], t->padding[2], t->padding[3] },
                                .dilation_hw = { t->dilation[0], t->dilation[1] },
                                .output_padding_hw = { t->more[0], t->more[1] }, .groups = t->groups);
        vt_shape shape = VT_SHAPE(2, t->out, 0, 0);
        for (int k = 0; k < 2; k++)
            shape.dim[2 + k] = (2 + k) * t->stride[k] - t->padding[2 * k] - t->padding[2 * k + 1] +
                               t->dilation[k] * (t->kernel[k] - 1) + t->more[k] + 1;
        define_transposed(t, x, weight, bias, shape, want);
        expect_equal(y, shape, want, t->name);
    }
}

Test(images, signals_are_images_of_height_1)
{
    double x[MOST], weight[MOST], bias[MOST], want[MOST];
    VT_SCOPE;
    vt_tensor signal = numbers(VT_SHAPE(2, 4, 9), x), w = numbers(VT_SHAPE(4, 2, 3), weight);
    vt_tensor b = numbers(VT_SHAPE(4), bias), image = vt_unsqueeze(signal, 2), kernel = vt_unsqueeze(w, 2);
    vt_tensor y = vt_conv2d(image, kernel, .bias = b, .stride_hw = { 1, 2 }, .padding_sides = { 0, 0, 3, 1 },
                            .dilation_hw = { 1, 2 }, .groups = 2);
    vt_shape shape = VT_SHAPE(2, 4, 5);
    cr_assert(vt_read(y, want, vt_shape_count(shape), VT_F64));
    expect_equal(vt_conv1d(signal, w, .bias = b, .stride = 2, .padding_sides = { 3, 1 }, .dilation = 2, .groups = 2),
                 shape, want, "conv1d");
    y = vt_conv_transpose2d(image, kernel, .stride_hw = { 1, 2 }, .padding_sides = { 0, 0, 3, 1 },
                            .dilation_hw = { 1, 2 }, .output_padding_hw = { 0, 1 }, .groups = 2);
    shape = VT_SHAPE(2, 4, 18);
    cr_assert(vt_read(y, want, vt_shape_count(shape), VT_F64), "%s", vt_error_message());
    expect_equal(vt_conv_transpose1d(signal, w, .stride = 2, .padding_sides = { 3, 1 }, .dilation = 2,
                                     .output_padding = 1, .groups = 2),
                 shape, want, "conv_transpose1d");
}

/* -- Pooling ------------------------------------------------------------------------------------------------------- */

/* Indices name the elements of x that were chosen: of dilated windows in sides of padding, and of windows that divide.
 */
Test(images, indices_of_the_largest)
{
    double x[MOST], y[MOST], index[MOST];
    for (int form = 0; form < 2; form++) {
        VT_SCOPE;
        vt_tensor indices, all = numbers(VT_SHAPE(2, 3, 7, 5), x);
        vt_tensor out = form ? vt_adaptive_max_pool2d(all, 4, 3, .indices = &indices)
                             : vt_max_pool2d(all, 2, .stride = 2, .dilation_hw = { 2, 1 },
                                             .padding_sides = { 1, 0, 0, 1 }, .indices = &indices);
        vt_shape shape = vt_shape_of(out);
        int64_t count = vt_shape_count(shape), area = shape.dim[2] * shape.dim[3];
        cr_assert(vt_read(out, y, count, VT_F64) && vt_read(indices, index, count, VT_F64), "%s", vt_error_message());
        for (int64_t k = 0; k < count; k++) {
            const double *plane = x + k / area * 35;
            int64_t i = k % area / shape.dim[3], j = k % shape.dim[3], best = -1;
            for (int64_t p = 0; p < 35; p++) {
                int64_t row = p / 5, column = p % 5;
                bool inside = form ? row >= i * 7 / 4 && row < (i * 7 + 7 + 3) / 4 && column >= j * 5 / 3 &&
                                         column < (j * 5 + 5 + 2) / 3
                                   : (row == 2 * i - 1 || row == 2 * i + 1) && (column == 2 * j || column == 2 * j + 1);
                if (inside && (best < 0 || plane[p] > plane[best])) best = p;
            }
            cr_assert(index[k] == (double)best && y[k] == plane[best], "form %d, element %lld: number %g, not %lld",
                      form, (long long)k, index[k], (long long)best);
        }
        vt_tensor back = form ? vt_max_unpool2d(out, indices, 7, 5) : VT_INERT;
        if (!form) continue;
        double want[MOST] = { 0 };
        for (int64_t k = 0; k < count; k++) want[k / area * 35 + (int64_t)index[k]] += y[k];
        expect_equal(back, VT_SHAPE(2, 3, 7, 5), want, "max_unpool2d");
    }
}

Test(images, indices_outside_the_plane_are_refused)
{
    double x[MOST];
    VT_SCOPE;
    int64_t index[] = { 0, 6, 1, 2 };
    vt_tensor y =
        vt_max_unpool2d(numbers(VT_SHAPE(1, 1, 2, 2), x), vt_from_data(index, VT_SHAPE(1, 1, 2, 2), VT_I64), 2, 3);
    cr_assert(!vt_read(y, x, 6, VT_F64));
    REFUSED(VT_ERROR_ARGUMENT, "index 6");
}

/* -- Places that a grid gives: one at a time, as PyTorch computes them --------------------------------------------- */

typedef struct sampling {
    const char *name;
    bool nearest, corners;
    vt_grid_padding padding;
} sampling;

/* Walks to the edge and back until it is inside, rather than by a formula. */
static double turn_over(double p, double low, double high)
{
    while (high > low && (p < low || p > high)) p = p < low ? 2 * low - p : 2 * high - p;
    return high > low ? p : low;
}

static double place_of(const sampling *s, double g, int size)
{
    double p = s->corners ? (g + 1) / 2 * (size - 1) : ((g + 1) * size - 1) / 2;
    double edge = s->corners ? 0 : 0.5;
    if (s->padding == VT_GRID_REFLECTION) p = turn_over(p, -edge, size - 1 + edge);
    return s->padding == VT_GRID_ZEROS ? p : fmin(fmax(p, 0), size - 1);
}

static double pixel(const double *plane, double row, double column)
{
    return row >= 0 && row <= 3 && column >= 0 && column <= 4 ? plane[(int)row * 5 + (int)column] : 0;
}

static double sample(const sampling *s, const double *plane, double x, double y)
{
    double column = place_of(s, x, 5), row = place_of(s, y, 4), left = floor(column), top = floor(row);
    if (s->nearest) return pixel(plane, nearbyint(row), nearbyint(column));
    double right = column - left, below = row - top;
    return (1 - below) * ((1 - right) * pixel(plane, top, left) + right * pixel(plane, top, left + 1)) +
           below * ((1 - right) * pixel(plane, top + 1, left) + right * pixel(plane, top + 1, left + 1));
}

Test(images, places_that_a_grid_gives)
{
    static const sampling all[] = {
        { "zeros", false, false, VT_GRID_ZEROS },
        { "border", false, false, VT_GRID_BORDER },
        { "reflection", false, false, VT_GRID_REFLECTION },
        { "zeros, corners", false, true, VT_GRID_ZEROS },
        { "border, corners", false, true, VT_GRID_BORDER },
        { "reflection, corners", false, true, VT_GRID_REFLECTION },
        { "the nearest, zeros", true, false, VT_GRID_ZEROS },
        { "the nearest, border, corners", true, true, VT_GRID_BORDER },
        { "the nearest, reflection", true, false, VT_GRID_REFLECTION },
    };
    double x[MOST], grid[MOST], want[MOST];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        VT_SCOPE;
        vt_tensor image = numbers(VT_SHAPE(2, 3, 4, 5), x), places = numbers(VT_SHAPE(2, 5, 6, 2), grid);
        for (int k = 0; k < 120; k++) grid[k] = 4 * grid[k] - 0.3; /* rounded once by vt_affine, too */
        vt_tensor y = vt_grid_sample(image, vt_affine(places, 4, -0.3), .nearest = all[i].nearest,
                                     .padding = all[i].padding, .align_corners = all[i].corners);
        for (int k = 0; k < 180; k++) {
            const double *place = grid + (k / 90 * 30 + k % 30) * 2;
            want[k] = sample(&all[i], x + k / 30 * 20, place[0], place[1]);
        }
        expect_equal(y, VT_SHAPE(2, 3, 5, 6), want, all[i].name);
    }
}

/* What lies nowhere is outside, and an infinity there is no NaN; NaN in one place is none of the others' gradients. */
Test(images, places_that_are_not_finite)
{
    double x[] = { INFINITY, 1, 2, 3 }, grid[] = { NAN, 0, INFINITY, -INFINITY, 0.5, 0.5, 3, 3 };
    double want[] = { 0, 0, 3, 0 }, slopes[] = { 0, 0, 0, 1 };
    VT_SCOPE;
    vt_tensor image = vt_from_data(x, VT_SHAPE(1, 1, 2, 2), VT_F64);
    vt_tensor y = vt_grid_sample(image, vt_from_data(grid, VT_SHAPE(1, 2, 2, 2), VT_F64)), dx;
    expect_equal(y, VT_SHAPE(1, 1, 2, 2), want, "y");
    vt_gradients(y, vt_ones(VT_SHAPE(1, 1, 2, 2), .dtype = VT_F64), &image, 1, &dx);
    expect_equal(dx, VT_SHAPE(1, 1, 2, 2), slopes, "dx");
}

Test(images, affine_grids)
{
    double theta[MOST], want[MOST];
    for (int corners = 0; corners < 2; corners++) {
        VT_SCOPE;
        vt_tensor y = vt_affine_grid(numbers(VT_SHAPE(2, 2, 3), theta), 3, 4, .align_corners = corners);
        for (int k = 0; k < 48; k++) {
            int column = k / 2 % 4, row = k / 8 % 3;
            const double *t = theta + k / 24 * 6 + k % 2 * 3;
            double place[2] = { corners ? 2 * column / 3.0 - 1 : (2 * column + 1) / 4.0 - 1,
                                corners ? 2 * row / 2.0 - 1 : (2 * row + 1) / 3.0 - 1 };
            want[k] = t[0] * place[0] + t[1] * place[1] + t[2];
        }
        expect_equal(y, VT_SHAPE(2, 3, 4, 2), want, "affine_grid");
    }
}

/* A grid of theta = 1 gives the image, whichever places its corners have. */
Test(images, the_identity_samples_the_image_itself)
{
    double x[MOST], theta[] = { 1, 0, 0, 0, 1, 0 };
    for (int corners = 0; corners < 2; corners++) {
        VT_SCOPE;
        vt_tensor image = numbers(VT_SHAPE(1, 3, 4, 5), x);
        vt_tensor grid = vt_affine_grid(vt_from_data(theta, VT_SHAPE(1, 2, 3), VT_F64), 4, 5, .align_corners = corners);
        expect_equal(vt_grid_sample(image, grid, .padding = VT_GRID_BORDER, .align_corners = corners),
                     VT_SHAPE(1, 3, 4, 5), x, "the identity");
    }
}

/* -- Channels as pixels -------------------------------------------------------------------------------------------- */

Test(images, channels_as_pixels)
{
    double x[MOST], want[MOST];
    VT_SCOPE;
    vt_tensor image = numbers(VT_SHAPE(2, 18, 2, 3), x);
    for (int k = 0; k < 2 * 2 * 6 * 9; k++) {
        int n = k / 108, c = k / 54 % 2, row = k / 9 % 6, column = k % 9;
        want[k] = x[((n * 18 + c * 9 + row % 3 * 3 + column % 3) * 2 + row / 3) * 3 + column / 3];
    }
    vt_tensor y = vt_pixel_shuffle(image, 3);
    expect_equal(y, VT_SHAPE(2, 2, 6, 9), want, "pixel_shuffle");
    expect_equal(vt_pixel_unshuffle(y, 3), VT_SHAPE(2, 18, 2, 3), x, "pixel_unshuffle");
}

/* -- Scales: values worked out by PyTorch's rule ------------------------------------------------------------------- */

Test(images, scales)
{
    double x[] = { 0, 1, 2, 3, 4 };
    VT_SCOPE;
    vt_tensor row = vt_from_data(x, VT_SHAPE(1, 1, 1, 5), VT_F64);
    /* floor(5 * 1.5) = 7; element i covers 1 / 1.5 of x, or recomputed 5 / 7 */
    double nearest[] = { 0, 0, 1, 2, 2, 3, 4 }, exact[] = { 0, 1, 1, 2, 3, 3, 4 };
    double given[7], recomputed[7];
    for (int i = 0; i < 7; i++) {
        given[i] = fmin(fmax((i + 0.5) / 1.5 - 0.5, 0), 4);
        recomputed[i] = fmin(fmax((i + 0.5) * 5 / 7 - 0.5, 0), 4);
    }
    vt_shape shape = VT_SHAPE(1, 1, 1, 7);
    expect_equal(vt_interpolate(row, .scale_hw = { 1, 1.5 }), shape, nearest, "nearest");
    expect_equal(vt_interpolate(row, .scale_hw = { 1, 1.5 }, .mode = VT_NEAREST_EXACT), shape, exact, "nearest exact");
    expect_equal(vt_interpolate(row, .scale_hw = { 1, 1.5 }, .mode = VT_BILINEAR), shape, given, "bilinear");
    expect_equal(vt_interpolate(row, .scale_hw = { 1, 1.5 }, .mode = VT_BILINEAR, .recompute_scale = true), shape,
                 recomputed, "recomputed");
    expect_equal(vt_interpolate(row, .width = 7, .mode = VT_BILINEAR), shape, recomputed, "of a width");
}
