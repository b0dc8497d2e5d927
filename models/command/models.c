/* models.c - vitro models: what the zoo has. */
#include "command/command.h"
#include "program/command_line.h"
#include "program/failure.h"
#include "zoo.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>

typedef struct options {
    const char *glob;
    bool csv, json;
} options;

static const command_option table[] = {
    { OPTION_ARGUMENT, "GLOB", OPTION_FIELD(glob), .of_zoo = true,
      .help = "Only models whose name matches, such as 'deit*'" },
    { OPTION_FLAG, "csv", OPTION_FIELD(csv), .help = "Print comma-separated values" },
    { OPTION_FLAG, "json", OPTION_FIELD(json), .help = "Print JSON" },
    { 0 },
};
static const command_line line = {
    .version = "vitro models " VITRO_VERSION,
    .doc = "Lists the models that vitro has: parameters, multiply-accumulates and activations of one picture, and how "
           "pictures are made ready for published weights.",
    .tables = { table },
    .no_models = true,
};

/* What is told of a model. */
typedef struct facts {
    const variant *variant;
    const char *family;
    common_config config;
    int64_t parameters;
    vt_cost cost;
} facts;

static bool find_facts(const variant *v, const family *family, facts *f)
{
    classifier *m = classifier_new(v->name);
    if (!m) return false;
    *f = (facts){ v, family->name, *m->config, vt_model_parameter_count(m->model), classifier_cost(m) };
    classifier_free(m);
    return !vt_failed();
}

static void print_row(const facts *f)
{
    const preprocessing *p = &f->variant->pictures;
    printf("%-36s %8.2f M %9.3f G %8.2f M  %3lldx%-3lld %5lld  %5.3f %-8s  %s\n", f->variant->name,
           1e-6 * (double)f->parameters, 1e-9 * (double)f->cost.multiply_accumulates,
           1e-6 * (double)f->cost.activations, (long long)f->config.height, (long long)f->config.width,
           (long long)f->config.classes, p->crop, p->bilinear ? "bilinear" : "bicubic", f->variant->summary);
}

static void print_csv(const facts *f)
{
    const preprocessing *p = &f->variant->pictures;
    printf("%s,%s,%lld,%lld,%lld,%lld,%lld,%lld,%lld,%g,%s,%g,%g,%g,%g,%g,%g\n", f->variant->name, f->family,
           (long long)f->parameters, (long long)f->cost.multiply_accumulates, (long long)f->cost.activations,
           (long long)f->config.height, (long long)f->config.width, (long long)f->config.channels,
           (long long)f->config.classes, p->crop, p->bilinear ? "bilinear" : "bicubic", p->mean[0], p->mean[1],
           p->mean[2], p->std[0], p->std[1], p->std[2]);
}

static json_t *json_of(const facts *f)
{
    const preprocessing *p = &f->variant->pictures;
    return json_pack("{ss ss ss sI sI sI s[III] sI sf ss s[fff] s[fff]}", "name", f->variant->name, "family", f->family,
                     "summary", f->variant->summary, "parameters", (json_int_t)f->parameters, "multiply_accumulates",
                     (json_int_t)f->cost.multiply_accumulates, "activations", (json_int_t)f->cost.activations, "input",
                     (json_int_t)f->config.channels, (json_int_t)f->config.height, (json_int_t)f->config.width,
                     "classes", (json_int_t)f->config.classes, "crop", p->crop, "interpolation",
                     p->bilinear ? "bilinear" : "bicubic", "mean", p->mean[0], p->mean[1], p->mean[2], "std", p->std[0],
                     p->std[1], p->std[2]);
}

static void print_head(const options *o)
{
    if (o->csv)
        puts("name,family,parameters,multiply_accumulates,activations,height,width,channels,classes,crop,interpolation,"
             "mean_red,mean_green,mean_blue,std_red,std_green,std_blue");
    else if (!o->json)
        printf("%-36s %10s %11s %10s  %-7s %5s  %-13s\n", "name", "parameters", "MACs", "activations", "input",
               "classes", "crop, resize");
}

static int run(int argc, char **argv)
{
    options o = { 0 };
    command_line_parse(&line, argc, argv, &o);
    json_t *list = json_array();
    const family *family;
    const variant *v;
    int found = 0;
    for (int i = 0; (v = zoo_variant(i, &family)); i++) {
        facts f;
        if (!vt_name_matches(v->name, o.glob)) continue;
        if (!find_facts(v, family, &f)) break;
        if (found++ == 0) print_head(&o);
        if (o.json)
            json_array_append_new(list, json_of(&f));
        else
            (o.csv ? print_csv : print_row)(&f);
    }
    if (o.json && found) json_dumpf(list, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)), puts("");
    json_decref(list);
    if (vt_failed()) return failure_report();
    if (found) return 0;
    fprintf(stderr, "vitro: no model matches \"%s\"; vitro models lists them all\n", o.glob);
    return 1;
}

const command command_models = { "models", "list the models", &line, run };
