/* ops_create.c - drawing tensors from nothing. */
#include "call.h"
#include "draw.h"
#include <math.h>

static bool draw_created(drawing *d, statement *s)
{
    static const element elements[] = { FLOAT, FLOAT, FLOAT, DOUBLE, I64, I32 };
    s->shape[0] = draw_shape(d, 0, 6);
    s->element = elements[below(&d->dice, 6)];
    s->real[0] = between(&d->dice, -2, 2);
    return true;
}
OPERATION(full, vt_full(SHAPE(0), REAL(0), .dtype = DTYPE), .draw = draw_created, .flags = EXACT, .weight = 4);
OPERATION(scalar, vt_scalar(REAL(0), .dtype = DTYPE), .draw = draw_created, .flags = EXACT, .weight = 4);
OPERATION(zeros, vt_zeros(SHAPE(0), .dtype = DTYPE), .draw = draw_created, .flags = EXACT, .weight = 4);
OPERATION(ones, vt_ones(SHAPE(0), .dtype = DTYPE), .draw = draw_created, .flags = EXACT, .weight = 4);

OPERATION(zeros_like, vt_zeros_like(IN(0), .dtype = DTYPE), .in = { { ANYTHING } }, .draw = draw_created,
          .flags = EXACT, .weight = 2);
OPERATION(ones_like, vt_ones_like(IN(0), .dtype = DTYPE), .in = { { ANYTHING } }, .draw = draw_created, .flags = EXACT,
          .weight = 2);
OPERATION(full_like, vt_full_like(IN(0), REAL(0), .dtype = DTYPE), .in = { { ANYTHING } }, .draw = draw_created,
          .flags = EXACT, .weight = 2);

static bool draw_integer(drawing *d, statement *s)
{
    s->integer[0] = between(&d->dice, -9, 9);
    return true;
}
OPERATION(integer, vt_integer(INT(0)), .draw = draw_integer, .flags = EXACT, .weight = 4);

static bool draw_line(drawing *d, statement *s)
{
    draw_created(d, s);
    s->real[1] = s->real[0] + draw_extent(d);
    s->real[2] = chance(&d->dice, 50) ? 0 : 0.5;
    if (ONE(s->element) & INTEGERS) s->real[2] = chance(&d->dice, 50) ? 0 : 2;
    s->integer[0] = draw_extent(d);
    s->integer[1] = draw_extent(d);
    return true;
}
OPERATION(arange, vt_arange(REAL(0), REAL(1), .step = REAL(2), .dtype = DTYPE), .draw = draw_line, .weight = 4);
OPERATION(eye, vt_eye(INT(0), .columns = INT(1), .dtype = DTYPE), .draw = draw_line, .flags = EXACT, .weight = 4);

static bool draw_floats(drawing *d, statement *s)
{
    draw_line(d, s);
    s->element = chance(&d->dice, 85) ? FLOAT : DOUBLE;
    s->real[3] = 0.5 * between(&d->dice, 1, 4);
    return true;
}
OPERATION(linspace, vt_linspace(REAL(0), REAL(1), INT(0), .dtype = DTYPE), .draw = draw_floats, .weight = 4);
OPERATION(uniform, vt_uniform(SHAPE(0), .low = REAL(0), .high = REAL(1), .dtype = DTYPE), .draw = draw_floats,
          .weight = 4);
OPERATION(normal, vt_normal(SHAPE(0), .mean = REAL(0), .std = REAL(3), .dtype = DTYPE), .draw = draw_floats,
          .weight = 4);
OPERATION(truncated_normal, vt_truncated_normal(SHAPE(0), .mean = REAL(0), .std = REAL(3), .dtype = DTYPE),
          .draw = draw_floats, .weight = 4);

static bool draw_bernoulli(drawing *d, statement *s)
{
    static const element elements[] = { FLOAT, FLOAT, DOUBLE, I64, I32, U8, BOOLEAN };
    draw_created(d, s);
    s->element = elements[below(&d->dice, 7)];
    s->real[0] = 0.125 * between(&d->dice, 0, 8);
    return true;
}
OPERATION(bernoulli, vt_bernoulli(SHAPE(0), REAL(0), .dtype = DTYPE), .draw = draw_bernoulli, .flags = EXACT,
          .weight = 4);
