/* show.c - shows what a comparison came to. */
#include "compare/show.h"
#include "compare/plots.h"
#include "compare/sentences.h"
#include "program/csv_text.h"
#include "program/json_file.h"
#include "program/page_data.h"
#include "program/whole_file.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char compare_page[];

static int widest_name(const plan *p)
{
    size_t widest = strlen("model");
    for (int i = 0; i < p->model_count; i++)
        if (strlen(p->models[i].name) > widest) widest = strlen(p->models[i].name);
    return (int)widest;
}

/* -- Before -------------------------------------------------------------------------------------------------------- */

void plan_describe(const plan *p)
{
    const int width = widest_name(p);
    printf("%lld training pictures", (long long)p->training_pictures);
    for (int i = 0; i < p->fraction_count; i++)
        if (p->fraction_count > 1 || p->fractions[i] < 1) printf("%s %g", i ? "," : ", of which", p->fractions[i]);
    printf("; %lld test pictures; %lld seed%s\n", (long long)p->test_pictures, (long long)p->seeds,
           p->seeds == 1 ? "" : "s");
    printf("%-*s %10s %10s", width, "model", "parameters", "MACs");
    for (int i = 0; i < p->matching_count; i++) printf(" %8s", matching_name(p->matchings[i]));
    for (int m = 0; m < p->model_count; m++) {
        const contestant *c = &p->models[m];
        printf("\n%-*s %8.2f M %8.3f G", width, c->name, 1e-6 * (double)c->parameters, 1e-9 * (double)c->macs);
        for (int i = 0; i < p->matching_count; i++) printf(" %8lld", (long long)c->epochs[p->matchings[i]]);
    }
    if (p->prepared.model)
        printf("\n%-*s %8.2f M %8.3f G %8lld, once, before the others", width, p->prepared.name,
               1e-6 * (double)p->prepared.parameters, 1e-9 * (double)p->prepared.macs, (long long)p->epochs);
    printf("\nthe last columns are epochs:");
    for (int i = 0; i < p->matching_count; i++) printf("%s at equal %s", i ? "," : "", matching_name(p->matchings[i]));
    putchar('\n');
}

/* -- The table ----------------------------------------------------------------------------------------------------- */

static void print_row(const results *r, matching which, int fraction, int model, int width)
{
    const planned_run run = plan_run(&r->plan, which, fraction, model, 0);
    const sample s = results_sample(r, which, fraction, model);
    printf("%-7s %9lld %-*s %6lld %10.3f %8.0f %8.1f %7.0f %7.2f%%", matching_name(which), (long long)run.pictures,
           width, run.model->name, (long long)run.epochs, 1e-12 * results_compute(r, which, fraction, model),
           r->outcomes[which][fraction][model].seconds, r->speeds[model], 1e-6 * r->memory[model],
           100 * sample_mean(s));
    if (s.count > 1) printf(" +- %.2f", 100 * sample_deviation(s));
    putchar('\n');
}

static void print_table(const results *r)
{
    const int width = widest_name(&r->plan);
    printf("%-7s %9s %-*s %6s %10s %8s %8s %7s %8s\n", "equal", "pictures", width, "model", "epochs", "tera MACs",
           "seconds", "img/s", "MB", "accuracy");
    for (int i = 0; i < r->plan.matching_count; i++)
        for (int f = 0; f < r->plan.fraction_count; f++)
            for (int m = 0; m < r->plan.model_count; m++) print_row(r, r->plan.matchings[i], f, m, width);
}

static bool print_all(const results *r)
{
    char *text = sentences_of(r);
    print_table(r);
    if (text) printf("\n%s", text);
    free(text);
    return text != NULL;
}

/* -- Files --------------------------------------------------------------------------------------------------------- */

static void write_csv_row(FILE *stream, const results *r, matching which, int fraction, int model)
{
    const planned_run run = plan_run(&r->plan, which, fraction, model, 0);
    const sample s = results_sample(r, which, fraction, model);
    csv_print_text(stream, run.model->name);
    fprintf(stream, ",%lld,%lld,%.9g,%.9g,%s,%lld,%lld,%.9g,%.9g,%d,%.9g,", (long long)run.model->parameters,
            (long long)run.model->macs, r->speeds[model], r->memory[model], matching_name(which),
            (long long)run.pictures, (long long)run.epochs, results_compute(r, which, fraction, model),
            r->outcomes[which][fraction][model].seconds, s.count, sample_mean(s));
    if (s.count > 1) fprintf(stream, "%.9g", sample_deviation(s));
    fputc('\n', stream);
}

static bool write_csv(const results *r, const char *folder)
{
    whole_file f;
    FILE *stream = whole_file_open(&f, folder, "compare.csv");
    if (!stream) return false;
    fputs("model,parameters,macs,images_per_second,peak_bytes,equal,pictures,epochs,compute_macs,seconds,seeds,"
          "accuracy,deviation\n",
          stream);
    for (int i = 0; i < r->plan.matching_count; i++)
        for (int fraction = 0; fraction < r->plan.fraction_count; fraction++)
            for (int m = 0; m < r->plan.model_count; m++) write_csv_row(stream, r, r->plan.matchings[i], fraction, m);
    return whole_file_close(&f);
}

bool show_results(const results *r, const options *o)
{
    json_t *json = results_json(r);
    if (!json) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the results of a comparison");
    if (vt_failed()) return false;
    if (o->json) json_print(json);
    bool ok = (!options_tell(o) || print_all(r)) && write_csv(r, o->out) &&
              (!r->findings.look || findings_write(&r->findings, o->out)) &&
              json_file_write(json, o->out, "compare.json", 9) && plots_write(r, o->out) &&
              page_write(o->out, "report.html", compare_page, json_incref(json));
    if (ok && options_tell(o))
        printf("\nresults: %s/report.html %s/compare.csv %s/compare.json\n", o->out, o->out, o->out);
    json_decref(json);
    return ok;
}
