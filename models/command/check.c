/* check.c - vitro check: what is in a file of tensors, and which model it fits. */
#include "command/command.h"
#include "program/command_line.h"
#include "zoo.h"
#include <stdio.h>
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
static const command_line line_of_it = {
    .version = "vitro check " VITRO_VERSION,
    .doc = "Lists the tensors in a file, and says which of vitro's models have tensors of these names and shapes.",
    .options = table,
    .no_models = true,
};

static void list(const vt_tensor_file *file, bool brief)
{
    int64_t elements = 0, bytes = 0;
    for (int i = 0; i < vt_tensor_file_size(file); i++) {
        vt_stored_tensor e = vt_tensor_file_entry(file, i);
        char shape[128];
        int64_t count = vt_shape_count(e.shape);
        if (!brief) printf("%-48s %-5s %s\n", e.name, vt_dtype_name(e.dtype), vt_shape_text(e.shape, shape));
        elements += count;
        bytes += count * (int64_t)vt_dtype_size(e.dtype);
    }
    printf("%d tensors, %lld elements, %.2f MB\n", vt_tensor_file_size(file), (long long)elements,
           1e-6 * (double)bytes);
}

/* How many outputs a head has in the file; VT_AUTO: it has none by a name that the zoo knows. */
static int64_t classes_of(const vt_tensor_file *file)
{
    static const char *const heads[] = { "head.weight",          "fc.weight",         "linear.weight",
                                         "classifier.weight",    "heads.head.weight", "classifier.1.weight",
                                         "cls_classifier.weight" };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        int at = vt_tensor_file_find(file, heads[i]);
        vt_shape shape = vt_tensor_file_entry(file, at).shape;
        if (at >= 0 && shape.rank == 2) return shape.dim[0];
    }
    return VT_AUTO;
}

/* How many tensors of the model the file has, in the same shape. */
static int matches(const classifier *m, const vt_tensor_file *file)
{
    int found = 0;
    for (int i = 0; i < vt_model_size(m->model); i++) {
        vt_named_tensor e = vt_model_entry(m->model, i);
        int at = vt_tensor_file_find(file, e.name);
        found += at >= 0 && vt_shape_equal(vt_shape_of(e.tensor), vt_tensor_file_entry(file, at).shape);
    }
    return found;
}

/* Whether all of its tensors, of which so many were found, and no others are in the file. By others' names that shows
 * when they are loaded. */
static bool fits(const classifier *m, int found, const vt_tensor_file *file, const options *o)
{
    if (!family_naming(m->family, file)) return found == vt_model_size(m->model) && found == vt_tensor_file_size(file);
    bool loaded = classifier_load(m, o->file, .part = o->part);
    vt_error_clear();
    return loaded;
}

/* The models that fit; where none does, the one that comes nearest. */
static void find_models(const vt_tensor_file *file, const options *o)
{
    const variant *v, *nearest = NULL;
    const int64_t classes = classes_of(file);
    int fit = 0, best = 0, best_size = 0;
    for (int i = 0; (v = zoo_variant(i, NULL)) && !vt_failed(); i++) {
        classifier *m = classifier_new(v->name, .classes = classes);
        if (!m) return;
        const naming *theirs = family_naming(m->family, file);
        int found = matches(m, file), size = vt_model_size(m->model);
        if (fits(m, found, file, o)) {
            if (fit == 0 && theirs) printf("names of %s; ", theirs->name);
            printf("%s%s", fit++ ? ", " : "fits ", v->name);
        }
        if (found > best || (found == best && nearest && size < best_size)) {
            best = found;
            best_size = size;
            nearest = v;
        }
        classifier_free(m);
    }
    if (fit)
        printf(" (%lld classes)\n", (long long)classes);
    else if (nearest)
        printf("fits no model as it is; %s comes nearest: %d of its %d tensors are there\n", nearest->name, best,
               best_size);
    else
        puts("fits no model: none of its names is known");
}

static int run(int argc, char **argv)
{
    options o = { 0 };
    command_line_parse(&line_of_it, argc, argv, &o);
    vt_tensor_file *file = vt_tensor_file_open(o.file, .part = o.part);
    if (file) {
        list(file, o.brief);
        find_models(file, &o);
    }
    vt_tensor_file_close(file);
    return vt_failed() ? vt_error_print(stderr) : 0;
}

static const command_line *line(void)
{
    return &line_of_it;
}

const command command_check = { "check", "say what is in a file of weights, and which model it fits", line, run };
