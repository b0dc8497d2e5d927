/* ops_losses.c - drawing losses. */
#include "call.h"
#include "draw.h"

static bool draw_reduction(drawing *d, statement *s)
{
    s->integer[0] = below(&d->dice, 4);
    s->integer[1] = chance(&d->dice, 50);
    s->real[0] = chance(&d->dice, 50) ? 0 : 0.25 * between(&d->dice, 1, 3);
    return true;
}

#define LIKE(...)                                                                                                      \
    {                                                                                                                  \
        { FLOATS, __VA_ARGS__ },                                                                                       \
        {                                                                                                              \
            FLOATS, .same = true, .alike = true                                                                        \
        }                                                                                                              \
    }

OPERATION(mse_loss, vt_mse_loss(IN(0), IN(1), .reduction = (vt_reduction)INT(0)), .in = LIKE(.filled = true),
          .draw = draw_reduction, .weight = 6);
OPERATION(l1_loss, vt_l1_loss(IN(0), IN(1), .reduction = (vt_reduction)INT(0)), .in = LIKE(.filled = true),
          .draw = draw_reduction, .weight = 6);
OPERATION(huber_loss, vt_huber_loss(IN(0), IN(1), .delta = REAL(0), .reduction = (vt_reduction)INT(0)),
          .in = LIKE(.filled = true), .draw = draw_reduction, .weight = 6);
OPERATION(smooth_l1_loss, vt_smooth_l1_loss(IN(0), IN(1), .delta = REAL(0), .reduction = (vt_reduction)INT(0)),
          .in = LIKE(.filled = true), .draw = draw_reduction, .weight = 6);
OPERATION(kl_div, vt_kl_div(IN(0), IN(1), .log_target = FLAG(1), .reduction = (vt_reduction)INT(0)),
          .in = { { FLOATS, .filled = true }, { FLOATS, .same = true, .alike = true, .low = 0.05, .high = 2 } },
          .draw = draw_reduction, .weight = 6);

static bool draw_positive_weight(drawing *d, statement *s)
{
    s->in[2] = draw_variable(
        d, (wish){ FLOATS, .same = true, .broadcasts = true, .low = 0.1, .high = 4, .optional = true }, input(d, s, 0));
    s->inputs = 3;
    if (s->in[2] != NO_VARIABLE && input(d, s, 2)->shape.rank > input(d, s, 0)->shape.rank) return false;
    return draw_reduction(d, s);
}
OPERATION(binary_cross_entropy_with_logits,
          vt_binary_cross_entropy_with_logits(IN(0), IN(1), .positive_weight = IN(2),
                                              .reduction = (vt_reduction)INT(0)),
          .in = { { FLOATS, .filled = true }, { FLOATS, .same = true, .alike = true, .low = 0, .high = 1 } },
          .draw = draw_positive_weight);

/* -- Classes ------------------------------------------------------------------------------------------------------- */

/* Labels of logits [N, C, ...], some of which do not count. */
static int draw_labels(drawing *d, const variable *logits)
{
    vt_shape shape = { .rank = logits->shape.rank - 1, .dim = { logits->shape.dim[0] } };
    for (int i = 1; i < shape.rank; i++) shape.dim[i] = logits->shape.dim[i + 1];
    double classes = (double)logits->shape.dim[1];
    if (classes > 1 && chance(&d->dice, 30))
        return draw_variable(d, (wish){ ONE(I64), .low = 0, .high = classes - 1, .exactly = &shape }, NULL);
    int labels = draw_leaf(d, I64, shape, 0, classes);
    if (labels == NO_VARIABLE || !chance(&d->dice, 30)) return labels;
    double *data = (double *)d->program->statements[d->program->count - 1].data;
    statement s = { .operation = &operation_leaf, .outputs = 1, .element = I64, .shape = { shape } };
    s.data = draw_data(d, I64, vt_shape_count(shape), 0, classes);
    data = (double *)s.data;
    for (int64_t i = 1; i < vt_shape_count(shape); i += 2) data[i] = VT_IGNORE;
    return perform(d, &s) ? last_output(d) : NO_VARIABLE;
}

static bool draw_cross_entropy(drawing *d, statement *s)
{
    const variable *logits = input(d, s, 0);
    draw_reduction(d, s);
    s->in[1] = chance(&d->dice, 70)
                   ? draw_labels(d, logits)
                   : draw_variable(d, (wish){ FLOATS, .same = true, .alike = true, .low = 0, .high = 1 }, logits);
    wish weight = { FLOATS, .same = true, .low = 0.1, .high = 4, .exactly = &VT_SHAPE(logits->shape.dim[1]) };
    s->in[2] = chance(&d->dice, 30) ? draw_variable(d, weight, logits) : NO_VARIABLE;
    s->inputs = 3;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(cross_entropy,
          vt_cross_entropy(IN(0), IN(1), .label_smoothing = REAL(0), .weight = IN(2),
                           .reduction = (vt_reduction)INT(0)),
          .in = { { FLOATS, .min_rank = 2, .filled = true } }, .draw = draw_cross_entropy, .weight = 15);

static bool draw_correct(drawing *d, statement *s)
{
    s->in[1] = draw_labels(d, input(d, s, 0));
    s->inputs = 2;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(correct, vt_correct_count(IN(0), IN(1)), .in = { { FLOATS, .min_rank = 2, .filled = true } },
          .draw = draw_correct, .flags = EXACT, .weight = 6);
