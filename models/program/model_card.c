/* model_card.c - a line of JSON in the metadata of a safetensors file. */
#include "program/model_card.h"
#include "program/json_text.h"
#include <stdlib.h>
#include <string.h>

static const char KEY[] = "vitro";
static const char *const interpolation[] = { [false] = "bicubic", [true] = "bilinear" };

static char *card_of(const classifier *m, const preprocessing *pictures, const char *const *class_names)
{
    const double *mean = pictures->mean, *std = pictures->std;
    json_t *card = json_pack(
        "{ss sI sI s[fff] s[fff] ss so}", "model", m->name, "image_size", (json_int_t)m->config->height, "channels",
        (json_int_t)m->config->channels, "mean", mean[0], mean[1], mean[2], "std", std[0], std[1], std[2],
        "interpolation", interpolation[pictures->bilinear], "classes", json_of_texts(class_names, m->config->classes));
    char *text = card ? json_dumps(card, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(card);
    return text;
}

bool model_card_save(const char *path, const classifier *m, const preprocessing *pictures,
                     const char *const *class_names)
{
    char *card = card_of(m, pictures, class_names);
    if (!card) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for what %s is to say of its model", path);
    /* Others' readers ask for the format by this name. */
    const vt_metadata metadata[] = { { "format", "pt" }, { KEY, card }, { 0 } };
    bool saved = card && vt_model_save(path, m->model, .metadata = metadata);
    free(card);
    return saved;
}

static bool are_texts(const json_t *names)
{
    size_t texts = 0;
    for (size_t i = 0; i < json_array_size(names); i++) texts += json_is_string(json_array_get(names, i));
    return texts > 0 && texts == json_array_size(names);
}

static bool parse(const char *text, model_card *card)
{
    double *mean = card->pictures.mean, *std = card->pictures.std;
    const char *resized = interpolation[true]; /* of a file that does not say it */
    json_int_t image_size, channels;
    card->text = json_loads(text, 0, NULL);
    if (json_unpack(card->text, "{ss sI sI s[FFF] s[FFF] s?s so}", "model", &card->model, "image_size", &image_size,
                    "channels", &channels, "mean", &mean[0], &mean[1], &mean[2], "std", &std[0], &std[1], &std[2],
                    "interpolation", &resized, "classes", &card->class_names) != 0)
        return false;
    card->image_size = image_size;
    card->channels = channels;
    card->pictures.bilinear = strcmp(resized, interpolation[true]) == 0;
    return image_size > 0 && channels > 0 && std[0] > 0 && std[1] > 0 && std[2] > 0 && are_texts(card->class_names) &&
           (card->pictures.bilinear || strcmp(resized, interpolation[false]) == 0);
}

bool model_card_read(const vt_tensor_file *file, const char *path, model_card *card)
{
    const char *text = vt_tensor_file_metadata(file, KEY);
    /* The whole picture was resized to what the network takes. */
    *card = (model_card){ .image_size = VT_AUTO, .channels = VT_AUTO, .pictures = { .crop = 1 } };
    if (!text || parse(text, card)) return true;
    model_card_free(card);
    vt_error_raise(VT_ERROR_FILE, VT_HERE, "%s is damaged: what its metadata says of the model is \"%.200s\"", path,
                   text);
    return false;
}

bool model_card_is_of(const model_card *card, const char *name)
{
    return card->text && strcmp(card->model, name) == 0;
}

void model_card_free(model_card *card)
{
    json_decref(card->text);
    *card = (model_card){ 0 };
}
