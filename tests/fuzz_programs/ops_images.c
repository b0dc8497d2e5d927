/* ops_images.c - drawing convolutions, pooling and resampling. */
#include "call.h"
#include "draw.h"

#define IMAGES                                                                                                         \
    {                                                                                                                  \
        {                                                                                                              \
            FLOATS, .min_rank = 4, .max_rank = 4                                                                       \
        }                                                                                                              \
    }
#define SIGNALS                                                                                                        \
    {                                                                                                                  \
        {                                                                                                              \
            FLOATS, .min_rank = 3, .max_rank = 3                                                                       \
        }                                                                                                              \
    }

static bool draw_conv2d(drawing *d, statement *s)
{
    const variable *x = input(d, s, 0);
    int64_t channels = x->shape.dim[1];
    int groups = channels && chance(&d->dice, 30) ? (int)channels : 1;
    if (channels % 2 == 0 && channels && chance(&d->dice, 20)) groups = 2;
    int out = groups * between(&d->dice, 1, 3);
    vt_shape weight = VT_SHAPE(out, channels / groups, between(&d->dice, 1, 3), between(&d->dice, 1, 3));
    s->in[1] = draw_variable(d, (wish){ FLOATS, .same = true, .exactly = &weight }, x);
    s->in[2] = NO_VARIABLE;
    if (chance(&d->dice, 50)) s->in[2] = draw_variable(d, (wish){ FLOATS, .same = true, .exactly = &VT_SHAPE(out) }, x);
    s->inputs = 3;
    for (int i = 0; i < 2; i++) {
        s->integer[i] = between(&d->dice, 1, 2);
        s->integer[2 + i] = below(&d->dice, 3);
        s->integer[4 + i] = chance(&d->dice, 80) ? s->integer[2 + i] : below(&d->dice, 4);
        s->integer[6 + i] = chance(&d->dice, 80) ? 1 : 2;
    }
    s->integer[8] = groups;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(conv2d,
          vt_conv2d(IN(0), IN(1), .bias = IN(2), .stride_hw = { INT(0), INT(1) },
                    .padding_sides = { INT(2), INT(4), INT(3), INT(5) }, .dilation_hw = { INT(6), INT(7) },
                    .groups = INT(8)),
          .in = IMAGES, .draw = draw_conv2d, .flags = PRODUCT, .weight = 20);

static bool draw_conv_transpose2d(drawing *d, statement *s)
{
    const variable *x = input(d, s, 0);
    int64_t channels = x->shape.dim[1];
    int groups = channels && chance(&d->dice, 30) ? (int)channels : 1, out = between(&d->dice, 1, 3);
    vt_shape weight = VT_SHAPE(channels, out, between(&d->dice, 1, 3), between(&d->dice, 1, 3));
    s->in[1] = draw_variable(d, (wish){ FLOATS, .same = true, .exactly = &weight }, x);
    s->in[2] = NO_VARIABLE;
    if (chance(&d->dice, 50))
        s->in[2] = draw_variable(d, (wish){ FLOATS, .same = true, .exactly = &VT_SHAPE(out * groups) }, x);
    s->inputs = 3;
    for (int i = 0; i < 2; i++) {
        s->integer[i] = between(&d->dice, 1, 3);
        s->integer[2 + i] = below(&d->dice, 2);
        s->integer[4 + i] = chance(&d->dice, 80) ? s->integer[2 + i] : below(&d->dice, 2);
        s->integer[6 + i] = below(&d->dice, s->integer[i]);
    }
    s->integer[8] = chance(&d->dice, 80) ? 1 : 2;
    s->integer[9] = groups;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(conv_transpose2d,
          vt_conv_transpose2d(IN(0), IN(1), .bias = IN(2), .stride_hw = { INT(0), INT(1) },
                              .padding_sides = { INT(2), INT(4), INT(3), INT(5) },
                              .output_padding_hw = { INT(6), INT(7) }, .dilation = INT(8), .groups = INT(9)),
          .in = IMAGES, .draw = draw_conv_transpose2d, .flags = PRODUCT);

/* Of signals [N, C, L], either way. */
static bool draw_signal_weight(drawing *d, statement *s, int64_t out, int64_t in)
{
    const variable *x = input(d, s, 0);
    vt_shape weight = VT_SHAPE(out, in, between(&d->dice, 1, 3));
    s->in[1] = draw_variable(d, (wish){ FLOATS, .same = true, .exactly = &weight }, x);
    s->integer[0] = between(&d->dice, 1, 2);
    s->integer[1] = below(&d->dice, 3);
    s->integer[2] = below(&d->dice, 3);
    s->integer[3] = between(&d->dice, 1, 2);
    s->integer[4] = below(&d->dice, s->integer[0]);
    s->inputs = 2;
    return s->in[1] != NO_VARIABLE;
}

static bool draw_conv1d(drawing *d, statement *s)
{
    return draw_signal_weight(d, s, between(&d->dice, 1, 3), input(d, s, 0)->shape.dim[1]);
}
OPERATION(conv1d, vt_conv1d(IN(0), IN(1), .stride = INT(0), .padding_sides = { INT(1), INT(2) }, .dilation = INT(3)),
          .in = SIGNALS, .draw = draw_conv1d, .flags = PRODUCT);

static bool draw_conv_transpose1d(drawing *d, statement *s)
{
    return draw_signal_weight(d, s, input(d, s, 0)->shape.dim[1], between(&d->dice, 1, 3));
}
OPERATION(conv_transpose1d,
          vt_conv_transpose1d(IN(0), IN(1), .stride = INT(0), .padding_sides = { INT(1), INT(2) }, .dilation = INT(3),
                              .output_padding = INT(4)),
          .in = SIGNALS, .draw = draw_conv_transpose1d, .flags = PRODUCT);

/* Its gradients, in either order of differentiation. */
static bool draw_conv2d_gradient(drawing *d)
{
    if (!draw_operation(d, &operation_conv2d)) return false;
    return draw_operation(d, &operation_gradients_of) && draw_operation(d, &operation_training_step);
}
IDIOM(conv2d_input_gradient, draw_conv2d_gradient, .weight = 30);
IDIOM(conv2d_weight_gradient, draw_conv2d_gradient, .weight = 30);
IDIOM(conv2d_gradients, draw_conv2d_gradient, .weight = 30);

/* Kernels, strides and the padding of the sides. */
static bool draw_pool(drawing *d, statement *s)
{
    for (int i = 0; i < 2; i++) {
        s->integer[i] = between(&d->dice, 1, 3);
        s->integer[2 + i] = between(&d->dice, 1, 3);
        s->integer[4 + i] = below(&d->dice, s->integer[i] / 2 + 1);
        s->integer[6 + i] = chance(&d->dice, 70) ? s->integer[4 + i] : below(&d->dice, s->integer[i] / 2 + 1);
    }
    s->integer[8] = chance(&d->dice, 30);
    s->integer[9] = chance(&d->dice, 30);
    return true;
}
OPERATION(max_pool2d,
          vt_max_pool2d(IN(0), 0, .kernel_hw = { INT(0), INT(1) }, .stride_hw = { INT(2), INT(3) },
                        .padding_sides = { INT(4), INT(6), INT(5), INT(7) }, .dilation = FLAG(9) ? 2 : 1,
                        .ceil = FLAG(8), .indices = OUT(1)),
          .in = IMAGES, .outputs = 2, .draw = draw_pool, .flags = EXACT);
OPERATION(avg_pool2d,
          vt_avg_pool2d(IN(0), 0, .kernel_hw = { INT(0), INT(1) }, .stride_hw = { INT(2), INT(3) },
                        .padding_sides = { INT(4), INT(6), INT(5), INT(7) }, .ceil = FLAG(8),
                        .exclude_padding = FLAG(9)),
          .in = IMAGES, .draw = draw_pool);
OPERATION(max_pool1d,
          vt_max_pool1d(IN(0), INT(0), .stride = INT(2), .padding_sides = { INT(4), INT(6) }, .ceil = FLAG(8),
                        .dilation = FLAG(9) ? 2 : 1, .indices = OUT(1)),
          .in = SIGNALS, .outputs = 2, .draw = draw_pool, .flags = EXACT);
OPERATION(avg_pool1d,
          vt_avg_pool1d(IN(0), INT(0), .stride = INT(2), .padding_sides = { INT(4), INT(6) }, .ceil = FLAG(8),
                        .exclude_padding = FLAG(9)),
          .in = SIGNALS, .draw = draw_pool);

/* With indices of a plane as large as any that is drawn: what pooling gave, or others. */
static bool draw_unpool(drawing *d, statement *s)
{
    const variable *x = input(d, s, 0);
    s->integer[0] = between(&d->dice, 1, 4);
    s->integer[1] = between(&d->dice, 1, 4);
    int64_t places = x->shape.rank == 4 ? s->integer[0] * s->integer[1] : s->integer[0];
    wish w = { INDICES, .low = 0, .high = (double)places - 1, .exactly = &x->shape };
    s->in[1] =
        places > 1 && chance(&d->dice, 50) ? draw_variable(d, w, NULL) : draw_leaf(d, I64, x->shape, 0, (double)places);
    s->inputs = 2;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(max_unpool2d, vt_max_unpool2d(IN(0), IN(1), INT(0), INT(1)), .in = IMAGES, .draw = draw_unpool);
OPERATION(max_unpool1d, vt_max_unpool1d(IN(0), IN(1), INT(0)), .in = SIGNALS, .draw = draw_unpool);

static bool draw_windows(drawing *d, statement *s)
{
    for (int i = 0; i < 2; i++) {
        s->integer[i] = between(&d->dice, 1, 3);
        s->integer[2 + i] = between(&d->dice, 1, 2);
        s->integer[4 + i] = below(&d->dice, 3);
        s->integer[6 + i] = chance(&d->dice, 70) ? 1 : 2;
    }
    return true;
}
OPERATION(unfold,
          vt_unfold(IN(0), 0, .kernel_hw = { INT(0), INT(1) }, .stride_hw = { INT(2), INT(3) },
                    .padding_hw = { INT(4), INT(5) }, .dilation_hw = { INT(6), INT(7) }),
          .in = IMAGES, .draw = draw_windows, .flags = EXACT);

/* Columns for an image that is 1 to 6 high and wide. */
static bool draw_fold(drawing *d, statement *s)
{
    int64_t windows = 1;
    draw_windows(d, s);
    for (int i = 0; i < 2; i++) {
        s->integer[8 + i] = between(&d->dice, 1, 6);
        int span = s->integer[8 + i] + 2 * s->integer[4 + i] - s->integer[6 + i] * (s->integer[i] - 1) - 1;
        if (span < 0) return false;
        windows *= span / s->integer[2 + i] + 1;
    }
    vt_shape shape =
        VT_SHAPE(between(&d->dice, 1, 2), between(&d->dice, 1, 2) * s->integer[0] * s->integer[1], windows);
    s->in[0] = draw_variable(d, (wish){ FLOATS, .exactly = &shape }, NULL);
    s->inputs = 1;
    return s->in[0] != NO_VARIABLE;
}
OPERATION(fold,
          vt_fold(IN(0), INT(8), INT(9), 0, .kernel_hw = { INT(0), INT(1) }, .stride_hw = { INT(2), INT(3) },
                  .padding_hw = { INT(4), INT(5) }, .dilation_hw = { INT(6), INT(7) }),
          .draw = draw_fold);

static bool draw_max_pool2d_gradient(drawing *d)
{
    if (!draw_operation(d, &operation_max_pool2d)) return false;
    return draw_operation(d, &operation_gradients_of) && draw_operation(d, &operation_training_step);
}
IDIOM(max_pool2d_gradient, draw_max_pool2d_gradient, .weight = 20);
IDIOM(max_pool2d_choose, draw_max_pool2d_gradient, .weight = 20);

static bool draw_image_size(drawing *d, statement *s)
{
    for (int i = 0; i < 2; i++) s->integer[i] = between(&d->dice, 1, 8);
    s->integer[2] = below(&d->dice, 3);
    s->integer[3] = s->integer[2] != VT_NEAREST && chance(&d->dice, 40);
    s->integer[4] = s->integer[2] != VT_NEAREST && !s->integer[3] && chance(&d->dice, 50);
    return true;
}
OPERATION(adaptive_avg_pool2d, vt_adaptive_avg_pool2d(IN(0), INT(0), INT(1)), .in = IMAGES, .draw = draw_image_size);
OPERATION(adaptive_avg_pool1d, vt_adaptive_avg_pool1d(IN(0), INT(0)), .in = SIGNALS, .draw = draw_image_size);
OPERATION(adaptive_max_pool2d, vt_adaptive_max_pool2d(IN(0), INT(0), INT(1), .indices = OUT(1)), .in = IMAGES,
          .outputs = 2, .draw = draw_image_size, .flags = EXACT);
OPERATION(adaptive_max_pool1d, vt_adaptive_max_pool1d(IN(0), INT(0), .indices = OUT(1)), .in = SIGNALS, .outputs = 2,
          .draw = draw_image_size, .flags = EXACT);

static bool draw_interpolate(drawing *d, statement *s)
{
    bool scaled = chance(&d->dice, 40);
    if (!draw_image_size(d, s)) return false;
    for (int i = 0; i < 2; i++) {
        s->real[i] = scaled ? 0.25 * between(&d->dice, 2, 9) : VT_AUTO;
        if (scaled) s->integer[i] = VT_AUTO;
    }
    s->integer[5] = chance(&d->dice, 30);
    if (chance(&d->dice, 70)) return true;
    s->integer[2] = chance(&d->dice, 50) ? VT_NEAREST_EXACT : VT_AREA;
    s->integer[3] = s->integer[4] = false;
    return true;
}
OPERATION(interpolate,
          vt_interpolate(IN(0), .height = INT(0), .width = INT(1), .scale_hw = { REAL(0), REAL(1) },
                         .recompute_scale = FLAG(5), .mode = (vt_interpolation)INT(2), .align_corners = FLAG(3),
                         .antialias = FLAG(4)),
          .in = IMAGES, .draw = draw_interpolate);

static bool draw_grid_sample(drawing *d, statement *s)
{
    const variable *x = input(d, s, 0);
    vt_shape grid = VT_SHAPE(x->shape.dim[0], between(&d->dice, 1, 3), between(&d->dice, 1, 3), 2);
    s->in[1] = draw_variable(d, (wish){ FLOATS, .low = -4, .high = 4, .same = true, .exactly = &grid }, x);
    s->inputs = 2;
    s->integer[0] = chance(&d->dice, 20);
    s->integer[1] = below(&d->dice, 3);
    s->integer[2] = chance(&d->dice, 50);
    return s->in[1] != NO_VARIABLE;
}
OPERATION(grid_sample,
          vt_grid_sample(IN(0), IN(1), .nearest = FLAG(0), .padding = (vt_grid_padding)INT(1),
                         .align_corners = FLAG(2)),
          .in = IMAGES, .draw = draw_grid_sample);

static bool draw_affine_grid(drawing *d, statement *s)
{
    vt_shape theta = VT_SHAPE(between(&d->dice, 1, 2), 2, 3);
    s->in[0] = draw_variable(d, (wish){ FLOATS, .exactly = &theta }, NULL);
    s->inputs = 1;
    for (int i = 0; i < 2; i++) s->integer[i] = between(&d->dice, 1, 4);
    s->integer[2] = chance(&d->dice, 50);
    return s->in[0] != NO_VARIABLE;
}
OPERATION(affine_grid, vt_affine_grid(IN(0), INT(0), INT(1), .align_corners = FLAG(2)), .draw = draw_affine_grid);

static bool draw_shuffle(drawing *d, statement *s)
{
    s->integer[0] = between(&d->dice, 1, 2);
    return true;
}
OPERATION(pixel_shuffle, vt_pixel_shuffle(IN(0), INT(0)), .in = { { ANYTHING, .min_rank = 3, .max_rank = 6 } },
          .draw = draw_shuffle, .flags = EXACT);
OPERATION(pixel_unshuffle, vt_pixel_unshuffle(IN(0), INT(0)), .in = { { ANYTHING, .min_rank = 3, .max_rank = 6 } },
          .draw = draw_shuffle, .flags = EXACT);

static bool draw_resample(drawing *d)
{
    return draw_operation(d, &operation_interpolate) && draw_operation(d, &operation_training_step);
}
IDIOM(resample, draw_resample, .weight = 20);
