/* ops_linear.c - drawing matrix products and attention. */
#include "call.h"
#include "draw.h"
#include <math.h>

extern const operation operation_gelu;

/* A variable like the first input's element, of that shape. */
static int of_shape(drawing *d, const variable *like, vt_shape shape)
{
    return draw_variable(d, (wish){ FLOATS, .same = true, .exactly = &shape }, like);
}

/* The leading axes of something that broadcasts with another. */
static vt_shape leading(drawing *d, vt_shape of)
{
    vt_shape shape = { .rank = of.rank - 2 };
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = chance(&d->dice, 20) ? 1 : of.dim[i];
    if (chance(&d->dice, 25)) shape.rank = 0;
    return shape;
}

static vt_shape with_matrix(vt_shape shape, int64_t rows, int64_t columns)
{
    shape.dim[shape.rank++] = rows;
    shape.dim[shape.rank++] = columns;
    return shape;
}

static bool draw_matmul(drawing *d, statement *s)
{
    const variable *a = input(d, s, 0);
    int64_t other = draw_extent(d);
    s->integer[0] = chance(&d->dice, 40);
    s->integer[1] = chance(&d->dice, 40);
    int64_t inner = a->shape.dim[a->shape.rank - (s->integer[0] ? 2 : 1)];
    vt_shape lead = leading(d, a->shape);
    vt_shape shape = s->integer[1] ? with_matrix(lead, other, inner) : with_matrix(lead, inner, other);
    s->in[s->inputs++] = of_shape(d, a, shape);
    return s->in[1] != NO_VARIABLE;
}
OPERATION(matmul, vt_matmul(IN(0), IN(1), .transpose_a = FLAG(0), .transpose_b = FLAG(1)),
          .in = { { FLOATS, .min_rank = 2 } }, .draw = draw_matmul, .flags = PRODUCT, .weight = 25);

static bool draw_linear(drawing *d, statement *s)
{
    const variable *x = input(d, s, 0);
    int64_t out = draw_extent(d);
    s->in[1] = of_shape(d, x, VT_SHAPE(out, x->shape.dim[x->shape.rank - 1]));
    s->in[2] = chance(&d->dice, 60) ? of_shape(d, x, VT_SHAPE(out)) : NO_VARIABLE;
    s->inputs = 3;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(linear, vt_linear(IN(0), IN(1), .bias = IN(2)), .in = { { FLOATS, .min_rank = 1 } }, .draw = draw_linear,
          .flags = PRODUCT, .weight = 20);

/* -- What the planner makes one op of ------------------------------------------------------------------------------ */

static bool draw_linear_gelu(drawing *d)
{
    if (!draw_operation(d, &operation_linear)) return false;
    statement s = { .operation = &operation_gelu, .inputs = 1, .outputs = 1, .in = { last_output(d) } };
    s.integer[0] = chance(&d->dice, 40);
    return perform(d, &s);
}
IDIOM(linear_gelu, draw_linear_gelu);

/* Its gradient makes the product before it and GELU's gradient one. */
static bool draw_matmul_gelu_gradient(drawing *d)
{
    if (!draw_linear_gelu(d)) return false;
    statement s = { .operation = &operation_linear, .inputs = 1, .outputs = 1, .in = { last_output(d) } };
    if (!draw_linear(d, &s) || !perform(d, &s)) return false;
    return chance(&d->dice, 50) || draw_operation(d, &operation_training_step);
}
IDIOM(matmul_gelu_gradient, draw_matmul_gelu_gradient);

static bool draw_linear_gradient(drawing *d)
{
    return draw_operation(d, &operation_linear) && draw_operation(d, &operation_training_step);
}
IDIOM(linear_gradient, draw_linear_gradient);

/* -- Attention ----------------------------------------------------------------------------------------------------- */

static bool draw_attention(drawing *d, statement *s)
{
    const variable *q = input(d, s, 0);
    int64_t n = q->shape.dim[q->shape.rank - 2], width = q->shape.dim[q->shape.rank - 1];
    int64_t m = chance(&d->dice, 60) ? n : draw_extent(d);
    s->inputs = 5;
    s->in[1] = of_shape(d, q, with_matrix(leading(d, q->shape), m, width));
    if (s->in[1] == NO_VARIABLE) return false;
    vt_shape like = input(d, s, 1)->shape;
    like.rank -= 2;
    s->in[2] = of_shape(d, q, with_matrix(like, m, chance(&d->dice, 60) ? width : draw_extent(d)));
    if (s->in[2] == NO_VARIABLE) return false;
    s->in[3] = s->in[4] = NO_VARIABLE;
    if (chance(&d->dice, 30)) {
        vt_shape mask = with_matrix(leading(d, q->shape), chance(&d->dice, 30) ? 1 : n, m);
        s->in[3] = draw_variable(d, (wish){ ONE(BOOLEAN), .exactly = &mask }, NULL);
    }
    if (chance(&d->dice, 30)) s->in[4] = of_shape(d, q, with_matrix(leading(d, q->shape), n, m));
    s->integer[0] = chance(&d->dice, 30);
    s->integer[1] = chance(&d->dice, 30);
    s->integer[2] = chance(&d->dice, 80) ? VT_AUTO : between(&d->dice, 1, 4);
    s->real[0] = width && chance(&d->dice, 50) ? 0 : 0.25 * between(&d->dice, 1, 8);
    s->real[1] = chance(&d->dice, 80) ? 0 : 0.25;
    return true;
}
OPERATION(attention,
          vt_attention(IN(0), IN(1), IN(2), .mask = IN(3), .bias = IN(4), .causal = FLAG(0), .queries_last = FLAG(1),
                       .window = INT(2), .scale = REAL(0), .dropout = REAL(1)),
          .in = { { FLOATS, .min_rank = 2 } }, .draw = draw_attention, .flags = PRODUCT, .weight = 20);
OPERATION(attention_dropout,
          vt_attention(IN(0), IN(1), IN(2), .mask = IN(3), .bias = IN(4), .causal = FLAG(0), .queries_last = FLAG(1),
                       .window = INT(2), .scale = REAL(0), .dropout = 0.5),
          .in = { { FLOATS, .min_rank = 2 } }, .draw = draw_attention, .flags = PRODUCT, .weight = 5);
OPERATION(attention_weights,
          vt_attention(IN(0), IN(1), IN(2), .mask = IN(3), .bias = IN(4), .causal = FLAG(0), .queries_last = FLAG(1),
                       .window = INT(2), .scale = REAL(0), .dropout = REAL(1), .weights = OUT(1)),
          .in = { { FLOATS, .min_rank = 2 } }, .draw = draw_attention, .outputs = 2, .flags = PRODUCT, .weight = 5);
