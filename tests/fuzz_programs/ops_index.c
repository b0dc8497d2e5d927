/* ops_index.c - drawing ops that pick and place elements by index. */
#include "call.h"
#include "draw.h"

static vt_shape shape_along(const drawing *d, const statement *s, int64_t extent)
{
    vt_shape shape = input(d, s, 0)->shape;
    shape.dim[s->integer[0] < 0 ? s->integer[0] + shape.rank : s->integer[0]] = extent;
    return shape;
}

static int64_t axis_extent(const drawing *d, const statement *s)
{
    const vt_shape *shape = &input(d, s, 0)->shape;
    return shape->dim[s->integer[0] < 0 ? s->integer[0] + shape->rank : s->integer[0]];
}

/* Integers in [0, extent): some that are there already, an argmax say. */
static int draw_index(drawing *d, vt_shape shape, int64_t extent)
{
    if (extent == 0 && vt_shape_count(shape)) return NO_VARIABLE;
    wish w = { INDICES, .low = 0, .high = (double)extent - 1, .exactly = &shape };
    if (extent > 1 && chance(&d->dice, 50)) return draw_variable(d, w, NULL);
    return draw_leaf(d, chance(&d->dice, 80) ? I64 : I32, shape, 0, (double)extent);
}

static bool draw_gather(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, input(d, s, 0)->shape.rank);
    s->in[1] = draw_index(d, shape_along(d, s, draw_extent(d)), axis_extent(d, s));
    s->inputs = 2;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(gather, vt_gather(IN(0), INT(0), IN(1)), .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_gather,
          .flags = EXACT);

static bool draw_scatter(drawing *d, statement *s)
{
    if (!draw_gather(d, s)) return false;
    const vt_shape shape = input(d, s, 1)->shape;
    s->in[s->inputs++] = draw_variable(d, (wish){ NUMBERS, .same = true, .exactly = &shape }, input(d, s, 0));
    return s->in[2] != NO_VARIABLE;
}
OPERATION(scatter_add, vt_scatter_add(IN(0), INT(0), IN(1), IN(2)), .in = { { NUMBERS, .min_rank = 1 } },
          .draw = draw_scatter);

static bool draw_scatter_kind(drawing *d, statement *s)
{
    s->integer[1] = between(&d->dice, VT_SCATTER_SET, VT_SCATTER_MIN);
    return draw_scatter(d, s);
}
OPERATION(scatter, vt_scatter(IN(0), INT(0), IN(1), IN(2), .kind = (vt_scatter_kind)INT(1)),
          .in = { { FLOATS | INDICES, .min_rank = 1 } }, .draw = draw_scatter_kind);

static bool draw_index_select(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, input(d, s, 0)->shape.rank);
    s->in[1] = draw_index(d, VT_SHAPE(draw_extent(d)), axis_extent(d, s));
    s->inputs = 2;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(index_select, vt_index_select(IN(0), INT(0), IN(1)), .in = { { ANYTHING, .min_rank = 1 } },
          .draw = draw_index_select, .flags = EXACT);

static bool draw_index_add(drawing *d, statement *s)
{
    if (!draw_index_select(d, s)) return false;
    const vt_shape shape = shape_along(d, s, input(d, s, 1)->count);
    s->in[s->inputs++] = draw_variable(d, (wish){ NUMBERS, .same = true, .exactly = &shape }, input(d, s, 0));
    return s->in[2] != NO_VARIABLE;
}
OPERATION(index_add, vt_index_add(IN(0), INT(0), IN(1), IN(2)), .in = { { NUMBERS, .min_rank = 1 } },
          .draw = draw_index_add);

static bool draw_embedding(drawing *d, statement *s)
{
    s->in[1] = draw_index(d, draw_shape(d, 0, 4), input(d, s, 0)->shape.dim[0]);
    s->inputs = 2;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(embedding, vt_embedding(IN(0), IN(1)), .in = { { ANYTHING, .min_rank = 2, .max_rank = 2 } },
          .draw = draw_embedding, .flags = EXACT);

static bool draw_one_hot(drawing *d, statement *s)
{
    static const element elements[] = { FLOAT, FLOAT, DOUBLE, I64, BOOLEAN };
    s->integer[0] = between(&d->dice, 1, 6);
    s->element = elements[below(&d->dice, 5)];
    s->in[0] = draw_index(d, draw_shape(d, 0, 5), s->integer[0]);
    s->inputs = 1;
    return s->in[0] != NO_VARIABLE;
}
OPERATION(one_hot, vt_one_hot(IN(0), INT(0), .dtype = DTYPE), .draw = draw_one_hot, .flags = EXACT);

static bool draw_topk(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, input(d, s, 0)->shape.rank);
    s->integer[1] = between(&d->dice, 0, (int)axis_extent(d, s));
    s->integer[2] = chance(&d->dice, 50);
    return true;
}
OPERATION(topk, vt_topk(IN(0), INT(1), INT(0), .smallest = FLAG(2), .indices = OUT(1)),
          .in = { { NUMBERS, .min_rank = 1 } }, .outputs = 2, .draw = draw_topk, .flags = EXACT);

OPERATION(sort, vt_sort(IN(0), INT(0), .descending = FLAG(2), .indices = OUT(1)), .in = { { NUMBERS, .min_rank = 1 } },
          .outputs = 2, .draw = draw_topk, .flags = EXACT);
OPERATION(argsort, vt_argsort(IN(0), INT(0), .descending = FLAG(2)), .in = { { NUMBERS, .min_rank = 1 } },
          .draw = draw_topk, .flags = EXACT);

/* -- Results whose shape follows from values: of data, whose values are the same in every precision ---------------- */

OPERATION(nonzero, vt_nonzero(IN(0)), .in = { { INTEGERS | ONE(BOOLEAN), .leaf = true } }, .flags = EXACT | CONSTANT,
          .weight = 4);

static bool draw_mask(drawing *d, statement *s)
{
    vt_shape shape = input(d, s, 0)->shape;
    s->in[1] = draw_variable(d, (wish){ ONE(BOOLEAN), .leaf = true, .exactly = &shape }, NULL);
    s->inputs = 2;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(masked_select, vt_masked_select(IN(0), IN(1)), .in = { { ANYTHING } }, .draw = draw_mask, .flags = EXACT);
OPERATION(unique, vt_unique(IN(0), .inverse = OUT(1), .counts = OUT(2)),
          .in = { { INTEGERS | ONE(BOOLEAN), .leaf = true } }, .outputs = 3, .flags = EXACT | CONSTANT, .weight = 4);
