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
    { "no images", bicubic, { FLOATS(-1, 1, 0, 2, 4, 5) } },
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
