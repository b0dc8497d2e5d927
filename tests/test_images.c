/* test_images.c - functions of images that are written in other ops, against their definitions in plain loops. */
#include "left_behind.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

TestSuite(images, .fini = expect_nothing_left);

/* -- Arrays ---------------------------------------------------------------------------------------------------------
 */

enum { MOST = 4096 };

/* Uniform in [-1, 1). */
static vt_tensor numbers(vt_shape shape, double *data)
{
    static uint64_t state = 5;
    int64_t count = vt_shape_count(shape);
    cr_assert(count <= MOST);
    for (int64_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        data[i] = (double)(state >> 11) * 0x1p-52 - 1;
    }
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

/* -- Transposed convolution: each element of x, times its kernel, to where it belongs -------------------------------
 */

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
                                .bias = numbers(VT_SHAPE(t->out), bias), .strides = { t->stride[0], t->stride[1] },
                                .padding_sides = { t->padding[0], t->padding[1], t->padding[2], t->padding[3] },
                                .dilations = { t->dilation[0], t->dilation[1] },
                                .output_paddings = { t->more[0], t->more[1] }, .groups = t->groups);
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
    vt_tensor y = vt_conv2d(image, kernel, .bias = b, .strides = { 1, 2 }, .padding_sides = { 0, 0, 3, 1 },
                            .dilations = { 1, 2 }, .groups = 2);
    vt_shape shape = VT_SHAPE(2, 4, 5);
    cr_assert(vt_read(y, want, vt_shape_count(shape), VT_F64));
    expect_equal(vt_conv1d(signal, w, .bias = b, .stride = 2, .padding_sides = { 3, 1 }, .dilation = 2, .groups = 2),
                 shape, want, "conv1d");
    y = vt_conv_transpose2d(image, kernel, .strides = { 1, 2 }, .padding_sides = { 0, 0, 3, 1 }, .dilations = { 1, 2 },
                            .output_paddings = { 0, 1 }, .groups = 2);
    shape = VT_SHAPE(2, 4, 18);
    cr_assert(vt_read(y, want, vt_shape_count(shape), VT_F64), "%s", vt_error_message());
    expect_equal(vt_conv_transpose1d(signal, w, .stride = 2, .padding_sides = { 3, 1 }, .dilation = 2,
                                     .output_padding = 1, .groups = 2),
                 shape, want, "conv_transpose1d");
}

/* -- Pooling ---------------------------------------------------------------------------------------------------------
 */

/* Indices name the elements of x that were chosen: of dilated windows in sides of padding, and of windows that divide.
 */
Test(images, indices_of_the_largest)
{
    double x[MOST], y[MOST], index[MOST];
    for (int form = 0; form < 2; form++) {
        VT_SCOPE;
        vt_tensor indices, all = numbers(VT_SHAPE(2, 3, 7, 5), x);
        vt_tensor out = form ? vt_adaptive_max_pool2d(all, 4, 3, .indices = &indices)
                             : vt_max_pool2d(all, 2, .stride = 2, .dilations = { 2, 1 },
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
        vt_tensor back = form ? vt_max_unpool2d(out, indices, 7, 5) : (vt_tensor){ 0 };
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
    cr_assert(strstr(vt_error_message(), "index 6"), "%s", vt_error_message());
    vt_error_clear();
}
