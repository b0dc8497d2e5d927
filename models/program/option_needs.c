/* option_needs.c - options that change nothing unless others are as they need them, a row each. */
#include "program/option_needs.h"
#include <string.h>

/* -- What is needed ------------------------------------------------------------------------------------------------ */

static bool teaches(const options *o)
{
    return o->teacher != NULL;
}

static bool teaches_softly(const options *o)
{
    return teaches(o) && strcmp(o->distill, "soft") == 0;
}

static bool varies_pictures(const options *o)
{
    return o->overfit_batches == 0;
}

static bool mixes(const options *o)
{
    return varies_pictures(o) && (o->mixup > 0 || o->cutmix > 0);
}

static bool mixes_both_ways(const options *o)
{
    return varies_pictures(o) && o->mixup > 0 && o->cutmix > 0;
}

static bool has_steps(const options *o)
{
    return strcmp(o->schedule, "step") == 0;
}

static bool has_steps_of_epochs(const options *o)
{
    return has_steps(o) && o->time == 0;
}

static bool falls_to_an_end(const options *o)
{
    return strcmp(o->schedule, "cosine") == 0 || strcmp(o->schedule, "linear") == 0 || o->cooldown > 0;
}

static bool is_range_test(const options *o)
{
    return o->lr_range != NULL;
}

static bool trains(const options *o)
{
    return !is_range_test(o);
}

/* -- By what ------------------------------------------------------------------------------------------------------- */

static const struct need {
    const char *option;
    bool (*is_met)(const options *o);
    const char *where; /* it changes nothing */
} needs[] = {
    { "distill", teaches, "without --teacher" },
    { "distill-weight", teaches, "without --teacher" },
    { "temperature", teaches_softly, "without --teacher and --distill soft" },
    { "mix-epochs", mixes, "without --mixup or --cutmix" },
    { "mix-probability", mixes, "without --mixup or --cutmix" },
    { "cutmix-odds", mixes_both_ways, "without both --mixup and --cutmix" },
    { "lr-step", has_steps_of_epochs, "without --schedule step, or with --time" },
    { "lr-factor", has_steps, "without --schedule step" },
    { "lr-final", falls_to_an_end, "without --schedule cosine, --schedule linear or --cooldown" },
    { "lr-range-steps", is_range_test, "without --lr-range" },
    { "keep", trains, "with --lr-range" },
    { "patience", trains, "with --lr-range" },
    { "test-flip", trains, "with --lr-range" },
    { "augment", varies_pictures, "with --overfit-batches" },
    { "repeats", varies_pictures, "with --overfit-batches" },
    { "mixup", varies_pictures, "with --overfit-batches" },
    { "cutmix", varies_pictures, "with --overfit-batches" },
};

enum { NEEDS = sizeof needs / sizeof *needs };

bool option_is_idle(const options *o, const char *name)
{
    for (int i = 0; i < NEEDS; i++)
        if (strcmp(needs[i].option, name) == 0) return !needs[i].is_met(o);
    return false;
}

bool option_needs_are_met(const options *o)
{
    for (int i = 0; i < NEEDS; i++)
        if (given_options_have(&o->on_line, needs[i].option) && !needs[i].is_met(o))
            return options_contradict("--%s changes nothing %s: leave it out", needs[i].option, needs[i].where);
    return true;
}

bool option_needs_are_met_by(const options *o, const data_set *set)
{
    const given_options *given = &o->on_line;
    const command_option *row;
    for (int i = 0; given->line && (row = command_line_row(given->line, i)); i++)
        if (given->rows[i] && data_set_ignores(set, row->name))
            return options_contradict("--%s is of pictures in a folder for each class, and these are %s: leave it out",
                                      row->name, set->about);
    return true;
}
