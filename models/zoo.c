/* zoo.c - every model by name. */
#include "zoo.h"
#include "botnet.h"
#include "cct.h"
#include "ceit.h"
#include "coat.h"
#include "cvt.h"
#include "nearest.h"
#include "pvt.h"
#include "pvt_v2.h"
#include "resnet.h"
#include "swin.h"
#include "vit.h"
#include "vit5.h"
#include <string.h>

static const family *const families[] = { &vit_family,    &vit5_family, &swin_family,   &pvt_family,
                                          &pvt_v2_family, &cvt_family,  &coat_family,   &coat_lite_family,
                                          &ceit_family,   &cct_family,  &botnet_family, &resnet_family };
enum { FAMILIES = sizeof families / sizeof *families };

const variant *zoo_variant(int index, const family **family)
{
    for (int f = 0; f < FAMILIES && index >= 0; f++)
        for (const variant *v = families[f]->variants; v->name; v++) {
            if (index-- > 0) continue;
            if (family) *family = families[f];
            return v;
        }
    return NULL;
}

/* -- Finding one --------------------------------------------------------------------------------------------------- */

static const char *name_at(int index)
{
    const variant *v = zoo_variant(index, NULL);
    return v ? v->name : NULL;
}

void zoo_list_nearest(const char *name, char *text, size_t size)
{
    list_nearest(name, name_at, text, size);
}

const variant *zoo_find(const char *name, const family **family)
{
    const variant *v;
    for (int i = 0; (v = zoo_variant(i, family)); i++)
        if (strcmp(v->name, name) == 0) return v;
    return NULL;
}

static const variant *find(const classifier_args *a, const family **family)
{
    const variant *found = a->name ? zoo_find(a->name, family) : NULL;
    if (found) return found;
    char names[256] = "";
    zoo_list_nearest(a->name ? a->name : "", names, sizeof names);
    vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "no model \"%s\"; the nearest names are %s", a->name ? a->name : "(null)",
                   names);
    return NULL;
}

/* -- Building one -------------------------------------------------------------------------------------------------- */

static bool change_depth(const classifier_args *a, const family *family, void *config)
{
    if (a->depth == VT_AUTO) return true;
    if (family->depth) {
        *family->depth(config) = a->depth;
        return true;
    }
    vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "%s: its depth cannot be chosen", a->name);
    return false;
}

static bool change(const classifier_args *a, const family *family, common_config *c)
{
    if (a->classes != VT_AUTO) c->classes = a->classes;
    if (a->channels != VT_AUTO) c->channels = a->channels;
    if (a->image_size != VT_AUTO) c->height = c->width = a->image_size;
    if (a->height != VT_AUTO) c->height = a->height;
    if (a->width != VT_AUTO) c->width = a->width;
    if (a->dropout != VT_AUTO) c->dropout = a->dropout;
    if (a->attention_dropout != VT_AUTO) c->attention_dropout = a->attention_dropout;
    if (a->drop_path != VT_AUTO) c->drop_path = a->drop_path;
    if (c->classes < 1 || c->channels < 1) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "%s: %lld classes and %lld channels; both must be 1 or more", a->name,
                       (long long)c->classes, (long long)c->channels);
        return false;
    }
    return change_depth(a, family, c);
}

/* Everything but the parameters. */
static classifier *begin(const family *family, const void *config)
{
    vt_model *model = vt_model_new();
    classifier *m = vt_model_allocate(model, 1, sizeof *m);
    if (m) {
        *m = (classifier){ .name = family->name, .family = family, .model = model };
        m->config = vt_model_allocate(model, 1, family->config_size);
        m->layers = vt_model_allocate(model, 1, family->size);
    }
    if (m && m->config && m->layers)
        memcpy(m->config, config, family->config_size);
    else {
        vt_model_free(model);
        m = NULL;
    }
    return m;
}

static classifier *finish(classifier *m)
{
    if (m && m->family->init(m->layers, vt_root(m->model), m->config)) return m;
    classifier_free(m);
    return NULL;
}

classifier *classifier_new_of(const family *family, const void *config)
{
    return finish(begin(family, config));
}

classifier *classifier_new_with(const classifier_args *a)
{
    const family *family = NULL;
    const variant *found = find(a, &family);
    classifier *m = found ? begin(family, found->config) : NULL;
    if (!m) return NULL;
    m->name = found->name;
    m->pictures = &found->pictures;
    if (change(a, family, m->config)) return finish(m);
    classifier_free(m);
    return NULL;
}

void classifier_free(classifier *m)
{
    if (m) vt_model_free(m->model);
}

/* -- Weights ------------------------------------------------------------------------------------------------------- */

const naming *family_naming(const family *family, const vt_tensor_file *file)
{
    for (const naming *n = family->namings; n && n->name; n++)
        if (vt_tensor_file_find(file, n->sign) >= 0) return n;
    return NULL;
}

bool classifier_load_with(const classifier_load_args *a)
{
    vt_tensor_file *file = vt_tensor_file_open(a->path, .part = a->part);
    if (!file) return false;
    const naming *found = family_naming(a->net->family, file);
    vt_tensor_file_close(file);
    const family *f = a->net->family;
    return vt_model_load(a->path, a->net->model, .rules = found ? found->rules : NULL, .part = a->part,
                         .resize = a->adapt, .channels = a->adapt ? f->input : NULL,
                         .replaceable = a->adapt ? f->heads : NULL, .partial = a->partial, .report = a->report);
}

/* -- Using one ----------------------------------------------------------------------------------------------------- */

vt_tensor classifier_forward(const classifier *m, vt_tensor images)
{
    VT_MODE_OF(vt_root(m->model));
    return m->family->forward(m->layers, images);
}

vt_cost classifier_cost(const classifier *m)
{
    const bool training = vt_training(), eager = vt_eager();
    const common_config *c = m->config;
    VT_SCOPE;
    vt_set_training(false); /* nothing is to be updated, */
    vt_set_eager(false);    /* and nothing computed */
    vt_cost cost = vt_cost_of(classifier_forward(m, vt_zeros(VT_SHAPE(1, c->channels, c->height, c->width))));
    vt_set_training(training);
    vt_set_eager(eager);
    return cost;
}
