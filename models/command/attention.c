/* attention.c - vitro attention: where in a picture a model looks. */
#include "command/command.h"
#include "explain/choice.h"
#include "explain/drawings.h"
#include "explain/page.h"
#include "explain/tables.h"
#include "preprocess.h"
#include "program/command_line.h"
#include "program/failure.h"
#include "program/open_model.h"
#include "program/output_folder.h"
#include "program/whole_file.h"
#include "zoo.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *picture, *weights, *part, *model, *labels, *device, *out, *layers, *heads;
    int64_t image_size, class;
    double keep, discard;
} options;

static const command_option table[] = {
    { OPTION_ARGUMENT, "IMAGE", OPTION_FIELD(picture), .required = true, .help = "A JPEG or PNG file" },
    { OPTION_TEXT, "weights", OPTION_FIELD(weights), "FILE", .required = true,
      .help = "The weights: safetensors, or what PyTorch's torch.save wrote (.pth, .pt, .bin)" },
    { OPTION_TEXT, "part", OPTION_FIELD(part), "KEY", .otherwise = "found by itself",
      .help = "Where in a file of torch.save the tensors are, such as model_ema" },
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .otherwise = "the one that the weights name, or fit",
      .help = "The model, as vitro models lists it" },
    { OPTION_TEXT, "labels", OPTION_FIELD(labels), "FILE",
      .otherwise = "those in the weights, ImageNet's for 1000 classes, else numbers",
      .help = "The names of the classes, one a line" },
    { OPTION_INTEGER, "image-size", OPTION_FIELD(image_size), "N", 1, 1e5, .otherwise = "the model's",
      .help = "Side of the pictures that the model takes; position embeddings are resampled" },
    { OPTION_TEXT, "device", OPTION_FIELD(device), "NAME", .fallback = "cpu",
      .help = "cpu, cuda: an NVIDIA GPU, or cuda:1, the second, or reference: the slow f64 oracle" },
    { OPTION_TEXT, "out", OPTION_FIELD(out), "DIR", .otherwise = "the picture's name with -attention behind it",
      .help = "The folder that the results go to" },
    { .kind = OPTION_HEADING, .name = "What is drawn:" },
    { OPTION_TEXT, "layers", OPTION_FIELD(layers), "LIST", .otherwise = "five spread over the depth",
      .help = "Layers, counted from 1: 1,3,6,9,12" },
    { OPTION_TEXT, "heads", OPTION_FIELD(heads), "LIST", .fallback = "mean",
      .help = "all, mean, or heads, counted from 0: 0,1,2" },
    { OPTION_NUMBER, "keep", OPTION_FIELD(keep), "SHARE", 0, 1, .above = true, .fallback = "0.6",
      .help = "The share of the last layer's attention that the mask keeps" },
    { OPTION_NUMBER, "discard", OPTION_FIELD(discard), "SHARE", 0, 1, .fallback = "0",
      .help = "The share of the lowest attention of a layer that the rollout leaves out" },
    { OPTION_INTEGER, "class", OPTION_FIELD(class), "N", 0, 1e9, .otherwise = "the most probable",
      .help = "The class, counted from 0, that Grad-CAM is of" },
    { 0 },
};
static const command_line line = {
    .version = "vitro attention " VITRO_VERSION,
    .doc =
        "Shows where in a picture a model looks: what the class token attends to, layer by layer and head by head; "
        "attention rollout; Grad-CAM. Writes pictures (attention.png, explanation.png), tables (maps.csv, layers.csv) "
        "and a page to explore them with (attention.html).",
    .tables = { table },
    .no_models = true,
};

enum { FOLDER_SIZE = 512 };

static bool write_tables(const results *r)
{
    whole_file file;
    FILE *stream = whole_file_open(&file, r->folder, "maps.csv");
    if (stream) tables_write_maps(stream, &r->explanation);
    if (!whole_file_close(&file)) return false;
    if (r->explanation.layers == 0) return true;
    stream = whole_file_open(&file, r->folder, "layers.csv");
    if (stream) tables_write_layers(stream, &r->explanation, r->net->config);
    return whole_file_close(&file);
}

/* What the model sees, larger by a whole number where it is small. */
static bool look_at(results *r, const vt_picture *picture, vt_tensor *image)
{
    enum { DRAWN_SIDE = 448 };
    const common_config *c = r->net->config;
    const int64_t side = c->height > c->width ? c->height : c->width;
    const int64_t times = side < DRAWN_SIDE ? (DRAWN_SIDE + side - 1) / side : 1;
    vt_picture seen;
    if (!preprocess_cut(picture, r->net->pictures, times * c->height, times * c->width, &r->view)) return false;
    if (!preprocess_cut(picture, r->net->pictures, c->height, c->width, &seen)) return false;
    float *values = malloc((size_t)(3 * c->height * c->width) * sizeof *values);
    if (values) {
        preprocess_normalize(&seen, r->net->pictures, values);
        *image = vt_from_data(values, VT_SHAPE(1, 3, c->height, c->width), VT_F32);
    } else {
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a picture of %lld by %lld pixels", (long long)c->width,
                       (long long)c->height);
    }
    vt_picture_free(&seen);
    free(values);
    return !vt_failed();
}

static bool explain_picture(results *r, const options *o)
{
    VT_SCOPE;
    vt_picture picture;
    vt_tensor image = VT_INERT;
    if (!vt_picture_read(o->picture, &picture)) return false;
    bool ok = look_at(r, &picture, &image) && explain(&r->explanation, r->net, image, o->class, o->discard);
    vt_picture_free(&picture);
    return ok;
}

static void report(const results *r)
{
    const explanation *e = &r->explanation;
    char name[64];
    for (int i = 0; i < e->ranked_count; i++) {
        const long long class = e->ranked[i].class;
        printf("%6.2f %%  %4lld%s%s\n", 100 * e->ranked[i].probability, class, r->labels.names ? "  " : "",
               r->labels.names ? r->labels.names[class] : "");
    }
    if (e->layers == 0) printf("%s has no maps of attention; Grad-CAM shows where the evidence is\n", r->net->name);
    if (e->token_weights.values) printf("weights of the tokens: %s, the mean of heads and channels\n", e->weighing);
    if (e->rollout.tokens > 0)
        printf("rollout: layers %d to %d\n", e->rollout.first + 1, e->rollout.first + e->rollout.layers);
    if (e->grad_cam.values)
        printf("Grad-CAM: %s, on %s\n", results_class(r, e->class, name), e->feature_map);
    else
        printf("no Grad-CAM: %s does not depend on the feature map\n", results_class(r, e->class, name));
    printf("results: %s/attention.html and beside it\n", r->folder);
}

/* What is wrong shows before anything is written. */
static bool explain_and_write(results *r, const options *o, const model_card *card)
{
    return labels_open(o->labels, card, r->net->config->classes, &r->labels) && explain_picture(r, o) &&
           choose_layers(r, o->layers) && choose_heads(r, o->heads) && output_folder_prepare(r->folder) &&
           drawings_write(r) && write_tables(r) && attention_page_write(r);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "cat.jpg": "cat-attention" */
static const char *name_folder(const char *picture, char folder[FOLDER_SIZE])
{
    const char *dot = strrchr(picture, '.');
    const int length = dot && dot != picture ? (int)(dot - picture) : (int)strlen(picture);
    snprintf(folder, FOLDER_SIZE, "%.*s-attention", length, picture);
    return folder;
}

static int run(int argc, char **argv)
{
    options o = { .image_size = VT_AUTO, .class = VT_AUTO };
    char folder[FOLDER_SIZE];
    command_line_parse(&line, argc, argv, &o);
    vt_set_device(o.device);
    const char *name = base_name(o.picture);
    model_card card = { 0 };
    classifier *net = vt_failed() ? NULL : open_model(o.weights, o.part, o.model, o.image_size, &card);
    results r = { net, name, o.out ? o.out : name_folder(name, folder), .keep = o.keep };
    if (net && explain_and_write(&r, &o, &card)) report(&r);
    explanation_free(&r.explanation);
    vt_picture_free(&r.view);
    labels_close(&r.labels);
    classifier_free(net);
    model_card_free(&card);
    return vt_failed() ? failure_report() : 0;
}

const command command_attention = { "attention", "show where in a picture a model looks", &line, run };
