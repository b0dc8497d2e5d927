/* classify.c - vitro classify: what is in pictures. */
#include "command/command.h"
#include "preprocess.h"
#include "program/command_line.h"
#include "program/failure.h"
#include "program/json_text.h"
#include "program/labels.h"
#include "program/open_model.h"
#include "program/picture_files.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *weights, *part, *model, *labels, *device;
    int64_t top, image_size, batch;
    bool json;
    argument_list images;
} options;

static const command_option table[] = {
    { OPTION_ARGUMENTS, "IMAGE", OPTION_FIELD(images), .required = true,
      .help = "JPEG and PNG files, and folders of them" },
    { OPTION_TEXT, "weights", OPTION_FIELD(weights), "FILE", .required = true,
      .help = "The weights: safetensors, or what PyTorch's torch.save wrote (.pth, .pt, .bin)" },
    { OPTION_TEXT, "part", OPTION_FIELD(part), "KEY", .otherwise = "found by itself",
      .help = "Where in a file of torch.save the tensors are, such as model_ema" },
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .otherwise = "the one that the weights name, or fit",
      .help = "The model, as vitro models lists it" },
    { OPTION_INTEGER, "top", OPTION_FIELD(top), "K", 1, 1e6, .fallback = "5",
      .help = "How many classes to name, the most probable first" },
    { OPTION_TEXT, "labels", OPTION_FIELD(labels), "FILE",
      .otherwise = "those in the weights, ImageNet's for 1000 classes, else numbers",
      .help = "The names of the classes, one a line" },
    { OPTION_FLAG, "json", OPTION_FIELD(json), .help = "Print JSON" },
    { OPTION_INTEGER, "image-size", OPTION_FIELD(image_size), "N", 1, 1e5, .otherwise = "the model's",
      .help = "Side of the pictures that the model takes; position embeddings are resampled" },
    { OPTION_INTEGER, "batch", OPTION_FIELD(batch), "N", 1, 1e6, .fallback = "16", .help = "Pictures at a time" },
    { OPTION_TEXT, "device", OPTION_FIELD(device), "NAME", .fallback = "cpu",
      .help = "cpu, cuda: an NVIDIA GPU, or cuda:1, the second, or reference: the slow f64 oracle" },
    { 0 },
};
static const command_line line = {
    .version = "vitro classify " VITRO_VERSION,
    .doc = "Says which classes pictures are of, with probabilities. They are made ready as the model's weights want "
           "it: vitro models has how.",
    .tables = { table },
    .no_models = true,
};

typedef struct classification {
    const options *options;
    const classifier *net;
    model_card card;
    labels labels;
    int64_t top;   /* classes to name, of which there may be fewer than asked for */
    json_t *list;  /* what is printed in the end */
    bool unread;   /* a picture was left out */
    float *images; /* of a batch [options->batch, 3, height, width], */
    const char **files;
    int64_t count; /* and how many are in it */
} classification;

/* -- What is said -------------------------------------------------------------------------------------------------- */

static void print_row(const classification *c, double probability, int64_t class)
{
    const char *name = c->labels.names ? c->labels.names[class] : "";
    printf("%9.4f %%  %4lld%s%s\n", 100 * probability, (long long)class, *name ? "  " : "", name);
}

static json_t *json_of_row(const classification *c, double probability, int64_t class)
{
    json_t *row = json_pack("{sI sf}", "class", (json_int_t) class, "probability", probability);
    if (c->labels.names) json_object_set_new(row, "name", json_of_text(c->labels.names[class]));
    return row;
}

static void say(const classification *c, const char *file, const double *probabilities, const int64_t *classes)
{
    json_t *rows = json_array();
    if (!c->options->json) puts(file);
    for (int64_t i = 0; i < c->top; i++)
        if (c->options->json)
            json_array_append_new(rows, json_of_row(c, probabilities[i], classes[i]));
        else
            print_row(c, probabilities[i], classes[i]);
    json_array_append_new(c->list, json_pack("{so so}", "file", json_of_text(file), "top", rows));
}

static void print_json(const classification *c)
{
    json_t *all = json_pack("{ss so sO}", "model", c->net->name, "weights", json_of_text(c->options->weights),
                            "pictures", c->list);
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    puts("");
    json_decref(all);
}

/* -- What is computed ---------------------------------------------------------------------------------------------- */

/* Puts a picture into the batch; one that cannot be read is named. */
static void add(classification *c, const char *file)
{
    const common_config *config = c->net->config;
    vt_picture picture, seen;
    bool read = vt_picture_read(file, &picture);
    if (!read) failure_report();
    if (read && preprocess_cut(&picture, c->net->pictures, config->height, config->width, &seen)) {
        preprocess_normalize(&seen, c->net->pictures, c->images + c->count * 3 * config->height * config->width);
        c->files[c->count++] = file;
        vt_picture_free(&seen);
    } else if (read)
        failure_report_of(file);
    c->unread |= vt_failed();
    vt_error_clear();
    vt_picture_free(&picture);
}

/* Classifies the batch and empties it. */
static bool classify(classification *c, double *probabilities, int64_t *classes)
{
    const common_config *config = c->net->config;
    VT_SCOPE;
    vt_tensor images = vt_from_data(c->images, VT_SHAPE(c->count, 3, config->height, config->width), VT_F32), found;
    vt_tensor top = vt_topk(vt_softmax(classifier_forward(c->net, images), 1), c->top, 1, .indices = &found);
    if (!vt_read(top, probabilities, c->count * c->top, VT_F64) || !vt_read(found, classes, c->count * c->top, VT_I64))
        return false;
    for (int64_t i = 0; i < c->count; i++)
        if (isfinite(probabilities[i * c->top]))
            say(c, c->files[i], probabilities + i * c->top, classes + i * c->top);
        else {
            fprintf(stderr, "vitro: %s: the model gives no numbers\n", c->files[i]);
            c->unread = true;
        }
    c->count = 0;
    fflush(stdout);
    return true;
}

static bool classify_all(classification *c, const picture_files *files)
{
    const common_config *config = c->net->config;
    const int64_t batch = files->count < c->options->batch ? files->count : c->options->batch;
    double *probabilities = calloc((size_t)(batch * c->top + 1), sizeof *probabilities);
    int64_t *classes = calloc((size_t)(batch * c->top + 1), sizeof *classes);
    c->files = calloc((size_t)batch + 1, sizeof *c->files);
    c->images = calloc((size_t)batch + 1, (size_t)(3 * config->height * config->width) * sizeof *c->images);
    if (!probabilities || !classes || !c->files || !c->images)
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for %lld pictures at a time; --batch has them",
                       (long long)batch);
    for (int i = 0; i < files->count && !vt_failed(); i++) {
        add(c, files->paths[i]);
        if (c->count == batch || (c->count && i + 1 == files->count)) classify(c, probabilities, classes);
    }
    free(probabilities);
    free(classes);
    free(c->files);
    free(c->images);
    return !vt_failed();
}

/* -- The command --------------------------------------------------------------------------------------------------- */

static bool prepare(classification *c)
{
    const common_config *config = c->net->config;
    c->top = config->classes < c->options->top ? config->classes : c->options->top;
    c->list = json_array();
    return labels_open(c->options->labels, &c->card, config->classes, &c->labels);
}

static int run(int argc, char **argv)
{
    options o = { .image_size = VT_AUTO };
    command_line_parse(&line, argc, argv, &o);
    vt_set_device(o.device);
    picture_files files = { 0 };
    classification c = { .options = &o };
    classifier *net = vt_failed() ? NULL : open_model(o.weights, o.part, o.model, o.image_size, &c.card);
    c.net = net;
    if (net && prepare(&c) && picture_files_list(&o.images, &files) && classify_all(&c, &files) && o.json)
        print_json(&c);
    const bool incomplete = c.unread || files.lacking;
    labels_close(&c.labels);
    json_decref(c.list);
    picture_files_free(&files);
    classifier_free(net);
    model_card_free(&c.card);
    return vt_failed() ? failure_report() : incomplete;
}

const command command_classify = { "classify", "say what is in pictures", &line, run };
