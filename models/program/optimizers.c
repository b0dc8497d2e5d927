/* optimizers.c - the optimisers that programs train with, a row each. */
#include "program/optimizers.h"
#include <stdio.h>
#include <string.h>

/* What all have. */
#define COMMON net->model, .lr = o->lr, .weight_decay = o->weight_decay

static vt_optimizer *make_sgd(const classifier *net, const options *o)
{
    return vt_sgd(COMMON, .momentum = o->momentum, .nesterov = o->momentum > 0);
}

static vt_optimizer *make_adam(const classifier *net, const options *o)
{
    return vt_adam(COMMON);
}

static vt_optimizer *make_adamw(const classifier *net, const options *o)
{
    return vt_adamw(COMMON);
}

static vt_optimizer *make_rmsprop(const classifier *net, const options *o)
{
    return vt_rmsprop(COMMON, .momentum = o->momentum);
}

static vt_optimizer *make_lion(const classifier *net, const options *o)
{
    return vt_lion(COMMON);
}

static vt_optimizer *make_lamb(const classifier *net, const options *o)
{
    return vt_lamb(COMMON);
}

/* The first layer and the last are AdamW's. */
static vt_optimizer *make_muon(const classifier *net, const options *o)
{
    char outer[256];
    snprintf(outer, sizeof outer, "{%s,%s}", net->family->input, net->family->heads);
    return vt_muon(COMMON, .momentum = o->momentum, .not_hidden = outer);
}

static vt_optimizer *make_schedule_free(const classifier *net, const options *o)
{
    return vt_schedule_free(COMMON);
}

static const optimizer_kind kinds[] = {
    { "sgd", 0.05, 0.01, 5e-4, 0.9, false, make_sgd },
    { "adam", 0.001, 0.0003, 0, VT_AUTO, false, make_adam },
    { "adamw", 0.001, 0.0003, 0.05, VT_AUTO, false, make_adamw },
    { "rmsprop", 0.001, 0.0003, 0, 0, false, make_rmsprop },
    { "lion", 0.0002, 0.00006, 0.25, VT_AUTO, false, make_lion },
    { "lamb", 0.005, 0.0015, 0.05, VT_AUTO, false, make_lamb },
    { "muon", 0.002, 0.0006, 0.05, 0.95, false, make_muon },
    { "schedule-free", 0.0025, 0.00075, 0.05, VT_AUTO, true, make_schedule_free },
};

const optimizer_kind *optimizer_kind_of(const char *name)
{
    const optimizer_kind *kind = kinds;
    while (strcmp(kind->name, name) != 0) kind++;
    return kind;
}

vt_optimizer *optimizer_make(const classifier *net, const options *o)
{
    vt_optimizer *optimizer = optimizer_kind_of(o->optimizer)->make(net, o);
    if (optimizer && o->ema > 0) vt_optimizer_keep_average(optimizer, o->ema);
    return optimizer;
}
