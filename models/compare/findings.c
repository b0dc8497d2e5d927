/* findings.c - what a look at trained networks came to. */
#include "compare/look.h"
#include "program/whole_file.h"
#include <math.h>
#include <stdlib.h>

bool findings_begin(findings *f, const look *look, const plan *p)
{
    *f = (findings){ look, p, calloc((size_t)(p->model_count * p->seeds), sizeof *f->of) };
    if (!f->of) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for what %s measures", look->name);
    return f->of != NULL;
}

void findings_free(findings *f)
{
    free(f->of);
    *f = (findings){ 0 };
}

measured *findings_of(const findings *f, int model, int64_t seed)
{
    return &f->of[model * f->plan->seeds + seed];
}

sample findings_sample(const findings *f, int model, int measure, int place, double values[MOST_SEEDS])
{
    for (int64_t s = 0; s < f->plan->seeds; s++) values[s] = findings_of(f, model, s)->values[measure][place];
    return (sample){ values, (int)f->plan->seeds };
}

/* -- Words --------------------------------------------------------------------------------------------------------- */

static void say_sample(FILE *out, sample s, bool percent)
{
    const double times = percent ? 100 : 1;
    fprintf(out, percent ? "%.2f%%" : "%.4g", times * sample_mean(s));
    if (s.count > 1) fprintf(out, percent ? " \302\261 %.2f" : " \302\261 %.2g", times * sample_deviation(s));
}

void findings_say_change(FILE *out, const findings *f, int model, int measure, int from, int to)
{
    double of_first[MOST_SEEDS], of_last[MOST_SEEDS];
    const sample first = findings_sample(f, model, measure, from, of_first),
                 last = findings_sample(f, model, measure, to, of_last);
    const bool percent = f->look->measures[measure].percent;
    const t_test test = welch_test(last, first);
    const bool found = test.p < 0.05;
    fprintf(out, !found ? "goes from " : test.difference > 0 ? "rises from " : "falls from ");
    say_sample(out, first, percent);
    fprintf(out, " to ");
    say_sample(out, last, percent);
    if (isnan(test.p))
        fprintf(out, ": %s: nothing can be said about chance.\n",
                last.count == 1 ? "one seed" : "the seeds do not vary");
    else
        fprintf(out, "%s (Welch's t-test of %d seeds: p = %.2g).\n",
                found ? ", more than chance explains" : ": no change was found that chance would not explain",
                last.count, test.p);
}

/* -- The file ------------------------------------------------------------------------------------------------------ */

static void write_row(FILE *stream, const findings *f, int model, int measure, int place)
{
    double values[MOST_SEEDS];
    const sample s = findings_sample(f, model, measure, place, values);
    fprintf(stream, "%s,%.9g,%s,%d,%.9g,", f->plan->models[model].name, findings_of(f, model, 0)->along[place],
            f->look->measures[measure].name, s.count, sample_mean(s));
    if (s.count > 1) fprintf(stream, "%.9g", sample_deviation(s));
    fputc('\n', stream);
}

bool findings_write(const findings *f, const char *folder)
{
    whole_file file;
    char name[64];
    snprintf(name, sizeof name, "%s.csv", f->look->name);
    FILE *stream = whole_file_open(&file, folder, name);
    if (!stream) return false;
    fprintf(stream, "model,%s,measure,seeds,mean,deviation\n", f->look->along);
    for (int m = 0; m < f->plan->model_count; m++)
        for (int place = 0; place < findings_of(f, m, 0)->places; place++)
            for (int measure = 0; measure < f->look->measure_count; measure++) write_row(stream, f, m, measure, place);
    return whole_file_close(&file);
}
