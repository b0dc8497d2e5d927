/* trained.c - a network that has been trained. */
#include "compare/trained.h"
#include "program/model_card.h"

static vt_loader *open_loader(const vt_dataset *test, const preprocessing *normal, const options *o, int64_t batch)
{
    float mean[3], std[3];
    for (int c = 0; c < 3; c++) {
        mean[c] = (float)normal->mean[c];
        std[c] = (float)normal->std[c];
    }
    return vt_loader_open(test, .batch = batch, .workers = (int)o->workers, .mean = mean, .std = std);
}

static bool make(trained *t, const char *model, const model_card *card, const options *all, int64_t batch)
{
    const bool known = model_card_is_of(card, model);
    options o = *all;
    o.model = model;
    if (known) o.image_size = card->image_size;
    if (!pictures_open(&t->pictures, &o)) return false;
    pictures_choose_options(&t->pictures, &o);
    const vt_dataset *test = t->pictures.test;
    t->net = classifier_new(model, .classes = test->classes, .channels = test->channels, .image_size = o.image_size);
    if (t->net) t->test = open_loader(test, known ? &card->pictures : t->net->pictures, &o, batch);
    return t->test != NULL;
}

bool trained_open(trained *t, const char *weights, const char *model, const options *o, int64_t batch)
{
    model_card card = { 0 };
    *t = (trained){ 0 };
    vt_tensor_file *file = vt_tensor_file_open(weights);
    const bool read = file && model_card_read(file, weights, &card);
    vt_tensor_file_close(file);
    const bool ok = read && make(t, model, &card, o, batch) && classifier_load(t->net, weights);
    model_card_free(&card);
    if (!ok) trained_close(t);
    vt_set_training(false);
    return ok;
}

void trained_close(trained *t)
{
    vt_loader_close(t->test);
    classifier_free(t->net);
    pictures_close(&t->pictures);
    *t = (trained){ 0 };
}
