/* ops_images.c - drawing convolutions, pooling and resampling. */
#include "call.h"
#include "draw.h"

#define IMAGES                                                                                                         \
    {                                                                                                                  \
        {                                                                                                              \
            FLOATS, .min_rank = 4, .max_rank = 4                                                                       \
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
        s->integer[4 + i] = chance(&d->dice, 80) ? 1 : 2;
    }
    s->integer[6] = groups;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(conv2d,
          vt_conv2d(IN(0), IN(1), .bias = IN(2), .strides = { INT(0), INT(1) }, .paddings = { INT(2), INT(3) },
                    .dilations = { INT(4), INT(5) }, .groups = INT(6)),
          .in = IMAGES, .draw = draw_conv2d, .flags = PRODUCT, .weight = 20);

/* Its gradients, in either order of differentiation. */
static bool draw_conv2d_gradient(drawing *d)
{
    if (!draw_operation(d, &operation_conv2d)) return false;
    return draw_operation(d, &operation_gradients_of) && draw_operation(d, &operation_training_step);
}
IDIOM(conv2d_input_gradient, draw_conv2d_gradient);
IDIOM(conv2d_weight_gradient, draw_conv2d_gradient);

static bool draw_pool(drawing *d, statement *s)
{
    for (int i = 0; i < 2; i++) {
        s->integer[i] = between(&d->dice, 1, 3);
        s->integer[2 + i] = between(&d->dice, 1, 3);
        s->integer[4 + i] = below(&d->dice, s->integer[i] / 2 + 1);
    }
    s->integer[6] = chance(&d->dice, 30);
    s->integer[7] = chance(&d->dice, 30);
    return true;
}
OPERATION(max_pool2d,
          vt_max_pool2d(IN(0), 0, .kernels = { INT(0), INT(1) }, .strides = { INT(2), INT(3) },
                        .paddings = { INT(4), INT(5) }, .ceil = FLAG(6)),
          .in = IMAGES, .draw = draw_pool, .flags = EXACT);
OPERATION(avg_pool2d,
          vt_avg_pool2d(IN(0), 0, .kernels = { INT(0), INT(1) }, .strides = { INT(2), INT(3) },
                        .paddings = { INT(4), INT(5) }, .ceil = FLAG(6), .exclude_padding = FLAG(7)),
          .in = IMAGES, .draw = draw_pool);

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
          vt_unfold(IN(0), 0, .kernels = { INT(0), INT(1) }, .strides = { INT(2), INT(3) },
                    .paddings = { INT(4), INT(5) }, .dilations = { INT(6), INT(7) }),
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
          vt_fold(IN(0), INT(8), INT(9), 0, .kernels = { INT(0), INT(1) }, .strides = { INT(2), INT(3) },
                  .paddings = { INT(4), INT(5) }, .dilations = { INT(6), INT(7) }),
          .draw = draw_fold);

static bool draw_max_pool2d_gradient(drawing *d)
{
    if (!draw_operation(d, &operation_max_pool2d)) return false;
    return draw_operation(d, &operation_gradients_of) && draw_operation(d, &operation_training_step);
}
IDIOM(max_pool2d_gradient, draw_max_pool2d_gradient, .weight = 5);
IDIOM(max_pool2d_choose, draw_max_pool2d_gradient, .weight = 5);

static bool draw_image_size(drawing *d, statement *s)
{
    for (int i = 0; i < 2; i++) s->integer[i] = between(&d->dice, 1, 8);
    s->integer[2] = below(&d->dice, 3);
    s->integer[3] = s->integer[2] != VT_NEAREST && chance(&d->dice, 40);
    s->integer[4] = s->integer[2] != VT_NEAREST && !s->integer[3] && chance(&d->dice, 50);
    return true;
}
OPERATION(adaptive_avg_pool2d, vt_adaptive_avg_pool2d(IN(0), INT(0), INT(1)), .in = IMAGES, .draw = draw_image_size);
OPERATION(interpolate,
          vt_interpolate(IN(0), .height = INT(0), .width = INT(1), .mode = (vt_interpolation)INT(2),
                         .align_corners = FLAG(3), .antialias = FLAG(4)),
          .in = IMAGES, .draw = draw_image_size);

static bool draw_resample(drawing *d)
{
    return draw_operation(d, &operation_interpolate) && draw_operation(d, &operation_training_step);
}
IDIOM(resample, draw_resample, .weight = 5);
