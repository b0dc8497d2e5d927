/* data.c - vitro data: which pictures there are to train on, and what training gets of them. */
#include "command/command.h"
#include "program/failure.h"
#include "program/option_needs.h"
#include "program/options.h"
#include "program/picture_sheet.h"
#include <stdlib.h>

/* -- What there is ------------------------------------------------------------------------------------------------- */

static bool count_classes(const vt_dataset *d, int64_t **counts)
{
    *counts = calloc((size_t)d->classes, sizeof **counts);
    if (!*counts) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the number of pictures of each class");
    for (int64_t i = 0; *counts && i < d->count; i++) (*counts)[d->labels[i]]++;
    return *counts != NULL;
}

static bool print_classes(const pictures *p)
{
    int64_t *trained = NULL, *tested = NULL;
    const bool ok = count_classes(p->train, &trained) && count_classes(p->test, &tested);
    if (ok)
        printf("%10s %10s\n%10lld %10lld  all\n", "training", "testing", (long long)p->train->count,
               (long long)p->test->count);
    for (int i = 0; ok && i < p->train->classes; i++)
        printf("%10lld %10lld  %s\n", (long long)trained[i], (long long)tested[i], p->train->class_names[i]);
    free(trained);
    free(tested);
    return ok;
}

static bool show(const pictures *p, const options *o)
{
    if (!picture_sheet_write(p, o, o->show, o->epochs - 1, o->out)) return false;
    printf("sheet: %s: %s\n", o->out, o->augment);
    return true;
}

/* -- The command --------------------------------------------------------------------------------------------------- */

static int run(int argc, char **argv)
{
    options o = options_parse(&data_line, argc, argv);
    pictures p = { 0 };
    bool ok = pictures_open(&p, &o) && option_needs_are_met_by(&o, p.set);
    if (ok) {
        pictures_choose_options(&p, &o);
        pictures_describe(&p);
        ok = print_classes(&p) && (o.show == 0 || show(&p, &o));
    }
    pictures_close(&p);
    return ok ? 0 : failure_report();
}

const command command_data = { "data", "show the pictures that there are to train on", &data_line, run };
