/* effect.c - samples of ops that overwrite tensors. */
#include "cases/case.h"
#include "ops/effect.h"
#include "ops/update.h"
#include <string.h>

static vt_tensor assign(const vt_tensor *in)
{
    vt_assign(in[0], in[1]);
    return VT_INERT;
}

static vt_tensor assign_itself(const vt_tensor *in)
{
    vt_assign(in[0], in[0]);
    return VT_INERT;
}

static vt_tensor assign_own_transpose(const vt_tensor *in)
{
    vt_assign(in[0], vt_permute(in[0], VT_AXES(1, 0)));
    return VT_INERT;
}

static vt_tensor assign_in_turn(const vt_tensor *in)
{
    vt_tensor before = vt_reshape(in[0], VT_SHAPE(-1));
    vt_assign(in[0], in[1]);
    vt_assign(in[1], in[2]);
    return before;
}

static vt_tensor assign_to_a_result(const vt_tensor *in)
{
    vt_assign(vt_reshape(in[0], VT_SHAPE(-1)), in[1]);
    return VT_INERT;
}

static vt_tensor assign_to_nothing(const vt_tensor *in)
{
    vt_assign(VT_INERT, in[0]);
    return VT_INERT;
}

CASE(assign) = {
    { "matrix", assign, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { "scalar", assign, { FLOAT_SCALAR(-1, 1), FLOAT_SCALAR(-1, 1) } },
    { "empty", assign, { FLOATS(-1, 1, 0, 5), FLOATS(-1, 1, 0, 5) } },
    { "integers", assign, { INTEGERS(-9, 9, 2, 3), INTEGERS(-9, 9, 2, 3) } },
    { "bools", assign, { BOOLS(7), BOOLS(7) } },
    { "itself", assign_itself, { FLOATS(-1, 1, 3, 5) } },
    { "its own transpose", assign_own_transpose, { FLOATS(-1, 1, 5, 5) } },
    { "in order, and after a view was taken",
      assign_in_turn,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) },
      .in_turn = true },
    { "another shape",
      assign,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 5) },
      .refused = "assign: the target is [3, 5], the value [5]" },
    { "another dtype",
      assign,
      { FLOATS(-1, 1, 3), INTEGERS(0, 3, 3) },
      .refused = "assign: the target is f32, the value i64" },
    { "the result of an op",
      assign_to_a_result,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 15) },
      .refused = "assign: input 0 is the result of an op" },
    { "nothing", assign_to_nothing, { FLOATS(-1, 1, 3) }, .refused = "assign: input 0 is the inert tensor" },
    { 0 },
};

/* How many inputs the sample has. */
static int count_of(const vt_tensor *in)
{
    int count = 0;
    while (count < MAX_SAMPLE_INPUTS && in[count].id) count++;
    return count;
}

/* Puts numbers before the sample's inputs; returns how many there are then. */
static int behind(const double *numbers, int count, const vt_tensor *in, vt_tensor *out)
{
    int inputs = count_of(in);
    for (int i = 0; i < count; i++) out[i] = vt_from_data(&numbers[i], VT_SCALAR, VT_F64);
    memcpy(out + count, in, (size_t)inputs * sizeof *in);
    return count + inputs;
}

/* An update of as many parameters as the sample has inputs for, with a learning rate of 0.25, and a share of 0.25. */
static vt_tensor updated(const update_rule *rule, const vt_tensor *in, int number, const void *attributes)
{
    vt_tensor all[MOST_UPDATE_SCALARS + MAX_SAMPLE_INPUTS];
    any_update_attributes a;
    memcpy(&a, attributes, rule->attributes_size);
    a.all.lr_ratio = 2;
    int count = behind((double[]){ 0.125, number, 0.25 }, rule->scalars, in, all);
    record_update(VT_HERE, rule, all, count, &a);
    return VT_INERT;
}

static vt_tensor sgd_with(const vt_tensor *in, sgd_attributes a)
{
    return updated(a.momentum > 0 ? &rule_sgd_momentum : &rule_sgd, in, 0, &a);
}

static vt_tensor sgd(const vt_tensor *in)
{
    return sgd_with(in, (sgd_attributes){ 0 });
}

static vt_tensor sgd_decay(const vt_tensor *in)
{
    return sgd_with(in, (sgd_attributes){ .weight_decay = 0.125 });
}

static vt_tensor sgd_twice(const vt_tensor *in)
{
    vt_tensor before = vt_reshape(in[0], VT_SHAPE(-1));
    sgd_decay(in);
    sgd_decay(in);
    return before;
}

static vt_tensor sgd_by_own_transpose(const vt_tensor *in)
{
    return sgd_decay((vt_tensor[MAX_SAMPLE_INPUTS]){ in[0], vt_permute(in[0], VT_AXES(1, 0)) });
}

static vt_tensor sgd_of_a_result(const vt_tensor *in)
{
    return sgd((vt_tensor[MAX_SAMPLE_INPUTS]){ vt_reshape(in[0], VT_SHAPE(-1)), in[1] });
}

/* The first input in the place of the learning rate. */
static vt_tensor sgd_with_its_own_rate(const vt_tensor *in)
{
    record_update(VT_HERE, &rule_sgd, in, count_of(in), &(sgd_attributes){ 0 });
    return VT_INERT;
}

static vt_tensor momentum(const vt_tensor *in)
{
    return sgd_with(in, (sgd_attributes){ .momentum = 0.9 });
}

static vt_tensor momentum_decay(const vt_tensor *in)
{
    return sgd_with(in, (sgd_attributes){ .momentum = 0.9, .weight_decay = 0.125 });
}

static vt_tensor nesterov(const vt_tensor *in)
{
    return sgd_with(in, (sgd_attributes){ .momentum = 0.9, .weight_decay = 0.125, .nesterov = true });
}

static const adam_attributes adam_defaults = { .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8 };

static vt_tensor adam_with(const vt_tensor *in, adam_attributes a, int number)
{
    return updated(&rule_adam, in, number, &a);
}

static vt_tensor amsgrad(const vt_tensor *in)
{
    adam_attributes a = { .beta1 = 0.5, .beta2 = 0.75, .eps = 0.5, .weight_decay = 0.125 };
    return updated(&rule_amsgrad, in, 3, &a);
}

static vt_tensor amsgrad_decoupled(const vt_tensor *in)
{
    adam_attributes a = { .beta1 = 0.5, .beta2 = 0.75, .eps = 0.5, .weight_decay = 0.125, .decoupled = true };
    return updated(&rule_amsgrad, in, 3, &a);
}

static vt_tensor rmsprop_with(const update_rule *rule, const vt_tensor *in, rmsprop_attributes a)
{
    a.alpha = 0.75;
    a.eps = 0.5;
    a.weight_decay = 0.125;
    return updated(rule, in, 0, &a);
}

static vt_tensor rmsprop(const vt_tensor *in)
{
    return rmsprop_with(&rule_rmsprop, in, (rmsprop_attributes){ 0 });
}

static vt_tensor rmsprop_momentum(const vt_tensor *in)
{
    return rmsprop_with(&rule_rmsprop_momentum, in, (rmsprop_attributes){ .momentum = 0.9 });
}

static vt_tensor rmsprop_centered(const vt_tensor *in)
{
    return rmsprop_with(&rule_rmsprop_centered, in, (rmsprop_attributes){ .centered = true });
}

static vt_tensor rmsprop_centered_momentum(const vt_tensor *in)
{
    return rmsprop_with(&rule_rmsprop_centered_momentum, in, (rmsprop_attributes){ .momentum = 0.9, .centered = true });
}

static vt_tensor lion(const vt_tensor *in)
{
    return updated(&rule_lion, in, 0, &(lion_attributes){ .beta1 = 0.75, .beta2 = 0.5, .weight_decay = 0.125 });
}

static vt_tensor lion_without_decay(const vt_tensor *in)
{
    return updated(&rule_lion, in, 0, &(lion_attributes){ .beta1 = 0.75, .beta2 = 0.5 });
}

static vt_tensor lamb_with(const vt_tensor *in, double weight_decay, bool always_adapt)
{
    lamb_attributes a = { .beta1 = 0.5, .beta2 = 0.75, .eps = 0.5, .weight_decay = weight_decay };
    a.always_adapt = always_adapt;
    return updated(&rule_lamb, in, 3, &a);
}

static vt_tensor lamb(const vt_tensor *in)
{
    return lamb_with(in, 0.125, false);
}

static vt_tensor lamb_that_does_not_adapt(const vt_tensor *in)
{
    return lamb_with(in, 0, false);
}

static vt_tensor lamb_that_always_adapts(const vt_tensor *in)
{
    return lamb_with(in, 0, true);
}

/* Two iterations: each makes what rounding does to small singular values up to twelve times as large. */
static vt_tensor muon_with(const vt_tensor *in, bool nesterov, bool match_adamw)
{
    muon_attributes a = { .momentum = 0.75, .eps = 1e-7, .weight_decay = 0.125, .iterations = 2 };
    a.nesterov = nesterov;
    a.match_adamw = match_adamw;
    return updated(&rule_muon, in, 0, &a);
}

static vt_tensor muon(const vt_tensor *in)
{
    return muon_with(in, true, true);
}

static vt_tensor muon_plain(const vt_tensor *in)
{
    return muon_with(in, false, false);
}

static vt_tensor schedule_free(const vt_tensor *in)
{
    schedule_free_attributes a = { .beta1 = 0.75, .beta2 = 0.5, .eps = 0.5, .weight_decay = 0.125 };
    return updated(&rule_schedule_free, in, 3, &a);
}

static vt_tensor adam(const vt_tensor *in)
{
    return adam_with(in, adam_defaults, 1);
}

static vt_tensor adam_decay(const vt_tensor *in)
{
    adam_attributes a = adam_defaults;
    a.weight_decay = 0.125;
    a.eps = 0.5; /* large, so that its place in the formula shows */
    return adam_with(in, a, 10);
}

static vt_tensor adamw(const vt_tensor *in)
{
    adam_attributes a = { .beta1 = 0.5, .beta2 = 0.75, .eps = 0.5, .weight_decay = 0.125, .decoupled = true };
    return adam_with(in, a, 3);
}

static vt_tensor adam_late(const vt_tensor *in)
{
    return adam_with(in, adam_defaults, 100000);
}

static vt_tensor adam_twice(const vt_tensor *in)
{
    adam_with(in, adam_defaults, 1);
    return adam_with(in, adam_defaults, 2);
}

static vt_tensor global_norm(const vt_tensor *in)
{
    return record_global_norm(VT_HERE, in, count_of(in));
}

static vt_tensor clip(const vt_tensor *in, double max_norm, int returned)
{
    vt_tensor out[MAX_SAMPLE_INPUTS];
    record_clip(VT_HERE, in[0], in + 1, count_of(in) - 1, max_norm, out);
    return out[returned];
}

static vt_tensor clip_first(const vt_tensor *in)
{
    return clip(in, 0.5, 0);
}

static vt_tensor clip_third(const vt_tensor *in)
{
    return clip(in, 0.5, 2);
}

static vt_tensor clip_almost(const vt_tensor *in)
{
    return clip(in, 3.5, 0);
}

static vt_tensor clip_nothing(const vt_tensor *in)
{
    return clip(in, 1e6, 1);
}

static vt_tensor clip_to_zero(const vt_tensor *in)
{
    return clip(in, 0, 0);
}

CASE(sgd) = {
    { "one parameter", sgd, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { "weight decay", sgd_decay, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { "three parameters, one empty, one a scalar",
      sgd_decay,
      { FLOATS(-1, 1, 17), FLOATS(-1, 1, 17), FLOATS(-1, 1, 0, 2), FLOATS(-1, 1, 0, 2), FLOAT_SCALAR(-1, 1),
        FLOAT_SCALAR(-1, 1) } },
    { "enough for several threads", sgd_decay, { FLOATS(-1, 1, 211, 197), FLOATS(-1, 1, 211, 197) } },
    { "two parameters of one shape",
      sgd_decay,
      { FLOATS(-1, 1, 17), FLOATS(-1, 1, 17), FLOATS(-1, 1, 17), FLOATS(-1, 1, 17) } },
    { "a gradient that is the parameter's transpose", sgd_by_own_transpose, { FLOATS(-1, 1, 5, 5) } },
    { "twice, after a view was taken", sgd_twice, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) }, .in_turn = true },
    { "no parameter", sgd, { { 0 } } },
    { "a gradient of another shape",
      sgd,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 5) },
      .refused = "sgd: input 4 is f32 [5], its parameter f32 [3, 5]" },
    { "a gradient of another dtype",
      sgd,
      { FLOATS(-1, 1, 3), INTEGERS(0, 3, 3) },
      .refused = "sgd: input 2 is i64 [3], its parameter f32 [3]" },
    { "integers", sgd, { INTEGERS(0, 3, 3), INTEGERS(0, 3, 3) }, .refused = "sgd: a parameter is i64" },
    { "a parameter without gradient",
      sgd,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3) },
      .refused = "sgd: 3 inputs behind the numbers, 2 belong to a parameter" },
    { "the result of an op",
      sgd_of_a_result,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3) },
      .refused = "sgd: input 1 is the result of an op" },
    { "a learning rate of another dtype",
      sgd_with_its_own_rate,
      { FLOATS(-1, 1, 1), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3) },
      .refused = "sgd: input 0 is f32 [1]; it must be one number in f64" },
    { "nothing", sgd_with_its_own_rate, { { 0 } }, .refused = "sgd: 0 inputs; what comes before the parameters are 1" },
    { 0 },
};

CASE(sgd_momentum) = {
    { "one parameter", momentum, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { "weight decay", momentum_decay, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { "nesterov", nesterov, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { "two parameters, enough for several threads",
      nesterov,
      { FLOATS(-1, 1, 5), FLOATS(-1, 1, 5), FLOATS(-1, 1, 5), FLOATS(-1, 1, 211, 197), FLOATS(-1, 1, 211, 197),
        FLOATS(-1, 1, 211, 197) } },
    { "another shape",
      momentum,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 1) },
      .refused = "sgd_momentum: input 3 is f32 [1], its parameter f32 [3]" },
    { 0 },
};

CASE(adam) = {
    { "the first update", adam, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(0, 0, 3, 5), FLOATS(0, 0, 3, 5) } },
    { "weight decay as part of the gradient",
      adam_decay,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(0, 1, 3, 5) } },
    { "a late one", adam_late, { FLOATS(-1, 1, 33), FLOATS(-1, 1, 33), FLOATS(-1, 1, 33), FLOATS(0, 1, 33) } },
    { "decoupled weight decay",
      adamw,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(0, 1, 3, 5) } },
    { "two parameters, enough for several threads",
      adamw,
      { FLOATS(-1, 1, 7), FLOATS(-1, 1, 7), FLOATS(-1, 1, 7), FLOATS(0, 1, 7), FLOATS(-1, 1, 211, 197),
        FLOATS(-1, 1, 211, 197), FLOATS(-1, 1, 211, 197), FLOATS(0, 1, 211, 197) } },
    { "two parameters of one shape",
      adam_decay,
      { FLOATS(-1, 1, 5), FLOATS(-1, 1, 5), FLOATS(-1, 1, 5), FLOATS(0, 1, 5), FLOATS(-1, 1, 5), FLOATS(-1, 1, 5),
        FLOATS(-1, 1, 5), FLOATS(0, 1, 5) } },
    { "twice",
      adam_twice,
      { FLOATS(-1, 1, 33), FLOATS(-1, 1, 33), FLOATS(0, 0, 33), FLOATS(0, 0, 33) },
      .in_turn = true },
    { "empty", adam, { FLOATS(-1, 1, 0), FLOATS(-1, 1, 0), FLOATS(0, 0, 0), FLOATS(0, 0, 0) } },
    { "another shape",
      adam,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(0, 1, 1) },
      .refused = "adam: input 5 is f32 [1], its parameter f32 [3]" },
    { 0 },
};

CASE(amsgrad) = {
    { "the gradient before is larger, or smaller",
      amsgrad,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(0, 1, 3, 5), FLOATS(0, 1, 3, 5) } },
    { "decoupled weight decay, enough for several threads",
      amsgrad_decoupled,
      { FLOATS(-1, 1, 211, 197), FLOATS(-1, 1, 211, 197), FLOATS(-1, 1, 211, 197), FLOATS(0, 1, 211, 197),
        FLOATS(0, 1, 211, 197) } },
    { "empty", amsgrad, { FLOATS(-1, 1, 0), FLOATS(-1, 1, 0), FLOATS(0, 0, 0), FLOATS(0, 0, 0), FLOATS(0, 0, 0) } },
    { "without the largest",
      amsgrad,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(0, 1, 3) },
      .refused = "amsgrad: 4 inputs behind the numbers, 5 belong to a parameter" },
    { 0 },
};

/* The averages of squares are larger than the squares of averages. */
CASE(rmsprop) = {
    { "one parameter", rmsprop, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(0, 1, 3, 5) } },
    { "two parameters, enough for several threads",
      rmsprop,
      { FLOATS(-1, 1, 7), FLOATS(-1, 1, 7), FLOATS(0, 1, 7), FLOATS(-1, 1, 211, 197), FLOATS(-1, 1, 211, 197),
        FLOATS(0, 1, 211, 197) } },
    { "empty", rmsprop, { FLOATS(-1, 1, 0), FLOATS(-1, 1, 0), FLOATS(0, 1, 0) } },
    { "another shape",
      rmsprop,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(0, 1, 1) },
      .refused = "rmsprop: input 3 is f32 [1], its parameter f32 [3]" },
    { 0 },
};

CASE(rmsprop_momentum) = {
    { "one parameter",
      rmsprop_momentum,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(0, 1, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { 0 },
};

CASE(rmsprop_centered) = {
    { "one parameter",
      rmsprop_centered,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(1, 2, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { "a variance of 0",
      rmsprop_centered,
      { FLOATS(0, 0, 3, 5), FLOATS(1, 1, 3, 5), FLOATS(0.5, 0.5, 3, 5), FLOATS(2, 2, 3, 5) } },
    { 0 },
};

CASE(rmsprop_centered_momentum) = {
    { "two parameters",
      rmsprop_centered_momentum,
      { FLOATS(-1, 1, 33), FLOATS(-1, 1, 33), FLOATS(1, 2, 33), FLOATS(-1, 1, 33), FLOATS(-1, 1, 33) } },
    { 0 },
};

/* No element of beta1 m + (1 - beta1) g is so near to 0 that rounding decides its sign, but for those that are 0. */
CASE(lion) = {
    { "one parameter", lion, { FLOATS(-1, 1, 3, 5), FLOATS(0.5, 1, 3, 5), FLOATS(0.5, 1, 3, 5) } },
    { "without weight decay", lion_without_decay, { FLOATS(-1, 1, 3, 5), FLOATS(-1, -0.5, 3, 5), FLOATS(0, 0, 3, 5) } },
    { "no direction", lion, { FLOATS(-1, 1, 3, 5), FLOATS(0, 0, 3, 5), FLOATS(0, 0, 3, 5) } },
    { "two parameters, one empty",
      lion,
      { FLOATS(-1, 1, 0), FLOATS(-1, 1, 0), FLOATS(-1, 1, 0), FLOATS(-1, 1, 211), FLOATS(0.5, 1, 211),
        FLOATS(0.5, 1, 211) } },
    { "another shape",
      lion,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(0, 1, 1) },
      .refused = "lion: input 3 is f32 [1], its parameter f32 [3]" },
    { 0 },
};

CASE(lamb) = {
    { "one parameter",
      lamb,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(0, 1, 3, 5) },
      .terms = 15 },
    { "without weight decay",
      lamb_that_does_not_adapt,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(0, 1, 3, 5) } },
    { "without weight decay, scaled all the same",
      lamb_that_always_adapts,
      { FLOATS(-1, 1, 33), FLOATS(-1, 1, 33), FLOATS(-1, 1, 33), FLOATS(0, 1, 33) },
      .terms = 33 },
    { "a parameter of zeros", lamb, { FLOATS(0, 0, 7), FLOATS(-1, 1, 7), FLOATS(-1, 1, 7), FLOATS(0, 1, 7) } },
    { "a step of zeros",
      lamb_that_always_adapts,
      { FLOATS(-1, 1, 7), FLOATS(0, 0, 7), FLOATS(0, 0, 7), FLOATS(0, 0, 7) } },
    { "two parameters, one empty",
      lamb,
      { FLOATS(-1, 1, 0), FLOATS(-1, 1, 0), FLOATS(-1, 1, 0), FLOATS(0, 1, 0), FLOATS(-1, 1, 211), FLOATS(-1, 1, 211),
        FLOATS(-1, 1, 211), FLOATS(0, 1, 211) },
      .terms = 211 },
    { "another shape",
      lamb,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(0, 1, 1) },
      .refused = "lamb: input 5 is f32 [1], its parameter f32 [3]" },
    { 0 },
};

CASE(muon) = {
    { "wide", muon, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) }, .terms = 256 },
    { "tall", muon, { FLOATS(-1, 1, 5, 2), FLOATS(-1, 1, 5, 2), FLOATS(-1, 1, 5, 2) }, .terms = 256 },
    { "tall, plain momentum, scaled as the original",
      muon_plain,
      { FLOATS(-1, 1, 5, 2), FLOATS(-1, 1, 5, 2), FLOATS(-1, 1, 5, 2) },
      .terms = 256 },
    { "a convolution's",
      muon,
      { FLOATS(-1, 1, 4, 2, 3, 3), FLOATS(-1, 1, 4, 2, 3, 3), FLOATS(-1, 1, 4, 2, 3, 3) },
      .terms = 256 },
    { "a gradient of zeros", muon, { FLOATS(-1, 1, 3, 5), FLOATS(0, 0, 3, 5), FLOATS(0, 0, 3, 5) } },
    { "two parameters, one empty",
      muon,
      { FLOATS(-1, 1, 0, 3), FLOATS(-1, 1, 0, 3), FLOATS(-1, 1, 0, 3), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5),
        FLOATS(-1, 1, 3, 5) },
      .terms = 256 },
    { "a vector",
      muon,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3) },
      .refused = "muon: a parameter is [3]; it must have two axes or more" },
    { 0 },
};

CASE(schedule_free) = {
    { "one parameter",
      schedule_free,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(0, 1, 3, 5) } },
    { "two parameters, one empty",
      schedule_free,
      { FLOATS(-1, 1, 0), FLOATS(-1, 1, 0), FLOATS(-1, 1, 0), FLOATS(0, 1, 0), FLOATS(-1, 1, 211), FLOATS(-1, 1, 211),
        FLOATS(-1, 1, 211), FLOATS(0, 1, 211) } },
    { "another shape",
      schedule_free,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3), FLOATS(0, 1, 1) },
      .refused = "schedule_free: input 6 is f32 [1], its parameter f32 [3]" },
    { 0 },
};

CASE(global_norm) = {
    { "one tensor", global_norm, { FLOATS(-1, 1, 3, 5) }, .terms = 15 },
    { "several, one empty, one a scalar",
      global_norm,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 0), FLOAT_SCALAR(-1, 1) },
      .terms = 16 },
    { "squares beyond f32", global_norm, { FLOATS(1e30, 1e31, 7) }, .terms = 7 },
    { "enough for several threads", global_norm, { FLOATS(-1, 1, 7), FLOATS(-1, 1, 211, 197) }, .terms = 41574 },
    { "nothing", global_norm, { { 0 } }, .refused = "global_norm: there is nothing to measure" },
    { "integers", global_norm, { INTEGERS(0, 3, 3) }, .refused = "global_norm: input 0 is i64" },
    { 0 },
};

CASE(clip) = {
    { "a scalar", clip_first, { FLOAT_SCALAR(2, 3), FLOAT_SCALAR(-1, 1) } },
    { "the third", clip_third, { FLOAT_SCALAR(2, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 0), FLOATS(-1, 1, 3, 5) } },
    { "a norm just below", clip_almost, { FLOAT_SCALAR(2, 3), FLOATS(-1, 1, 3) } },
    { "a small norm", clip_nothing, { FLOAT_SCALAR(2, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3, 5) } },
    { "enough for several threads", clip_first, { FLOAT_SCALAR(2, 3), FLOATS(-1, 1, 211, 197), FLOATS(-1, 1, 3) } },
    { "to nothing", clip_to_zero, { FLOAT_SCALAR(2, 3), FLOATS(-1, 1, 3) }, .refused = "clip: max_norm is 0" },
    { "integers", clip_first, { FLOAT_SCALAR(2, 3), INTEGERS(0, 3, 3) }, .refused = "clip: input 1 is i64" },
    { 0 },
};
