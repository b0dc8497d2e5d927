/* interpolate.c - samples of resampling. */
#include "cases/case.h"
#include "ops/list.h"
#include "ops/resample.h"

/* A sample's function: interpolate with the options given. */
#define INTERPOLATE(name, ...)                                                                                         \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return vt_interpolate(in[0], __VA_ARGS__);                                                                     \
    }

INTERPOLATE(nearest, .height = 7, .width = 3)
INTERPOLATE(one_axis, .width = 9, .mode = VT_BILINEAR)
INTERPOLATE(bilinear, .height = 7, .width = 3, .mode = VT_BILINEAR)
INTERPOLATE(bilinear_corners, .height = 7, .width = 3, .mode = VT_BILINEAR, .align_corners = true)
INTERPOLATE(bilinear_antialias, .height = 7, .width = 3, .mode = VT_BILINEAR, .antialias = true)
INTERPOLATE(bicubic, .height = 7, .width = 3, .mode = VT_BICUBIC)
INTERPOLATE(bicubic_corners, .height = 7, .width = 3, .mode = VT_BICUBIC, .align_corners = true)
INTERPOLATE(bicubic_antialias, .height = 7, .width = 3, .mode = VT_BICUBIC, .antialias = true)
INTERPOLATE(bicubic_corners_antialias, .height = 7, .width = 3, .mode = VT_BICUBIC, .align_corners = true,
            .antialias = true)
INTERPOLATE(to_one_pixel, .height = 1, .width = 1, .mode = VT_BICUBIC, .align_corners = true)
INTERPOLATE(nearest_corners, .height = 7, .width = 3, .align_corners = true)
INTERPOLATE(nearest_antialias, .height = 7, .width = 3, .antialias = true)
INTERPOLATE(negative, .height = -1, .width = 3)
INTERPOLATE(no_mode, .mode = (vt_interpolation)7)
INTERPOLATE(exact, .height = 7, .width = 3, .mode = VT_NEAREST_EXACT)
INTERPOLATE(area, .height = 7, .width = 3, .mode = VT_AREA)
INTERPOLATE(nearest_scaled, .scale_hw = { 1.7, 0.7 })
INTERPOLATE(exact_scaled, .scale_hw = { 1.7, 0.7 }, .mode = VT_NEAREST_EXACT)
INTERPOLATE(exact_halved, .scale = 0.5, .mode = VT_NEAREST_EXACT)
INTERPOLATE(bilinear_scaled, .scale_hw = { 1.7, 0.7 }, .mode = VT_BILINEAR)
INTERPOLATE(bilinear_recomputed, .scale_hw = { 1.7, 0.7 }, .mode = VT_BILINEAR, .recompute_scale = true)
INTERPOLATE(bilinear_scaled_antialias, .scale_hw = { 1.7, 0.7 }, .mode = VT_BILINEAR, .antialias = true)
INTERPOLATE(bilinear_scaled_corners, .scale = 1.3, .mode = VT_BILINEAR, .align_corners = true)
INTERPOLATE(bicubic_scaled, .scale = 2.3, .mode = VT_BICUBIC)
INTERPOLATE(area_scaled, .scale = 0.6, .mode = VT_AREA)
INTERPOLATE(one_axis_scaled, .scale_hw = { VT_AUTO, 2 }, .height = 3, .mode = VT_BILINEAR)
INTERPOLATE(scaled_to_nothing, .scale = 0.1)
INTERPOLATE(scaled_by_minus_2, .scale = -2)
INTERPOLATE(scaled_and_sized, .scale = 2, .width = 7)
INTERPOLATE(scaled_twice, .scale = 2, .scale_hw = { 1, 2 })
INTERPOLATE(area_corners, .mode = VT_AREA, .align_corners = true)
INTERPOLATE(exact_antialias, .mode = VT_NEAREST_EXACT, .antialias = true)

/* To 7 by 3: one axis grows, the other shrinks, by a factor that is no integer. */
#define IMAGE FLOATS(-1, 1, 2, 2, 4, 5)

CASE(interpolate) = {
    { "nearest", nearest, { IMAGE }, .terms = 2 },
    { "one axis", one_axis, { IMAGE }, .terms = 4 },
    { "bilinear", bilinear, { IMAGE }, .terms = 4 },
    { "bilinear, corners aligned", bilinear_corners, { IMAGE }, .terms = 4 },
    { "bilinear, antialiased", bilinear_antialias, { IMAGE }, .terms = 9 },
    { "bilinear, far smaller", bilinear, { FLOATS(-1, 1, 1, 1, 15, 13) }, .terms = 4 },
    { "bilinear, antialiased, far smaller", bilinear_antialias, { FLOATS(-1, 1, 1, 1, 15, 13) }, .terms = 40 },
    { "bicubic", bicubic, { IMAGE }, .terms = 16 },
    { "bicubic, corners aligned", bicubic_corners, { IMAGE }, .terms = 16 },
    { "bicubic, antialiased", bicubic_antialias, { IMAGE }, .terms = 30 },
    { "bicubic, corners aligned, antialiased", bicubic_corners_antialias, { IMAGE }, .terms = 30 },
    { "bicubic, antialiased, far smaller", bicubic_antialias, { FLOATS(-1, 1, 1, 1, 15, 13) }, .terms = 120 },
    { "bicubic, of one pixel", bicubic, { FLOATS(-1, 1, 1, 3, 1, 1) }, .terms = 21 },
    { "to one pixel", to_one_pixel, { IMAGE }, .terms = 16 },
    { "nearest by centres", exact, { IMAGE }, .terms = 2 },
    { "area", area, { IMAGE }, .terms = 9 },
    { "nearest, scaled", nearest_scaled, { IMAGE }, .terms = 2 },
    { "nearest by centres, scaled", exact_scaled, { IMAGE }, .terms = 2 },
    { "nearest by centres, halved", exact_halved, { FLOATS(-1, 1, 1, 2, 6, 7) } },
    { "bilinear, scaled", bilinear_scaled, { IMAGE }, .terms = 4 },
    { "bilinear, scaled, recomputed", bilinear_recomputed, { IMAGE }, .terms = 4 },
    { "bilinear, scaled, antialiased", bilinear_scaled_antialias, { IMAGE }, .terms = 9 },
    { "bilinear, scaled, corners aligned", bilinear_scaled_corners, { IMAGE }, .terms = 4 },
    { "bicubic, scaled", bicubic_scaled, { IMAGE }, .terms = 16 },
    { "area, scaled", area_scaled, { IMAGE }, .terms = 9 },
    { "one axis scaled", one_axis_scaled, { IMAGE }, .terms = 4 },
    { "no images", bicubic, { FLOATS(-1, 1, 0, 2, 4, 5) } },
    { "scaled to nothing",
      scaled_to_nothing,
      { IMAGE },
      .refused = "interpolate: height 4 times a scale of 0.1 is 0; it must be 1 or more" },
    { "scaled by a negative number",
      scaled_by_minus_2,
      { IMAGE },
      .refused = "interpolate: scale is -2; it must be finite, above 0" },
    { "a scale and a size",
      scaled_and_sized,
      { IMAGE },
      .refused = "interpolate: width = 7 and a scale of 2; give one of the two" },
    { "a scale and scale_hw",
      scaled_twice,
      { IMAGE },
      .refused = "interpolate: scale = 2 and scale_hw = { 1, 2 }; give one of the two" },
    { "corners with area", area_corners, { IMAGE }, .refused = "align_corners does not go with VT_AREA" },
    { "antialias with centres", exact_antialias, { IMAGE }, .refused = "antialias does not go with VT_NEAREST_EXACT" },
    { "corners with nearest",
      nearest_corners,
      { IMAGE },
      .refused = "interpolate: align_corners does not go with VT_NEAREST" },
    { "antialias with nearest",
      nearest_antialias,
      { IMAGE },
      .refused = "interpolate: antialias does not go with VT_NEAREST" },
    { "a negative height", negative, { IMAGE }, .refused = "interpolate: height is -1; it must be 1 or more" },
    { "no mode", no_mode, { IMAGE }, .refused = "interpolate: mode 7 is no vt_interpolation" },
    { "an empty image",
      bilinear,
      { FLOATS(-1, 1, 1, 2, 0, 5) },
      .refused = "interpolate: x [1, 2, 0, 5] must be [batch, channels, height, width], with a pixel or more" },
    { "three axes", bilinear, { FLOATS(-1, 1, 2, 4, 5) }, .refused = "interpolate: x [2, 4, 5] must be" },
    { "integers", bilinear, { INTEGERS(0, 9, 1, 2, 4, 5) }, .refused = "x is i64; it must be f32 or f64" },
    { 0 },
};

static vt_tensor transposed(const vt_tensor *in)
{
    resample_attributes a = { .method = RESAMPLE_BICUBIC, .transposed = 1, .from = { 4, 5 }, .to = { 7, 3 } };
    return resample(VT_HERE, in[0], &a);
}

CASE(resample) = {
    { "transposed", transposed, { FLOATS(-1, 1, 2, 2, 7, 3) }, .terms = 16 },
    { "another size",
      transposed,
      { FLOATS(-1, 1, 2, 2, 4, 5) },
      .refused = "resample: x [2, 2, 4, 5] must be [batch, channels, 7, 3]" },
    { 0 },
};

/* A sample's function: grid_sample with the options given. */
#define SAMPLE(name, ...)                                                                                              \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return vt_grid_sample(in[0], in[1], __VA_ARGS__);                                                              \
    }

SAMPLE(grid_zeros, .padding = VT_GRID_ZEROS)
SAMPLE(grid_border, .padding = VT_GRID_BORDER)
SAMPLE(grid_reflection, .padding = VT_GRID_REFLECTION)
SAMPLE(grid_corners, .align_corners = true)
SAMPLE(grid_border_corners, .padding = VT_GRID_BORDER, .align_corners = true)
SAMPLE(grid_reflection_corners, .padding = VT_GRID_REFLECTION, .align_corners = true)
SAMPLE(grid_nearest, .nearest = true)
SAMPLE(grid_nearest_border, .nearest = true, .padding = VT_GRID_BORDER, .align_corners = true)
SAMPLE(grid_nearest_reflection, .nearest = true, .padding = VT_GRID_REFLECTION)
SAMPLE(grid_no_padding, .padding = (vt_grid_padding)3)

/* Places around the image, too, as far as it is turned over twice. */
#define PLACES(...) FLOATS(-3.3, 3.4, __VA_ARGS__)
#define PICTURE     FLOATS(-1, 1, 2, 3, 4, 5)

CASE(grid_sample) = {
    { "zeros around", grid_zeros, { PICTURE, FLOATS(-1.3, 1.3, 2, 3, 4, 2) }, .terms = 40 },
    { "the border around", grid_border, { PICTURE, PLACES(2, 3, 4, 2) }, .terms = 40 },
    { "turned over", grid_reflection, { PICTURE, PLACES(2, 3, 4, 2) }, .terms = 40 },
    { "corners aligned", grid_corners, { PICTURE, FLOATS(-1.3, 1.3, 2, 3, 4, 2) }, .terms = 40 },
    { "corners aligned, the border around", grid_border_corners, { PICTURE, PLACES(2, 3, 4, 2) }, .terms = 40 },
    { "corners aligned, turned over", grid_reflection_corners, { PICTURE, PLACES(2, 3, 4, 2) }, .terms = 40 },
    { "the nearest", grid_nearest, { PICTURE, FLOATS(-1.3, 1.3, 2, 3, 4, 2) }, .terms = 12 },
    { "the nearest, the border around", grid_nearest_border, { PICTURE, PLACES(2, 3, 4, 2) }, .terms = 12 },
    { "the nearest, turned over", grid_nearest_reflection, { PICTURE, PLACES(2, 3, 4, 2) }, .terms = 12 },
    { "one pixel, turned over",
      grid_reflection_corners,
      { FLOATS(-1, 1, 1, 2, 1, 1), PLACES(1, 2, 2, 2) },
      .terms = 9 },
    { "no images", grid_zeros, { FLOATS(-1, 1, 0, 3, 4, 5), PLACES(0, 3, 4, 2) } },
    { "no places", grid_zeros, { PICTURE, PLACES(2, 0, 4, 2) } },
    { "another batch",
      grid_zeros,
      { PICTURE, PLACES(1, 3, 4, 2) },
      .refused = "grid_sample: grid [1, 3, 4, 2] must be [2, height, width, 2], the batch of x [2, 3, 4, 5]" },
    { "places in space", grid_zeros, { PICTURE, PLACES(2, 3, 4, 3) }, .refused = "grid [2, 3, 4, 3] must be" },
    { "an empty image",
      grid_zeros,
      { FLOATS(-1, 1, 2, 3, 0, 5), PLACES(2, 3, 4, 2) },
      .refused = "grid_sample: x [2, 3, 0, 5] must be [batch, channels, height, width], with a pixel or more" },
    { "a grid of integers",
      grid_zeros,
      { PICTURE, INTEGERS(0, 2, 2, 3, 4, 2) },
      .refused = "grid is i64; both must be f32, or both f64" },
    { "no padding",
      grid_no_padding,
      { PICTURE, PLACES(2, 3, 4, 2) },
      .refused = "grid_sample: padding 3 is no vt_grid_padding" },
    { 0 },
};

static vt_tensor affine_grid(const vt_tensor *in)
{
    return vt_affine_grid(in[0], 3, 4);
}

static vt_tensor affine_grid_corners(const vt_tensor *in)
{
    return vt_affine_grid(in[0], 3, 4, .align_corners = true);
}

static vt_tensor affine_grid_of_a_row(const vt_tensor *in)
{
    return vt_affine_grid(in[0], 1, 4, .align_corners = true);
}

static vt_tensor affine_grid_of_nothing(const vt_tensor *in)
{
    return vt_affine_grid(in[0], 3, 0);
}

static vt_tensor transformed(const vt_tensor *in)
{
    return vt_grid_sample(in[1], vt_affine_grid(in[0], 3, 4), .padding = VT_GRID_BORDER);
}

CASE(affine_grid) = {
    { "edges", affine_grid, { FLOATS(-1, 1, 2, 2, 3) }, .terms = 12 },
    { "corners", affine_grid_corners, { FLOATS(-1, 1, 2, 2, 3) }, .terms = 12 },
    { "a row", affine_grid_of_a_row, { FLOATS(-1, 1, 2, 2, 3) }, .terms = 12 },
    { "a transformed image", transformed, { FLOATS(-1, 1, 2, 2, 3), PICTURE }, .terms = 100 },
    { "nothing",
      affine_grid_of_nothing,
      { FLOATS(-1, 1, 2, 2, 3) },
      .refused = "affine_grid: width is 0; it must be 1" },
    { "another theta",
      affine_grid,
      { FLOATS(-1, 1, 2, 3, 3) },
      .refused = "affine_grid: theta f32 [2, 3, 3] must be [batch, 2, 3] of f32 or f64" },
    { "integers", affine_grid, { INTEGERS(0, 3, 2, 2, 3) }, .refused = "affine_grid: theta i64 [2, 2, 3] must be" },
    { 0 },
};

/* A sample's function: an image's channels as pixels, or pixels as channels, by a factor. */
#define SHUFFLE(name, direction, factor)                                                                               \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return vt_pixel_##direction(in[0], factor);                                                                    \
    }

SHUFFLE(by_2, shuffle, 2)
SHUFFLE(by_1, shuffle, 1)
SHUFFLE(by_0, shuffle, 0)
SHUFFLE(back_by_2, unshuffle, 2)
SHUFFLE(back_by_0, unshuffle, 0)

CASE(pixel_shuffle) = {
    { "by two", by_2, { FLOATS(-1, 1, 2, 8, 3, 4) } },
    { "without a batch", by_2, { FLOATS(-1, 1, 4, 3, 4) } },
    { "by one", by_1, { FLOATS(-1, 1, 2, 3, 3, 4) } },
    { "channels that do not divide",
      by_2,
      { FLOATS(-1, 1, 2, 6, 3, 4) },
      .refused = "pixel_shuffle: the 6 channels of x [2, 6, 3, 4] do not divide into 2 by 2" },
    { "no factor", by_0, { FLOATS(-1, 1, 2, 6, 3, 4) }, .refused = "pixel_shuffle: factor is 0; it must be 1 or more" },
    { "a matrix", by_2, { FLOATS(-1, 1, 4, 4) }, .refused = "pixel_shuffle: x [4, 4] must be [..., channels" },
    { 0 },
};

CASE(pixel_unshuffle) = {
    { "by two", back_by_2, { FLOATS(-1, 1, 2, 3, 4, 6) } },
    { "without a batch", back_by_2, { FLOATS(-1, 1, 3, 4, 2) } },
    { "rows that do not divide",
      back_by_2,
      { FLOATS(-1, 1, 2, 3, 5, 6) },
      .refused = "pixel_unshuffle: height and width of x [2, 3, 5, 6] do not divide by 2" },
    { "no factor", back_by_0, { FLOATS(-1, 1, 2, 3, 4, 6) }, .refused = "pixel_unshuffle: factor is 0; it must be" },
    { "a matrix", back_by_2, { FLOATS(-1, 1, 4, 4) }, .refused = "pixel_unshuffle: x [4, 4] must be [..., channels" },
    { 0 },
};
