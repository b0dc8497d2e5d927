/* mistake_maps.c - where a network looked when it was wrong about a picture. */
#include "report/mistake_maps.h"
#include "explain/attention_map.h"
#include "explain/grad_cam.h"
#include "explain/palette.h"
#include "program/objective.h"
#include "report/test_picture.h"
#include <stdlib.h>

/* -- A map --------------------------------------------------------------------------------------------------------- */

/* The last map of attention, if a class token has a row in it. */
static bool find_class_attention(const classifier *net, vt_named_tensor *found, token_layout *layout)
{
    enum { MOST = 256 };
    const family *f = net->family;
    vt_named_tensor maps[MOST];
    const int count = f->attention && f->layout ? vt_model_values(net->model, f->attention, maps, MOST) : 0;
    if (count < 1 || count > MOST) return false;
    *found = maps[count - 1];
    return f->layout(net->layers, found->name, layout) && layout->prefix > 0 && layout->window_rows == 0;
}

static bool map_of_attention(const vt_named_tensor *found, const token_layout *layout, heat_map *map)
{
    attention_map attention;
    if (!attention_map_read(&attention, found->name, found->tensor, layout)) return false;
    const bool ok = attention_map_over_picture(&attention, MEAN_OF_HEADS, map);
    attention_map_free(&attention);
    return ok;
}

/* A class that does not depend on the feature map is no error: there is no map. */
static bool map_of_evidence(const classifier *net, vt_tensor logits, int said, heat_map *map)
{
    const char *feature_map;
    if (grad_cam(net, logits, said, map, &feature_map)) return true;
    if (vt_error_status() == VT_ERROR_GRADIENT) vt_error_clear();
    return !vt_failed();
}

static bool find_map(evaluation *e, const classifier *net, vt_tensor image, int said, heat_map *map)
{
    vt_named_tensor found;
    token_layout layout = { 0 };
    vt_tensor logits = classifier_forward(net, images_of_size(net, image));
    if (vt_failed()) return false;
    const bool attends = find_class_attention(net, &found, &layout);
    e->looked_by =
        attends ? "what the class token attends to in the last layer" : "where the evidence for that is (Grad-CAM)";
    return attends ? map_of_attention(&found, &layout, map) : map_of_evidence(net, logits, said, map);
}

/* -- In colours over the picture ----------------------------------------------------------------------------------- */

static bool cover(vt_picture *picture, const heat_map *map)
{
    const int64_t pixels = picture->height * picture->width;
    float *shares = malloc((size_t)pixels * sizeof *shares);
    if (!shares) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a map of %lld pixels", (long long)pixels);
    const bool ok = shares && heat_map_enlarge(map, picture->height, picture->width, shares);
    for (int64_t i = 0; ok && i < pixels; i++)
        palette_cover(picture->pixels + 3 * i, shares[i], picture->pixels + 3 * i);
    free(shares);
    return ok;
}

/* As the loader has it: [1, channels, height, width]. */
static vt_tensor tensor_of(const vt_dataset *d, const uint8_t *image, const preprocessing *how)
{
    const int64_t count = (int64_t)d->channels * d->height * d->width;
    float mean[3], std[3], *values = malloc((size_t)count * sizeof *values);
    if (!values) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a picture of the test");
    if (!values) return VT_INERT;
    for (int c = 0; c < 3; c++) mean[c] = (float)how->mean[c], std[c] = (float)how->std[c];
    vt_image_normalize(image, d->channels, d->height, d->width, mean, std, values);
    vt_tensor x = vt_from_data(values, VT_SHAPE(1, d->channels, d->height, d->width), VT_F32);
    free(values);
    return vt_cast(x, VT_DTYPE_DEFAULT);
}

static bool look(evaluation *e, int which, const classifier *net, const preprocessing *how, uint8_t *image)
{
    VT_SCOPE;
    const vt_dataset *d = e->pictures;
    vt_picture *looked = &e->looked[which];
    heat_map map = { 0 };
    if (!vt_dataset_image(d, e->mistakes[which].picture, image)) return false;
    bool ok = find_map(e, net, tensor_of(d, image, how), e->mistakes[which].said, &map);
    if (map.values) ok = test_picture_of_image(image, d, TEST_PICTURE_SIDE, looked) && cover(looked, &map);
    heat_map_free(&map);
    return ok && !vt_failed();
}

bool mistake_maps_add(evaluation *e, const classifier *net, const preprocessing *how)
{
    const vt_dataset *d = e->pictures;
    if (d->channels != 1 && d->channels != 3) return !vt_failed();
    uint8_t *image = malloc((size_t)d->channels * (size_t)d->height * (size_t)d->width);
    if (!image) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a picture of the test");
    for (int i = 0; image && i < e->mistake_count && !vt_failed(); i++) look(e, i, net, how, image);
    free(image);
    return !vt_failed();
}
