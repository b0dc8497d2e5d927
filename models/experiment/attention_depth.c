/* attention_depth.c - how wide and how far the attention of each layer looks (Dosovitskiy et al. 2021, figure 7). */
#include "experiment/experiments.h"
#include "explain/attention_map.h"
#include "program/objective.h"

enum { ENTROPY, DISTANCE, PATCH_MEAN, MOST_PICTURES = 64 };

/* -- Measuring ----------------------------------------------------------------------------------------------------- */

/* Adds the mean of a layer's heads for one picture. */
static bool add_layer(measured *m, int layer, const attention_map *map, const common_config *picture)
{
    for (int64_t head = 0; head < map->heads; head++) {
        attention_statistics s;
        if (!attention_map_measure(map, head, picture->height, picture->width, &s)) return false;
        m->values[ENTROPY][layer] += s.entropy / (double)map->heads;
        m->values[DISTANCE][layer] += s.distance / (double)map->heads;
        m->values[PATCH_MEAN][layer] += s.patch_mean / (double)map->heads;
    }
    return true;
}

static bool add_value(measured *m, int layer, const classifier *net, const vt_named_tensor *value)
{
    attention_map map;
    token_layout layout = { 0 };
    if (!net->family->layout(net->layers, value->name, &layout)) return !vt_failed();
    if (!attention_map_read(&map, value->name, value->tensor, &layout)) return false;
    const bool added = add_layer(m, layer, &map, net->config);
    attention_map_free(&map);
    return added;
}

/* False at the end of the pictures. */
static bool add_picture(measured *m, const classifier *net, vt_loader *test)
{
    VT_SCOPE;
    vt_batch batch;
    vt_named_tensor maps[MOST_PLACES];
    if (!vt_loader_next_tensors(test, &batch)) return false;
    classifier_forward(net, images_of_size(net, vt_cast(batch.images, VT_DTYPE_DEFAULT)));
    const int layers = vt_model_values(net->model, net->family->attention, maps, MOST_PLACES);
    m->places = layers < MOST_PLACES ? layers : MOST_PLACES;
    for (int i = 0; i < m->places; i++) vt_keep(maps[i].tensor); /* all are computed at once */
    for (int i = 0; i < m->places && add_value(m, i, net, &maps[i]); i++) continue;
    for (int i = 0; i < m->places; i++) vt_free(maps[i].tensor);
    return !vt_failed();
}

static bool measure(measured *m, const classifier *net, vt_loader *test)
{
    int pictures = 0;
    while (pictures < MOST_PICTURES && add_picture(m, net, test)) pictures++;
    for (int layer = 0; layer < m->places; layer++) {
        m->along[layer] = layer + 1;
        for (int i = ENTROPY; i <= PATCH_MEAN; i++) m->values[i][layer] /= pictures;
    }
    return !vt_failed();
}

/* -- Sentences ----------------------------------------------------------------------------------------------------- */

/* The layer, counted from 1, where the mean of the seeds is largest, or of `sign` -1 smallest. */
static int extreme(const findings *f, int model, int measure, int sign)
{
    double values[MOST_SEEDS], best = 0;
    int at = 0;
    for (int i = 0; i < findings_of(f, model, 0)->places; i++) {
        const double mean = sign * sample_mean(findings_sample(f, model, measure, i, values));
        if (at > 0 && mean <= best) continue;
        best = mean;
        at = i + 1;
    }
    return at;
}

static void say(FILE *out, const findings *f)
{
    static const char *const names[] = { "the entropy of the class token's attention (in nats)",
                                         "the distance of a patch from those that it attends to (in pixels)",
                                         "the class token's attention to a patch" };
    for (int model = 0; model < f->plan->model_count; model++)
        for (int i = ENTROPY; i <= PATCH_MEAN; i++) {
            const int last = findings_of(f, model, 0)->places - 1;
            fprintf(out, "From layer 1 to layer %d of %s, %s ", last + 1, f->plan->models[model].name, names[i]);
            findings_say_change(out, f, model, i, 0, last);
            fprintf(out, "Of all layers, %s is largest in layer %d and smallest in layer %d.\n", names[i],
                    extreme(f, model, i, 1), extreme(f, model, i, -1));
        }
}

const look depth_look = {
    .name = "attention-depth",
    .along = "layer",
    .measures = { { "entropy", "Entropy of the class token's attention, nats", false },
                  { "distance", "Distance that patches look, pixels", false },
                  { "patch_mean", "Class token to a patch, the mean", false } },
    .measure_count = 3,
    .batch = 1,
    .measure = measure,
    .say = say,
};
