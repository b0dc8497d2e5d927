/* ops_elementwise.c - drawing ops on each element. */
#include "call.h"
#include "draw.h"
#include <math.h>

/* -- Two numbers --------------------------------------------------------------------------------------------------- */

#define PAIR(kinds)                                                                                                    \
    {                                                                                                                  \
        { kinds },                                                                                                     \
        {                                                                                                              \
            kinds, .same = true, .broadcasts = true                                                                    \
        }                                                                                                              \
    }

OPERATION(add, vt_add(IN(0), IN(1)), .in = PAIR(NUMBERS), .weight = 25);
OPERATION(sub, vt_sub(IN(0), IN(1)), .in = PAIR(NUMBERS), .weight = 15);
OPERATION(mul, vt_mul(IN(0), IN(1)), .in = PAIR(NUMBERS), .weight = 25);
OPERATION(minimum, vt_minimum(IN(0), IN(1)), .in = PAIR(NUMBERS), .flags = EXACT);
OPERATION(maximum, vt_maximum(IN(0), IN(1)), .in = PAIR(NUMBERS), .flags = EXACT);
OPERATION(div, vt_div(IN(0), IN(1)),
          .in = { { FLOATS }, { FLOATS, .same = true, .broadcasts = true, .away_from_zero = true } });
/* Of floats a rounding may be a jump. */
OPERATION(floor_divide, vt_floor_divide(IN(0), IN(1)), .in = PAIR(INTEGERS), .flags = EXACT);
OPERATION(trunc_divide, vt_trunc_divide(IN(0), IN(1)), .in = PAIR(INTEGERS), .flags = EXACT);
OPERATION(remainder, vt_remainder(IN(0), IN(1)), .in = PAIR(INTEGERS), .flags = EXACT);
OPERATION(fmod, vt_fmod(IN(0), IN(1)), .in = PAIR(INTEGERS), .flags = EXACT);
OPERATION(pow, vt_pow(IN(0), IN(1)),
          .in = { { FLOATS, .low = 0.1, .high = 8 },
                  { FLOATS, .same = true, .broadcasts = true, .low = -2.5, .high = 2.5 } });

OPERATION(equal, vt_equal(IN(0), IN(1)), .in = PAIR(ANYTHING), .flags = EXACT, .weight = 4);
OPERATION(not_equal, vt_not_equal(IN(0), IN(1)), .in = PAIR(ANYTHING), .flags = EXACT, .weight = 4);
OPERATION(less, vt_less(IN(0), IN(1)), .in = PAIR(ANYTHING), .flags = EXACT, .weight = 4);
OPERATION(less_equal, vt_less_equal(IN(0), IN(1)), .in = PAIR(ANYTHING), .flags = EXACT, .weight = 4);
OPERATION(greater, vt_greater(IN(0), IN(1)), .in = PAIR(ANYTHING), .flags = EXACT, .weight = 4);
OPERATION(greater_equal, vt_greater_equal(IN(0), IN(1)), .in = PAIR(ANYTHING), .flags = EXACT, .weight = 4);
OPERATION(is_nan, vt_is_nan(IN(0)), .in = { { ANYTHING } }, .flags = EXACT, .weight = 2);
OPERATION(logical_and, vt_logical_and(IN(0), IN(1)), .in = PAIR(ONE(BOOLEAN)), .flags = EXACT, .weight = 4);
OPERATION(logical_or, vt_logical_or(IN(0), IN(1)), .in = PAIR(ONE(BOOLEAN)), .flags = EXACT, .weight = 4);
OPERATION(logical_not, vt_logical_not(IN(0)), .in = { { ONE(BOOLEAN) } }, .flags = EXACT, .weight = 4);

OPERATION(bitwise_not, vt_bitwise_not(IN(0)), .in = { { INTEGERS | ONE(BOOLEAN) } }, .flags = EXACT, .weight = 4);

/* The three of them broadcast together, which is refused where only each of two does. */
OPERATION(where, vt_where(IN(2), IN(0), IN(1)),
          .in = { { ANYTHING }, { ANYTHING, .same = true, .broadcasts = true }, { ONE(BOOLEAN), .broadcasts = true } },
          .flags = EXACT);

/* -- One number ---------------------------------------------------------------------------------------------------- */

OPERATION(neg, vt_neg(IN(0)), .in = { { NUMBERS } }, .flags = EXACT);
OPERATION(abs, vt_abs(IN(0)), .in = { { NUMBERS } }, .flags = EXACT);
OPERATION(sign, vt_sign(IN(0)), .in = { { FLOATS } }, .flags = EXACT | STEPS, .weight = 4);
OPERATION(floor, vt_floor(IN(0)), .in = { { FLOATS } }, .flags = EXACT | STEPS, .weight = 4);
OPERATION(ceil, vt_ceil(IN(0)), .in = { { FLOATS } }, .flags = EXACT | STEPS, .weight = 4);
OPERATION(round, vt_round(IN(0)), .in = { { FLOATS } }, .flags = EXACT | STEPS, .weight = 4);
OPERATION(relu, vt_relu(IN(0)), .in = { { FLOATS } }, .flags = EXACT, .weight = 15);
OPERATION(reciprocal, vt_reciprocal(IN(0)), .in = { { FLOATS, .away_from_zero = true } });
OPERATION(square, vt_square(IN(0)), .in = { { FLOATS } });
OPERATION(sqrt, vt_sqrt(IN(0)), .in = { { FLOATS, .low = 0.05, .high = 1000 } });
OPERATION(rsqrt, vt_rsqrt(IN(0)), .in = { { FLOATS, .low = 0.05, .high = 1000 } });
OPERATION(exp, vt_exp(IN(0)), .in = { { FLOATS, .low = -20, .high = 5 } });
OPERATION(log, vt_log(IN(0)), .in = { { FLOATS, .low = 0.05, .high = 1000 } });
OPERATION(log1p, vt_log1p(IN(0)), .in = { { FLOATS, .low = -0.9, .high = 1000 } });
OPERATION(sin, vt_sin(IN(0)), .in = { { FLOATS, .low = -20, .high = 20 } });
OPERATION(cos, vt_cos(IN(0)), .in = { { FLOATS, .low = -20, .high = 20 } });
OPERATION(expm1, vt_expm1(IN(0)), .in = { { FLOATS, .low = -20, .high = 5 } });
OPERATION(tan, vt_tan(IN(0)), .in = { { FLOATS, .low = -1.4, .high = 1.4 } });
OPERATION(asin, vt_asin(IN(0)), .in = { { FLOATS, .low = -0.95, .high = 0.95 } });
OPERATION(acos, vt_acos(IN(0)), .in = { { FLOATS, .low = -0.95, .high = 0.95 } });
OPERATION(atanh, vt_atanh(IN(0)), .in = { { FLOATS, .low = -0.95, .high = 0.95 } });
OPERATION(acosh, vt_acosh(IN(0)), .in = { { FLOATS, .low = 1.1, .high = 1000 } });
OPERATION(sinh, vt_sinh(IN(0)), .in = { { FLOATS, .low = -5, .high = 5 } });
OPERATION(cosh, vt_cosh(IN(0)), .in = { { FLOATS, .low = -5, .high = 5 } });
/* Away from where the angle jumps. */
OPERATION(atan2, vt_atan2(IN(0), IN(1)),
          .in = { { FLOATS }, { FLOATS, .same = true, .broadcasts = true, .low = 0.1, .high = 1000 } });
OPERATION(relu6, vt_relu6(IN(0)), .in = { { FLOATS } }, .flags = EXACT);
OPERATION(scale, vt_scale(IN(0), -0.75), .in = { { FLOATS } });
OPERATION(shift, vt_shift(IN(0), 0.25), .in = { { FLOATS } });
OPERATION(selu, vt_selu(IN(0)), .in = { { FLOATS } });
OPERATION(logsigmoid, vt_logsigmoid(IN(0)), .in = { { FLOATS } });
OPERATION(erf, vt_erf(IN(0)), .in = { { FLOATS } });
OPERATION(sigmoid, vt_sigmoid(IN(0)), .in = { { FLOATS } });
OPERATION(tanh, vt_tanh(IN(0)), .in = { { FLOATS } });
OPERATION(silu, vt_silu(IN(0)), .in = { { FLOATS } });
OPERATION(softplus, vt_softplus(IN(0)), .in = { { FLOATS } });

static bool draw_flag(drawing *d, statement *s)
{
    s->integer[0] = chance(&d->dice, 50);
    return true;
}
OPERATION(gelu, vt_gelu(IN(0), .tanh = FLAG(0)), .in = { { FLOATS } }, .draw = draw_flag, .weight = 15);

static bool draw_slope(drawing *d, statement *s)
{
    s->real[0] = rint(uniform(&d->dice, -0.5, 1) * 64) / 64;
    return true;
}
OPERATION(leaky_relu, vt_leaky_relu(IN(0), REAL(0)), .in = { { FLOATS } }, .draw = draw_slope);

static bool draw_alpha(drawing *d, statement *s)
{
    s->real[0] = rint(uniform(&d->dice, 0.25, 2) * 64) / 64;
    return true;
}
OPERATION(elu, vt_elu(IN(0), REAL(0)), .in = { { FLOATS } }, .draw = draw_alpha);
OPERATION(celu, vt_celu(IN(0), REAL(0)), .in = { { FLOATS } }, .draw = draw_alpha);

static bool draw_prelu(drawing *d, statement *s)
{
    const variable *x = input(d, s, 0);
    vt_shape weight = VT_SHAPE(x->shape.rank > 1 && chance(&d->dice, 70) ? x->shape.dim[1] : 1);
    s->in[1] = draw_variable(d, (wish){ FLOATS, .same = true, .exactly = &weight }, x);
    s->inputs = 2;
    return s->in[1] != NO_VARIABLE;
}
OPERATION(prelu, vt_prelu(IN(0), IN(1)), .in = { { FLOATS } }, .draw = draw_prelu);

static bool draw_two_reals(drawing *d, statement *s)
{
    for (int i = 0; i < 2; i++) s->real[i] = rint(uniform(&d->dice, -2, 2) * 64) / 64;
    return true;
}
OPERATION(affine, vt_affine(IN(0), REAL(0), REAL(1)), .in = { { FLOATS } }, .draw = draw_two_reals);

static bool draw_bounds(drawing *d, statement *s)
{
    s->real[0] = chance(&d->dice, 15) ? -INFINITY : rint(uniform(&d->dice, -1.5, 0.5) * 64) / 64;
    s->real[1] = chance(&d->dice, 15) ? INFINITY : rint(uniform(&d->dice, 0.5, 2) * 64) / 64;
    return true;
}
OPERATION(clamp, vt_clamp(IN(0), REAL(0), REAL(1)), .in = { { NUMBERS } }, .draw = draw_bounds, .flags = EXACT);

static bool draw_exponent(drawing *d, statement *s)
{
    static const double exponents[] = { 0, 1, 2, 3, 0.5, -1, -0.5, 1.75, -2 };
    s->real[0] = exponents[below(&d->dice, 9)];
    return true;
}
OPERATION(pow_scalar, vt_pow_scalar(IN(0), REAL(0)), .in = { { FLOATS, .low = 0.1, .high = 20 } },
          .draw = draw_exponent);

static bool draw_dtype(drawing *d, statement *s)
{
    static const element elements[] = { FLOAT, FLOAT, FLOAT, DOUBLE, I64, I32, U8, BOOLEAN };
    s->element = elements[below(&d->dice, 8)];
    const variable *x = input(d, s, 0);
    bool integer = ONE(s->element) & INTEGERS;
    /* In one mode the cast is the leaf itself, in another it is not. */
    if (x->leaf && ONE(x->element) & FLOATS && ONE(s->element) & FLOATS) return false;
    return !integer || !(ONE(x->element) & FLOATS) || (x->low > (s->element == U8 ? 0 : -1000) && x->high < 250);
}
OPERATION(cast, vt_cast(IN(0), DTYPE), .in = { { ANYTHING } }, .draw = draw_dtype);

static bool draw_probability(drawing *d, statement *s)
{
    s->real[0] = below(&d->dice, 7) / 8.0;
    return true;
}
OPERATION(dropout, vt_dropout(IN(0), REAL(0)), .in = { { FLOATS } }, .draw = draw_probability);
OPERATION(drop_path, vt_drop_path(IN(0), REAL(0)), .in = { { FLOATS, .min_rank = 1 } }, .draw = draw_probability);

/* -- What the planner makes one op of ------------------------------------------------------------------------------ */

static bool draw_add_relu(drawing *d)
{
    return draw_operation(d, &operation_add) && apply(d, &operation_relu, last_output(d), NO_VARIABLE) != NO_VARIABLE;
}
IDIOM(add_relu, draw_add_relu);

static bool draw_chain(drawing *d)
{
    static const operation *const links[] = {
        &operation_neg,  &operation_abs,    &operation_relu, &operation_sigmoid, &operation_tanh, &operation_square,
        &operation_silu, &operation_affine, &operation_mul,  &operation_add,     &operation_gelu, &operation_softplus
    };
    int x = draw_variable(d, (wish){ FLOATS }, NULL), length = between(&d->dice, 2, 6);
    for (int i = 0; i < length && x != NO_VARIABLE; i++) {
        const operation *o = links[below(&d->dice, 12)];
        int y = NO_VARIABLE;
        if (o->in[1].elements) y = draw_variable(d, o->in[1], &d->variables[x]);
        statement s = { .operation = o, .outputs = 1, .inputs = y == NO_VARIABLE ? 1 : 2, .in = { x, y } };
        if (o->draw) o->draw(d, &s);
        x = perform(d, &s) ? last_output(d) : NO_VARIABLE;
    }
    return x != NO_VARIABLE;
}
IDIOM(chain, draw_chain, .weight = 20);

static bool draw_add_relu_gradient(drawing *d)
{
    return draw_add_relu(d) && draw_operation(d, &operation_training_step);
}
IDIOM(add_relu_gradient, draw_add_relu_gradient, .weight = 5);
