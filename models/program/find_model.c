/* find_model.c - which models of the zoo a file of weights is for. */
#include "program/find_model.h"
#include "program/model_card.h"
#include <stdio.h>

int64_t classes_in(const vt_tensor_file *file)
{
    static const char *const heads[] = { "head.weight",           "fc.weight",         "linear.weight",
                                         "classifier.weight",     "heads.head.weight", "classifier.1.weight",
                                         "cls_classifier.weight", "head.fc.weight",    "classifier.fc.weight" };
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

/* Of its own names so many were found. Whether others' names fit, and dtypes, shows when they are loaded. */
static bool fits(const classifier *m, int matched, const vt_tensor_file *file, const char *path, const char *part)
{
    const bool own_names = !family_naming(m->family, file);
    if (own_names && (matched < vt_model_size(m->model) || matched < vt_tensor_file_size(file))) return false;
    bool loaded = classifier_load(m, path, .part = part);
    vt_error_clear();
    return loaded;
}

static void compare(const variant *v, const vt_tensor_file *file, const char *path, const char *part,
                    found_models *found)
{
    classifier *m = classifier_new(v->name, .classes = found->classes);
    if (!m) return;
    const int matched = matches(m, file), size = vt_model_size(m->model);
    if (found->fits < MOST_FITS && fits(m, matched, file, path, part)) {
        if (found->fits == 0) found->naming = family_naming(m->family, file);
        found->fit[found->fits++] = v;
    }
    if (matched > found->nearest_found ||
        (found->nearest && matched == found->nearest_found && size < found->nearest_size)) {
        found->nearest = v;
        found->nearest_found = matched;
        found->nearest_size = size;
    }
    classifier_free(m);
}

bool find_models(const vt_tensor_file *file, const char *path, const char *part, found_models *found)
{
    const variant *v;
    *found = (found_models){ .classes = classes_in(file) };
    for (int i = 0; (v = zoo_variant(i, NULL)) && !vt_failed(); i++) compare(v, file, path, part, found);
    return !vt_failed();
}

/* The variant that the file says it is of; NULL: it does not say. */
static const char *said_model(const vt_tensor_file *file, const char *weights)
{
    model_card card;
    if (!model_card_read(file, weights, &card)) return NULL;
    const variant *v = card.text ? zoo_find(card.model, NULL) : NULL;
    model_card_free(&card);
    return v ? v->name : NULL;
}

const char *choose_model(const vt_tensor_file *file, const char *weights, const char *part)
{
    found_models found;
    const char *said = said_model(file, weights);
    if (said || vt_failed()) return said;
    if (!find_models(file, weights, part, &found)) return NULL;
    if (found.fits == 0) {
        vt_error_raise(
            VT_ERROR_ARGUMENT, VT_HERE,
            "%s fits no model as it is%s%s; --model says which it is for, and --image-size for which pictures", weights,
            found.nearest ? ", and comes nearest to " : "", found.nearest ? found.nearest->name : "");
        return NULL;
    }
    if (found.fits > 1) {
        fprintf(stderr, "vitro: %s fits", weights);
        for (int i = 0; i < found.fits; i++) fprintf(stderr, "%s %s", i ? "," : "", found.fit[i]->name);
        fprintf(stderr, "; the first is taken, --model takes another\n");
    }
    return found.fit[0]->name;
}
