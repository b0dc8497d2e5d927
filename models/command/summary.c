/* summary.c - vitro summary: a model layer by layer. */
#include "command/command.h"
#include "program/command_line.h"
#include "program/failure.h"
#include "zoo.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *name;
    int64_t classes, image_size, batch;
} options;

static const command_option table[] = {
    { OPTION_ARGUMENT, "NAME", OPTION_FIELD(name), .of_zoo = true, .required = true,
      .help = "The model, as vitro models lists it" },
    { OPTION_INTEGER, "classes", OPTION_FIELD(classes), "N", 1, 1e6, .otherwise = "the model's",
      .help = "Classes to tell apart" },
    { OPTION_INTEGER, "image-size", OPTION_FIELD(image_size), "N", 1, 1e5, .otherwise = "the model's",
      .help = "Side of the pictures" },
    { OPTION_INTEGER, "batch", OPTION_FIELD(batch), "N", 1, 1e6, .fallback = "1", .help = "Pictures" },
    { 0 },
};
static const command_line line = {
    .version = "vitro summary " VITRO_VERSION,
    .doc = "Prints a model value by value: the shape of each, the parameters of the layer that makes it, its "
           "multiply-accumulates and the memory that it takes in f32. Nothing is computed.",
    .tables = { table },
    .no_models = true,
};

enum { MOST_VALUES = 1024 };

/* Of the parameters below a path; of all, where it is empty. */
static int64_t parameters_below(const vt_model *model, const char *path)
{
    int64_t count = 0;
    size_t n = strlen(path);
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_named_tensor e = vt_model_entry(model, i);
        if (e.is_parameter && strncmp(e.name, path, n) == 0 && (n == 0 || e.name[n] == '.'))
            count += vt_count(e.tensor);
    }
    return count;
}

static void print_count(int64_t count)
{
    if (count)
        printf(" %14lld", (long long)count);
    else
        printf(" %14s", "-");
}

/* Values follow from each other, but for maps of attention, which stand beside. */
static void print_values(const vt_model *model, const vt_named_tensor *values, int count)
{
    int64_t before = 0, bytes = 0;
    printf("%-28s %-22s %14s %14s %10s\n", "value", "shape", "parameters", "MACs", "memory");
    for (int i = 0; i < count; i++) {
        char shape[128];
        int64_t macs = vt_cost_of(values[i].tensor).multiply_accumulates, elements = vt_count(values[i].tensor);
        bool aside = strstr(values[i].name, ".weights") != NULL;
        printf("%-28s %-22s", values[i].name, vt_shape_text(vt_shape_of(values[i].tensor), shape));
        print_count(aside ? 0 : parameters_below(model, values[i].name));
        print_count(aside || macs < before ? 0 : macs - before);
        printf(" %7.2f MB\n", 4e-6 * (double)elements);
        if (!aside && macs > before) before = macs;
        if (!aside) bytes += 4 * elements;
    }
    printf("%-28s %-22s", "all", "");
    print_count(parameters_below(model, ""));
    print_count(before);
    printf(" %7.2f MB\n", 1e-6 * (double)bytes);
}

static void summarise(const classifier *m, int64_t batch)
{
    const common_config *c = m->config;
    vt_named_tensor *values = calloc(MOST_VALUES, sizeof *values);
    if (!values) {
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a summary");
        return;
    }
    VT_SCOPE;
    classifier_forward(m, vt_zeros(VT_SHAPE(batch, c->channels, c->height, c->width)));
    int count = vt_model_values(m->model, NULL, values, MOST_VALUES);
    if (!vt_failed()) print_values(m->model, values, count < MOST_VALUES ? count : MOST_VALUES);
    free(values);
}

static int run(int argc, char **argv)
{
    options o = { .classes = VT_AUTO, .image_size = VT_AUTO };
    command_line_parse(&line, argc, argv, &o);
    classifier *m = classifier_new(o.name, .classes = o.classes, .image_size = o.image_size);
    if (m) summarise(m, o.batch);
    classifier_free(m);
    return vt_failed() ? failure_report() : 0;
}

const command command_summary = { "summary", "print a model layer by layer", &line, run };
