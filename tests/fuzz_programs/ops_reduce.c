/* ops_reduce.c - drawing ops that reduce axes, and running sums, products and extremes. */
#include "call.h"
#include "draw.h"

/* Some axes of the first input, in any order, from either end; or none, which stands for all. integer[0]: they stay. */
static bool draw_axes(drawing *d, statement *s)
{
    int rank = input(d, s, 0)->shape.rank, order[VT_MAX_RANK];
    s->integer[0] = chance(&d->dice, 40);
    s->integer[1] = chance(&d->dice, 30);
    if (rank == 0 || chance(&d->dice, 20)) return true;
    for (int i = 0; i < rank; i++) {
        int at = below(&d->dice, i + 1);
        order[i] = i;
        order[i] = order[at];
        order[at] = i;
    }
    s->axes.count = chance(&d->dice, 60) ? 1 : between(&d->dice, 1, rank);
    for (int i = 0; i < s->axes.count; i++) s->axes.axis[i] = chance(&d->dice, 50) ? order[i] : order[i] - rank;
    return true;
}

OPERATION(sum, vt_sum(IN(0), .axes = AXES, .keep = FLAG(0)), .in = { { ANYTHING } }, .draw = draw_axes, .weight = 15);
OPERATION(mean, vt_mean(IN(0), .axes = AXES, .keep = FLAG(0)), .in = { { FLOATS } }, .draw = draw_axes, .weight = 15);
OPERATION(prod, vt_prod(IN(0), .axes = AXES, .keep = FLAG(0)), .in = { { ANYTHING } }, .draw = draw_axes);
OPERATION(max, vt_max(IN(0), .axes = AXES, .keep = FLAG(0)), .in = { { NUMBERS, .filled = true } }, .draw = draw_axes,
          .flags = EXACT);
OPERATION(min, vt_min(IN(0), .axes = AXES, .keep = FLAG(0)), .in = { { NUMBERS, .filled = true } }, .draw = draw_axes,
          .flags = EXACT);
OPERATION(any, vt_any(IN(0), .axes = AXES, .keep = FLAG(0)), .in = { { ONE(BOOLEAN) } }, .draw = draw_axes,
          .flags = EXACT, .weight = 4);
OPERATION(all, vt_all(IN(0), .axes = AXES, .keep = FLAG(0)), .in = { { ONE(BOOLEAN) } }, .draw = draw_axes,
          .flags = EXACT, .weight = 4);
OPERATION(logsumexp, vt_logsumexp(IN(0), .axes = AXES, .keep = FLAG(0)), .in = { { FLOATS, .filled = true } },
          .draw = draw_axes);
OPERATION(var, vt_var(IN(0), .axes = AXES, .keep = FLAG(0), .unbiased = FLAG(1)), .in = { { FLOATS, .filled = true } },
          .draw = draw_axes);
OPERATION(std, vt_std(IN(0), .axes = AXES, .keep = FLAG(0), .unbiased = FLAG(1)), .in = { { FLOATS, .filled = true } },
          .draw = draw_axes);
OPERATION(norm, vt_norm(IN(0), .axes = AXES, .keep = FLAG(0), .order = 1 + INT(1)), .in = { { FLOATS } },
          .draw = draw_axes);

static bool draw_one_axis(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, input(d, s, 0)->shape.rank);
    s->integer[1] = chance(&d->dice, 50);
    return true;
}
OPERATION(argmax, vt_argmax(IN(0), INT(0), .keep = FLAG(1)), .in = { { NUMBERS, .min_rank = 1, .filled = true } },
          .draw = draw_one_axis, .flags = EXACT, .weight = 6);
OPERATION(argmin, vt_argmin(IN(0), INT(0), .keep = FLAG(1)), .in = { { NUMBERS, .min_rank = 1, .filled = true } },
          .draw = draw_one_axis, .flags = EXACT, .weight = 6);
OPERATION(cumsum, vt_cumsum(IN(0), INT(0), .reverse = FLAG(1)), .in = { { ANYTHING, .min_rank = 1 } },
          .draw = draw_one_axis);

OPERATION(cumprod, vt_cumprod(IN(0), INT(0), .reverse = FLAG(1)), .in = { { ANYTHING, .min_rank = 1 } },
          .draw = draw_one_axis);
OPERATION(cummax, vt_cummax(IN(0), INT(0), .indices = OUT(1)), .in = { { NUMBERS, .min_rank = 1 } }, .outputs = 2,
          .draw = draw_one_axis, .flags = EXACT, .weight = 6);
OPERATION(cummin, vt_cummin(IN(0), INT(0), .indices = OUT(1)), .in = { { NUMBERS, .min_rank = 1 } }, .outputs = 2,
          .draw = draw_one_axis, .flags = EXACT, .weight = 6);

/* A shape that broadcasts to that of the input. */
static bool draw_smaller_shape(drawing *d, statement *s)
{
    vt_shape from = input(d, s, 0)->shape;
    s->shape[0].rank = between(&d->dice, 0, from.rank);
    for (int i = 0; i < s->shape[0].rank; i++)
        s->shape[0].dim[i] = chance(&d->dice, 50) ? 1 : from.dim[from.rank - s->shape[0].rank + i];
    return true;
}
OPERATION(sum_to, vt_sum_to(IN(0), SHAPE(0)), .in = { { ANYTHING } }, .draw = draw_smaller_shape);
