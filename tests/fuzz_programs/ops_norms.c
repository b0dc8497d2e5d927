/* ops_norms.c - drawing softmax and normalisations. */
#include "call.h"
#include "draw.h"

extern const operation operation_add, operation_relu, operation_linear, operation_conv2d, operation_set_training;

static bool draw_softmax_axis(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, input(d, s, 0)->shape.rank);
    return true;
}
OPERATION(softmax, vt_softmax(IN(0), INT(0)), .in = { { FLOATS, .min_rank = 1 } }, .draw = draw_softmax_axis,
          .weight = 15);
OPERATION(log_softmax, vt_log_softmax(IN(0), INT(0)), .in = { { FLOATS, .min_rank = 1 } }, .draw = draw_softmax_axis);

/* Of a shape; the very tensor that is normalised where it has that shape, now and then. */
static int draw_scale(drawing *d, const statement *s, vt_shape shape)
{
    const variable *x = input(d, s, 0);
    if (chance(&d->dice, 30)) return NO_VARIABLE;
    if (vt_shape_equal(x->shape, shape) && chance(&d->dice, 30)) return s->in[0];
    return draw_variable(d, (wish){ FLOATS, .same = true, .exactly = &shape }, x);
}

static double draw_eps(drawing *d)
{
    /* 0 divides by a variance that may be 0. */
    return chance(&d->dice, 50) ? 1e-5 : chance(&d->dice, 50) ? 1e-3 : 0.125;
}

static bool draw_last_axes(drawing *d, statement *s)
{
    vt_shape x = input(d, s, 0)->shape, shape = { .rank = chance(&d->dice, 70) ? 1 : between(&d->dice, 1, x.rank) };
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = x.dim[x.rank - shape.rank + i];
    s->integer[0] = shape.rank == 1 && chance(&d->dice, 60) ? 0 : shape.rank;
    s->real[0] = draw_eps(d);
    s->in[1] = draw_scale(d, s, shape);
    s->in[2] = draw_scale(d, s, shape);
    s->inputs = 3;
    return true;
}
OPERATION(layer_norm, vt_layer_norm(IN(0), .weight = IN(1), .bias = IN(2), .rank = INT(0), .eps = REAL(0)),
          .in = { { FLOATS, .min_rank = 1 } }, .draw = draw_last_axes, .weight = 20);
OPERATION(rms_norm, vt_rms_norm(IN(0), .weight = IN(1), .rank = INT(0), .eps = REAL(0)),
          .in = { { FLOATS, .min_rank = 1 } }, .draw = draw_last_axes);

static bool draw_group_norm(drawing *d, statement *s)
{
    int64_t channels = input(d, s, 0)->shape.dim[1];
    s->integer[0] = channels % 2 == 0 && chance(&d->dice, 50) ? 2 : chance(&d->dice, 50) ? 1 : (int)channels;
    s->real[0] = draw_eps(d);
    s->in[1] = draw_scale(d, s, VT_SHAPE(channels));
    s->in[2] = draw_scale(d, s, VT_SHAPE(channels));
    s->inputs = 3;
    return true;
}
OPERATION(group_norm, vt_group_norm(IN(0), INT(0), .weight = IN(1), .bias = IN(2), .eps = REAL(0)),
          .in = { { FLOATS, .min_rank = 2, .filled = true } }, .draw = draw_group_norm);

OPERATION(instance_norm, vt_instance_norm(IN(0), .weight = IN(1), .bias = IN(2), .eps = REAL(0)),
          .in = { { FLOATS, .min_rank = 3, .filled = true } }, .draw = draw_group_norm, .weight = 6);

/* Of batches, or none. */
static int draw_count(drawing *d)
{
    const vt_shape scalar = VT_SCALAR;
    if (chance(&d->dice, 50)) return NO_VARIABLE;
    return draw_variable(d, (wish){ ONE(I64), .leaf = true, .exactly = &scalar }, NULL);
}

static bool draw_batch_norm(drawing *d, statement *s)
{
    vt_shape shape = VT_SHAPE(input(d, s, 0)->shape.dim[1]);
    const variable *x = input(d, s, 0);
    s->in[1] = draw_variable(d, (wish){ FLOATS, .same = true, .leaf = true, .exactly = &shape }, x);
    s->in[2] = draw_leaf(d, x->element, shape, 0.25, 2);
    s->in[3] = draw_scale(d, s, shape);
    s->in[4] = draw_scale(d, s, shape);
    s->in[5] = draw_count(d);
    s->inputs = 6;
    s->real[0] = chance(&d->dice, 50) ? 0 : 0.25;
    s->real[1] = draw_eps(d);
    return s->in[1] != NO_VARIABLE && s->in[2] != NO_VARIABLE;
}
OPERATION(batch_norm,
          vt_batch_norm(IN(0), IN(1), IN(2), .weight = IN(3), .bias = IN(4), .num_batches_tracked = IN(5),
                        .momentum = REAL(0), .eps = REAL(1)),
          .in = { { FLOATS, .min_rank = 2, .filled = true } }, .draw = draw_batch_norm, .flags = OVERWRITES,
          .weight = 15);

OPERATION(running_statistics,
          vt_batch_norm(IN(0), IN(1), IN(2), .num_batches_tracked = IN(5), .momentum = 0.5, .eps = REAL(1)),
          .in = { { FLOATS, .min_rank = 2, .filled = true } }, .draw = draw_batch_norm, .flags = OVERWRITES,
          .weight = 3);

/* -- What the planner makes one op of ------------------------------------------------------------------------------ */

static bool draw_of_last(drawing *d, const operation *o)
{
    statement s = { .operation = o, .inputs = 1, .outputs = 1, .in = { last_output(d) } };
    return (!o->draw || o->draw(d, &s)) && perform(d, &s);
}

static bool draw_sum_and_norm(drawing *d)
{
    return draw_operation(d, &operation_add) && d->variables[last_output(d)].shape.rank > 0 &&
           draw_of_last(d, &operation_layer_norm);
}
IDIOM(add_layer_norm, draw_sum_and_norm, .weight = 15);

/* A residual branch: the sum goes on beside its norm. */
static bool draw_residual(drawing *d)
{
    if (!draw_sum_and_norm(d)) return false;
    int normed = last_output(d), sum = d->program->statements[d->program->count - 1].in[0];
    if (chance(&d->dice, 50) && draw_of_last(d, &operation_linear)) normed = last_output(d);
    if (!vt_shape_equal(d->variables[normed].shape, d->variables[sum].shape)) return true;
    return apply(d, &operation_add, sum, normed) != NO_VARIABLE &&
           (chance(&d->dice, 50) || draw_operation(d, &operation_training_step));
}
IDIOM(layer_norm_gradient_add, draw_residual, .weight = 15);

/* A norm, and with the same input another: it may have the same moments, and moves the same running mean or another. */
static bool draw_batch_norm_tracking(drawing *d)
{
    if (!draw_operation(d, &operation_batch_norm)) return false;
    statement again = d->program->statements[d->program->count - 1];
    const variable *mean = &d->variables[again.in[1]];
    if (chance(&d->dice, 50)) again.in[1] = draw_leaf(d, mean->element, mean->shape, -1, 1);
    return again.in[1] != NO_VARIABLE && perform(d, &again);
}
IDIOM(batch_norm_tracking, draw_batch_norm_tracking, .weight = 5);

static bool draw_batch_norm_relu(drawing *d)
{
    return draw_operation(d, &operation_batch_norm) && draw_of_last(d, &operation_relu);
}
IDIOM(batch_norm_relu, draw_batch_norm_relu);

static bool draw_batch_norm_add_relu(drawing *d)
{
    if (!draw_operation(d, &operation_batch_norm)) return false;
    int normed = last_output(d);
    int other = draw_variable(d, (wish){ FLOATS, .same = true, .alike = true }, &d->variables[normed]);
    bool first = chance(&d->dice, 50);
    if (other == NO_VARIABLE) return false;
    return apply(d, &operation_add, first ? normed : other, first ? other : normed) != NO_VARIABLE &&
           draw_of_last(d, &operation_relu);
}
IDIOM(batch_norm_add_relu, draw_batch_norm_add_relu);

static bool draw_their_gradient(drawing *d)
{
    return (chance(&d->dice, 50) ? draw_batch_norm_relu(d) : draw_batch_norm_add_relu(d)) &&
           draw_operation(d, &operation_training_step);
}
IDIOM(batch_norm_relu_gradient, draw_their_gradient, .weight = 5);
IDIOM(batch_norm_add_relu_gradient, draw_their_gradient, .weight = 5);

static bool set_training(drawing *d, bool on)
{
    return perform(d, &(statement){ .operation = &operation_set_training, .integer = { on } });
}

/* A convolution and its norm in evaluation, with gradients of both at times. */
static bool draw_conv2d_scaled(drawing *d)
{
    if (!draw_operation(d, &operation_conv2d)) return false;
    statement norm = { .operation = &operation_batch_norm, .inputs = 1, .outputs = 1, .in = { last_output(d) } };
    bool drawn = set_training(d, false) && draw_batch_norm(d, &norm) && perform(d, &norm);
    if (drawn && chance(&d->dice, 30)) draw_operation(d, &operation_training_step);
    return set_training(d, true) && drawn;
}
IDIOM(conv2d_scaled, draw_conv2d_scaled, .weight = 15);
