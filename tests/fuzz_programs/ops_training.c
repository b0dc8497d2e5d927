/* ops_training.c - drawing gradients, parameters and updates. */
#include "call.h"
#include "draw.h"
#include <math.h>
#include <stdio.h>

extern const operation operation_sum, operation_mean, operation_mul, operation_square;

/* -- Gradients ----------------------------------------------------------------------------------------------------- */

/* One element that depends on all of x, in different ways. */
static int make_loss(drawing *d, int x)
{
    int kind = below(&d->dice, 3);
    if (kind == 0) x = apply(d, &operation_square, x, NO_VARIABLE);
    if (kind == 1 && x != NO_VARIABLE) {
        wish weight = { ONE(FLOAT) | ONE(DOUBLE), .same = true, .alike = true };
        x = apply(d, &operation_mul, x, draw_variable(d, weight, &d->variables[x]));
    }
    return apply(d, chance(&d->dice, 70) ? &operation_sum : &operation_mean, x, NO_VARIABLE);
}

ACTION(backward, vt_backward(IN(0)), .outputs = NO_OUTPUTS, .whole = NULL, .flags = EXACT);
OPERATION(gradient, vt_grad(IN(0)), .flags = EXACT);

static bool draw_some_gradients(drawing *d)
{
    bool any = false;
    for (int i = 0; i < d->program->variables; i++) {
        const variable *v = &d->variables[i];
        if (!v->live || !v->leaf || !vt_grad(d->running.variables[i]).id || !chance(&d->dice, 80)) continue;
        any |= apply(d, &operation_gradient, i, NO_VARIABLE) != NO_VARIABLE;
    }
    return any;
}

/* The loss is looked at first, and what is no longer needed for it given up. */
static void read_and_free(drawing *d, int loss)
{
    statement read = { .operation = &operation_read, .inputs = 1, .in = { loss } };
    perform(d, &read);
    statement s = draw_inputs(d, &operation_free);
    if (s.operation && s.in[0] != loss && operation_free.draw(d, &s)) perform(d, &s);
}

static bool draw_backward(drawing *d)
{
    int x = draw_variable(d, (wish){ FLOATS, .filled = true, .trainable = true }, NULL);
    if (x != NO_VARIABLE && (d->variables[x].leaf || d->variables[x].count != 1 || chance(&d->dice, 20)))
        x = make_loss(d, x);
    if (x == NO_VARIABLE) return false;
    if (chance(&d->dice, 25)) read_and_free(d, x);
    statement s = { .operation = &operation_backward, .inputs = 1, .in = { x } };
    return perform(d, &s) && draw_some_gradients(d);
}
IDIOM(training_step, draw_backward, .weight = 60);

ACTION(gradients, vt_gradients(IN(0), IN(1), LIST(2), COUNT(2), OUT(0)), .flags = EXACT);

/* With respect to anything that y may depend on. */
static bool draw_gradients(drawing *d)
{
    statement s = { .operation = &operation_gradients, .inputs = 2 };
    s.in[0] = draw_variable(d, (wish){ FLOATS, .trainable = true }, NULL);
    if (s.in[0] == NO_VARIABLE || d->variables[s.in[0]].leaf) return false;
    s.in[1] = draw_variable(d, (wish){ FLOATS, .same = true, .alike = true, .optional = true }, &d->variables[s.in[0]]);
    s.outputs = between(&d->dice, 1, 3);
    for (int i = 0; i < s.outputs; i++) {
        int x = draw_variable(d, (wish){ FLOATS, .same = true }, &d->variables[s.in[0]]);
        if (x == NO_VARIABLE || d->variables[x].shared) return false;
        s.in[s.inputs++] = x;
    }
    return perform(d, &s);
}
IDIOM(gradients_of, draw_gradients, .weight = 20);

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static void call_parameter(const call *c)
{
    c->out[0] = vt_parameter(vt_root(MODEL), TEXT, SHAPE(0), .value = REAL(0), .no_decay = FLAG(0));
}
const operation operation_parameter = {
    .name = "parameter",
    .text = "vt_parameter(vt_root(MODEL), TEXT, SHAPE(0), .value = REAL(0), .no_decay = FLAG(0))",
    .call = call_parameter,
    .flags = EXACT,
};

/* They have the context's precision, which no statement before has changed yet. */
void draw_parameters(drawing *d, int count)
{
    for (int i = 0; i < count; i++) {
        statement s = { .operation = &operation_parameter, .outputs = 1, .element = FLOAT, .real = { 0.5 } };
        s.shape[0] = draw_shape(d, 0, 5);
        snprintf(s.text, sizeof s.text, "weight%d", i);
        s.integer[0] = chance(&d->dice, 20);
        if (!perform(d, &s)) continue;
        int parameter = last_output(d);
        d->variables[parameter].parameter = true;
        d->variables[parameter].scope = -1;
        statement w = { .operation = &operation_write, .inputs = 1, .in = { parameter } };
        if (operation_write.draw(d, &w)) perform(d, &w);
    }
}

/* -- Updates ------------------------------------------------------------------------------------------------------- */

static bool has_parameters(const drawing *d)
{
    return vt_model_size(d->running.model) > 0;
}

static bool draw_optimizer(drawing *d, statement *s)
{
    s->real[0] = 0.125 * between(&d->dice, 1, 4);
    s->real[1] = 0.125 * between(&d->dice, 1, 7);
    s->real[2] = chance(&d->dice, 50) ? 0 : 0.0625;
    s->integer[0] = chance(&d->dice, 50);
    s->integer[1] = chance(&d->dice, 50);
    return has_parameters(d);
}
ACTION(sgd,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_sgd(MODEL, .lr = REAL(0), .weight_decay = REAL(2), .decay_all = FLAG(0))),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);
ACTION(sgd_momentum,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_sgd(MODEL, .lr = REAL(0), .momentum = REAL(1), .weight_decay = REAL(2), .nesterov = FLAG(1),
                           .decay_all = FLAG(0))),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);
ACTION(adam,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_adam(MODEL, .lr = REAL(0), .eps = 1e-3, .weight_decay = REAL(2), .decay_all = FLAG(0))),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);
ACTION(adamw,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_adamw(MODEL, .lr = REAL(0), .eps = 1e-3, .weight_decay = REAL(2), .decay_all = FLAG(0))),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);

ACTION(amsgrad,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_adam(MODEL, .lr = REAL(0), .eps = 1e-3, .weight_decay = REAL(2), .amsgrad = true)),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);
ACTION(rmsprop,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_rmsprop(MODEL, .lr = REAL(0), .alpha = 0.5, .eps = 0.125, .weight_decay = REAL(2))),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);
ACTION(rmsprop_momentum,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_rmsprop(MODEL, .lr = REAL(0), .alpha = 0.5, .eps = 0.125, .momentum = REAL(1))),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);
ACTION(rmsprop_centered,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_rmsprop(MODEL, .lr = REAL(0), .alpha = 0.5, .eps = 0.5, .centered = true)),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);
ACTION(rmsprop_centered_momentum,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_rmsprop(MODEL, .lr = REAL(0), .alpha = 0.5, .eps = 0.5, .momentum = REAL(1), .centered = true)),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);

ACTION(lion, (vt_optimizer_free(OPTIMIZER), OPTIMIZER = vt_lion(MODEL, .lr = REAL(0), .weight_decay = REAL(2))),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);
ACTION(lamb,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_lamb(MODEL, .lr = REAL(0), .eps = 1e-3, .weight_decay = REAL(2), .always_adapt = FLAG(1))),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);
ACTION(muon,
       (vt_optimizer_free(OPTIMIZER), OPTIMIZER = vt_muon(MODEL, .lr = REAL(0), .iterations = 1, .momentum = REAL(1),
                                                          .weight_decay = REAL(2), .plain_momentum = FLAG(1))),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);
ACTION(schedule_free,
       (vt_optimizer_free(OPTIMIZER),
        OPTIMIZER = vt_schedule_free(MODEL, .lr = REAL(0), .beta1 = REAL(1), .eps = 1e-3, .weight_decay = REAL(2))),
       .outputs = NO_OUTPUTS, .draw = draw_optimizer, .flags = EXACT);

static bool draw_norm(drawing *d, statement *s)
{
    s->real[0] = 0.25 * between(&d->dice, 1, 8);
    return d->running.optimizer != NULL;
}
OPERATION(clip, vt_clip_gradients(OPTIMIZER, REAL(0)), .draw = draw_norm, .flags = EXACT | CONSTANT);
OPERATION(global_norm, vt_clip_gradients(OPTIMIZER, INFINITY), .draw = draw_norm, .flags = EXACT | CONSTANT);

static bool draw_step(drawing *d, statement *s)
{
    (void)s;
    return d->running.optimizer != NULL;
}
ACTION(step, vt_optimizer_step(OPTIMIZER), .outputs = NO_OUTPUTS, .draw = draw_step, .flags = EXACT | OVERWRITES);

static bool draw_update(drawing *d)
{
    static const operation *const optimizers[] = {
        &operation_sgd,
        &operation_sgd_momentum,
        &operation_adam,
        &operation_adamw,
        &operation_amsgrad,
        &operation_rmsprop_momentum,
        &operation_rmsprop_centered,
        &operation_lamb,
        &operation_muon,
        &operation_schedule_free,
    };
    if (!has_parameters(d)) return false;
    if (!d->running.optimizer && !draw_operation(d, optimizers[below(&d->dice, 10)])) return false;
    draw_operation(d, &operation_training_step);
    if (chance(&d->dice, 30)) draw_operation(d, chance(&d->dice, 70) ? &operation_clip : &operation_global_norm);
    return draw_operation(d, &operation_step);
}
IDIOM(update, draw_update, .weight = 40);
