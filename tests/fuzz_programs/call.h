/* call.h - operations in the words that both call and print them.
 *
 *     OPERATION(clamp, vt_clamp(IN(0), REAL(0), REAL(1)), .in = { { FLOATS } }, .draw = draw_clamp);
 *
 * defines an operation that calls vt_clamp with its statement's arguments, and that is printed as "v[7] =
 * vt_clamp(v[3], -0.5, 0.25);". */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_CALL_H
#define VITRO_TESTS_FUZZ_PROGRAMS_CALL_H

#include "program.h"
#include "run.h"

#define IN(i)     (c->in[i])
#define LIST(i)   (c->in + (i)) /* of inputs, from number i on */
#define COUNT(i)  (c->s->inputs - (i))
#define OUT(i)    (&c->out[i])
#define REAL(i)   (c->s->real[i])
#define INT(i)    (c->s->integer[i])
#define FLAG(i)   (c->s->integer[i] != 0)
#define SHAPE(i)  (c->s->shape[i])
#define AXES      (c->s->axes)
#define TEXT      (c->s->text)
#define DTYPE     (dtype_of_element(c->s->element, c->r->mode->precision))
#define SCOPE     (c->r->scopes[c->s->integer[0]])
#define MODEL     (c->r->model)
#define OPTIMIZER (c->r->optimizer)

/* With a result. */
#define OPERATION(name_, expression, ...)                                                                              \
    static void call_##name_(const call *c)                                                                            \
    {                                                                                                                  \
        c->out[0] = expression;                                                                                        \
    }                                                                                                                  \
    extern const operation operation_##name_;                                                                          \
    const operation operation_##name_ = { .name = #name_, .text = #expression, .call = call_##name_, __VA_ARGS__ }

/* Without, or with results that it writes itself. */
#define ACTION(name_, expression, ...)                                                                                 \
    static void call_##name_(const call *c)                                                                            \
    {                                                                                                                  \
        (void)c;                                                                                                       \
        expression;                                                                                                    \
    }                                                                                                                  \
    extern const operation operation_##name_;                                                                          \
    const operation operation_##name_ = { .name = #name_, .text = #expression, .call = call_##name_, __VA_ARGS__ }

/* Drawn as a whole, of other operations. */
#define IDIOM(name_, whole_, ...)                                                                                      \
    extern const operation operation_##name_;                                                                          \
    const operation operation_##name_ = { .name = #name_, .whole = whole_, __VA_ARGS__ }

#endif
