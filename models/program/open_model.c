/* open_model.c - a model with the weights of a file, to be used on pictures in colour. */
#include "program/open_model.h"
#include "program/find_model.h"

static bool load(const classifier *m, const vt_tensor_file *file, const char *weights, const char *part, bool resize)
{
    const naming *theirs = family_naming(m->family, file);
    return vt_model_load(weights, m->model, .rules = theirs ? theirs->rules : NULL, .part = part, .resize = resize);
}

static bool takes_colour(const classifier *m)
{
    if (m->config->channels == 3) return true;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%s takes pictures of %lld channels, and 3 are read", m->name,
                   (long long)m->config->channels);
    return false;
}

static classifier *make(const vt_tensor_file *file, const char *name, const model_card *card, int64_t image_size)
{
    const bool known = model_card_is_of(card, name);
    classifier *m = classifier_new(name, .classes = classes_in(file), .channels = known ? card->channels : VT_AUTO,
                                   .image_size = known ? card->image_size : image_size);
    if (m && known) m->pictures = &card->pictures;
    return m;
}

static classifier *open_file(const vt_tensor_file *file, const char *weights, const char *part, const char *name,
                             int64_t image_size, model_card *card)
{
    if (!model_card_read(file, weights, card)) return NULL;
    if (!name) name = choose_model(file, weights, part);
    if (card->text && image_size != VT_AUTO) card->image_size = image_size;
    classifier *m = name ? make(file, name, card, image_size) : NULL;
    if (m && takes_colour(m) && load(m, file, weights, part, image_size != VT_AUTO)) return m;
    classifier_free(m);
    return NULL;
}

classifier *open_model(const char *weights, const char *part, const char *name, int64_t image_size, model_card *card)
{
    *card = (model_card){ 0 };
    vt_tensor_file *file = vt_tensor_file_open(weights, .part = part);
    classifier *m = file ? open_file(file, weights, part, name, image_size, card) : NULL;
    vt_tensor_file_close(file);
    if (!m) model_card_free(card);
    return m;
}
