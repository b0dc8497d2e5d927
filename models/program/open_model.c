/* open_model.c - a model with the weights of a file, to be used. */
#include "program/open_model.h"
#include "program/find_model.h"
#include <stdio.h>

/* The name of the first model that the file fits; NULL with an error. */
static const char *choose(const vt_tensor_file *file, const char *weights, const char *part)
{
    found_models found;
    if (!find_models(file, weights, part, &found)) return NULL;
    if (found.fits == 0) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%s fits no model as it is%s%s; --model says which it is for",
                       weights, found.nearest ? ", and comes nearest to " : "",
                       found.nearest ? found.nearest->name : "");
        return NULL;
    }
    if (found.fits > 1) {
        fprintf(stderr, "vitro: %s fits", weights);
        for (int i = 0; i < found.fits; i++) fprintf(stderr, "%s %s", i ? "," : "", found.fit[i]->name);
        fprintf(stderr, "; the first is taken, --model takes another\n");
    }
    return found.fit[0]->name;
}

static bool load(const classifier *m, const vt_tensor_file *file, const char *weights, const char *part, bool resize)
{
    const naming *theirs = family_naming(m->family, file);
    return vt_model_load(weights, m->model, .rules = theirs ? theirs->rules : NULL, .part = part, .resize = resize);
}

static classifier *open_file(const vt_tensor_file *file, const char *weights, const char *part, const char *name,
                             int64_t image_size)
{
    if (!name) name = choose(file, weights, part);
    classifier *m = name ? classifier_new(name, .classes = classes_in(file), .image_size = image_size) : NULL;
    if (m && load(m, file, weights, part, image_size != VT_AUTO)) return m;
    classifier_free(m);
    return NULL;
}

classifier *open_model(const char *weights, const char *part, const char *name, int64_t image_size)
{
    vt_tensor_file *file = vt_tensor_file_open(weights, .part = part);
    classifier *m = file ? open_file(file, weights, part, name, image_size) : NULL;
    vt_tensor_file_close(file);
    return m;
}
