/* check.c - vitro check: what is in a file of tensors, and which model it fits. */
#include "command/command.h"
#include "program/command_line.h"
#include "program/failure.h"
#include "program/find_model.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *file, *part;
    bool brief;
} options;

static const command_option table[] = {
    { OPTION_ARGUMENT, "FILE", OPTION_FIELD(file), .required = true,
      .help = "safetensors, or what PyTorch's torch.save wrote (.pth, .pt, .bin), of which nothing is ever run" },
    { OPTION_TEXT, "part", OPTION_FIELD(part), "KEY", .otherwise = "found by itself",
      .help = "Where in a file of torch.save the tensors are, such as model_ema" },
    { OPTION_FLAG, "brief", OPTION_FIELD(brief), .help = "Do not list the tensors" },
    { 0 },
};
static const command_line line = {
    .version = "vitro check " VITRO_VERSION,
    .doc = "Lists the tensors in a file, and says which of vitro's models have tensors of these names and shapes.",
    .tables = { table },
    .no_models = true,
};

/* A name that a file has, in which a terminal finds nothing to obey. */
static const char *printable(const char *name, char text[256])
{
    size_t i = 0;
    for (; name[i] && i < 255; i++) text[i] = iscntrl((unsigned char)name[i]) ? '?' : name[i];
    text[i] = 0;
    return text;
}

static void list(const vt_tensor_file *file, bool brief)
{
    int64_t elements = 0, bytes = 0;
    for (int i = 0; i < vt_tensor_file_size(file); i++) {
        vt_stored_tensor e = vt_tensor_file_entry(file, i);
        char shape[128], name[256];
        int64_t count = vt_shape_count(e.shape);
        if (!brief)
            printf("%-48s %-5s %s\n", printable(e.name, name), vt_dtype_name(e.dtype), vt_shape_text(e.shape, shape));
        elements += count;
        bytes += count * (int64_t)vt_dtype_size(e.dtype);
    }
    printf("%d tensors, %lld elements, %.2f MB\n", vt_tensor_file_size(file), (long long)elements,
           1e-6 * (double)bytes);
}

/* What keeps the file from fitting the nearest model, a tensor a line: the first of them. */
static void tell_differences(const found_models *found, const options *o)
{
    enum { LINES = 5 };
    char *report = NULL, *rest = NULL, name[256];
    size_t size = 0;
    int lines = 0;
    FILE *memory = open_memstream(&report, &size);
    classifier *m = classifier_new(found->nearest->name, .classes = found->classes);
    if (m) classifier_load(m, o->file, .part = o->part, .report = memory);
    vt_error_clear();
    classifier_free(m);
    if (memory) fclose(memory);
    for (char *text = report ? strtok_r(report, "\n", &rest) : NULL; text; text = strtok_r(NULL, "\n", &rest))
        if (lines++ < LINES) printf("  %s\n", printable(text, name));
    if (lines > LINES) printf("  and %d more\n", lines - LINES);
    free(report);
}

static void tell(const found_models *found, const options *o)
{
    if (found->fits && found->naming) printf("names of %s; ", found->naming->name);
    for (int i = 0; i < found->fits; i++) printf("%s%s", i ? ", " : "fits ", found->fit[i]->name);
    if (found->fits)
        printf(" (%lld classes)\n", (long long)found->classes);
    else if (found->nearest) {
        printf("fits no model as it is; %s comes nearest: %d of its %d tensors are there\n", found->nearest->name,
               found->nearest_found, found->nearest_size);
        tell_differences(found, o);
    } else
        puts("fits no model: none of its names is known");
}

static int run(int argc, char **argv)
{
    options o = { 0 };
    command_line_parse(&line, argc, argv, &o);
    vt_tensor_file *file = vt_tensor_file_open(o.file, .part = o.part);
    if (file) {
        found_models found;
        list(file, o.brief);
        if (find_models(file, o.file, o.part, &found)) tell(&found, &o);
    }
    vt_tensor_file_close(file);
    return vt_failed() ? failure_report() : 0;
}

const command command_check = { "check", "say what is in a file of weights, and which model it fits", &line, run };
