/* page.c - an explanation as one page. The page is attention.html; its data go where the page says @DATA@. */
#include "explain/page.h"
#include "explain/palette.h"
#include "program/json_text.h"
#include "program/page_data.h"
#include "program/path.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

extern const char attention_page[];

static void *memory(size_t size)
{
    void *m = malloc(size + 1);
    if (!m) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a page of %zu bytes", size);
    return m;
}

/* -- Maps ---------------------------------------------------------------------------------------------------------- */

/* A row as bytes, 255 of which stand for its largest value. */
static float quantise(const double *row, int64_t count, uint8_t *bytes)
{
    double largest = 0;
    for (int64_t i = 0; i < count; i++) largest = row[i] > largest ? row[i] : largest;
    for (int64_t i = 0; i < count; i++) bytes[i] = largest > 0 ? (uint8_t)(255 * row[i] / largest + 0.5) : 0;
    return (float)largest;
}

static void put_float(float x, uint8_t bytes[4])
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(bits >> 8 * i);
}

/* Rows of keys [rows, keys], of which `front` are no patches. These are as they are, since they may be far larger than
 * all patches: "values" has the patches' bytes, "scales" what 255 stands for in a row, and then the tokens in front. */
static bool add_rows(json_t *layer, const double *values, int64_t rows, int64_t keys, int64_t front)
{
    const int64_t patches = keys - front, numbers = 1 + front;
    uint8_t *bytes = memory((size_t)(rows * patches)), *scales = memory((size_t)(4 * rows * numbers));
    for (int64_t r = 0; bytes && scales && r < rows; r++) {
        const double *row = values + r * keys;
        put_float(quantise(row + front, patches, bytes + r * patches), scales + 4 * r * numbers);
        for (int64_t k = 0; k < front; k++) put_float((float)row[k], scales + 4 * (r * numbers + 1 + k));
    }
    if (bytes && scales) {
        json_object_set_new(layer, "values", json_of_bytes("", bytes, (size_t)(rows * patches)));
        json_object_set_new(layer, "scales", json_of_bytes("", scales, (size_t)(4 * rows * numbers)));
    }
    free(bytes);
    free(scales);
    return !vt_failed();
}

static json_t *layout_json(const token_layout *l)
{
    return json_pack("{sI sI sI sI sI sI sI sI sI sI}", "prefix", (json_int_t)l->prefix, "rows", (json_int_t)l->rows,
                     "columns", (json_int_t)l->columns, "keyPrefix", (json_int_t)l->key_prefix, "keyRows",
                     (json_int_t)l->key_rows, "keyColumns", (json_int_t)l->key_columns, "windowRows",
                     (json_int_t)l->window_rows, "windowColumns", (json_int_t)l->window_columns, "shiftRows",
                     (json_int_t)l->shift_rows, "shiftColumns", (json_int_t)l->shift_columns);
}

/* Of a window; keys are those that are patches. */
static void add_sizes(json_t *layer, int64_t heads, int64_t queries, int64_t keys)
{
    json_object_set_new(layer, "heads", json_integer(heads));
    json_object_set_new(layer, "queries", json_integer(queries));
    json_object_set_new(layer, "keys", json_integer(keys));
}

/* [windows, queries, keys] */
static double *mean_of_heads(const attention_map *m)
{
    const int64_t each = m->queries * m->keys;
    double *mean = memory((size_t)(m->windows * each) * sizeof *mean);
    for (int64_t i = 0; mean && i < m->windows * each; i++) {
        const double *first = m->values + i / each * m->heads * each + i % each;
        mean[i] = 0;
        for (int64_t h = 0; h < m->heads; h++) mean[i] += first[h * each] / (double)m->heads;
    }
    return mean;
}

static json_t *layer_json(const attention_map *m, const common_config *picture, bool means)
{
    attention_statistics s;
    double *mean = means ? mean_of_heads(m) : NULL;
    const int64_t heads = means ? 1 : m->heads;
    json_t *layer = layout_json(&m->layout);
    if (attention_map_measure(m, MEAN_OF_HEADS, picture->height, picture->width, &s) && (mean || !means)) {
        add_sizes(layer, heads, m->queries, m->keys - m->layout.key_prefix);
        add_rows(layer, means ? mean : m->values, m->windows * heads * m->queries, m->keys, m->layout.key_prefix);
        json_object_set_new(layer, "name", json_string(m->name));
        json_object_set_new(layer, "entropy", json_real(s.entropy));
        json_object_set_new(layer, "distance", json_real(s.distance));
        json_object_set_new(layer, "patchMean", json_real(s.patch_mean));
    }
    free(mean);
    return layer;
}

static bool takes_too_much(const explanation *e)
{
    int64_t bytes = 0;
    for (int i = 0; i < e->layers; i++)
        bytes += e->maps[i].windows * e->maps[i].heads * e->maps[i].queries * e->maps[i].keys;
    return bytes > MOST_PAGE_BYTES;
}

static json_t *rollout_json(const rollout *r)
{
    if (r->tokens == 0) return json_null();
    token_layout layout = r->layout;
    layout.key_prefix = layout.prefix;
    layout.key_rows = layout.rows;
    layout.key_columns = layout.columns;
    layout.window_rows = layout.window_columns = layout.shift_rows = layout.shift_columns = 0;
    json_t *json = layout_json(&layout);
    add_sizes(json, 1, r->tokens, r->tokens - layout.prefix);
    add_rows(json, r->values, r->tokens, r->tokens, layout.prefix);
    json_object_set_new(json, "first", json_integer(r->first));
    json_object_set_new(json, "layers", json_integer(r->layers));
    return json;
}

/* -- The rest ------------------------------------------------------------------------------------------------------ */

static json_t *grad_cam_json(const results *r)
{
    const explanation *e = &r->explanation;
    char name[64];
    if (!e->grad_cam.values) return json_null();
    json_t *values = json_array();
    for (int64_t i = 0; i < e->grad_cam.rows * e->grad_cam.columns; i++)
        json_array_append_new(values, json_real(e->grad_cam.values[i]));
    return json_pack("{sI sI so ss so}", "rows", (json_int_t)e->grad_cam.rows, "columns",
                     (json_int_t)e->grad_cam.columns, "values", values, "name", e->feature_map, "className",
                     json_of_text(results_class(r, e->class, name)));
}

static json_t *classes_json(const results *r)
{
    json_t *classes = json_array();
    for (int i = 0; i < r->explanation.ranked_count; i++) {
        const ranked_class *c = &r->explanation.ranked[i];
        char name[64];
        json_array_append_new(classes, json_pack("{so sf}", "name", json_of_text(results_class(r, c->class, name)),
                                                 "probability", c->probability));
    }
    return classes;
}

static json_t *palette_json(void)
{
    json_t *stops = json_array();
    for (int i = 0; i < PALETTE_STOPS; i++)
        json_array_append_new(stops, json_pack("[iii]", palette_stops[i][0], palette_stops[i][1], palette_stops[i][2]));
    return stops;
}

/* The whole file as a "data:" address. */
static json_t *picture_json(const char *path)
{
    FILE *file = fopen(path, "rb");
    json_t *value = NULL;
    uint8_t *bytes = NULL;
    long size = -1;
    if (file && fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    if (size >= 0) bytes = memory((size_t)size);
    if (bytes && fseek(file, 0, SEEK_SET) == 0 && fread(bytes, 1, (size_t)size, file) == (size_t)size)
        value = json_of_bytes("data:image/png;base64,", bytes, (size_t)size);
    if (!value) vt_error_raise(VT_ERROR_FILE, VT_HERE, "cannot read %s: %s", path, strerror(errno));
    if (file) fclose(file);
    free(bytes);
    return value;
}

static const char *note_of(const explanation *e, bool means)
{
    if (e->layers == 0) return "This model has no maps of attention; Grad-CAM shows where the evidence is";
    return means ? "The maps of single heads would make this page too large: it has their means" : "";
}

static json_t *data_of(const results *r)
{
    const explanation *e = &r->explanation;
    const bool means = takes_too_much(e);
    char path[PATH_SIZE];
    json_t *layers = json_array();
    for (int i = 0; i < e->layers && !vt_failed(); i++)
        json_array_append_new(layers, layer_json(&e->maps[i], r->net->config, means));
    return json_pack("{so ss so ss so so so so so sf}", "title", json_of_text(r->name), "model", r->net->name,
                     "picture", picture_json(path_join(path, r->folder, "picture.png")), "note", note_of(e, means),
                     "layers", layers, "rollout", rollout_json(&e->rollout), "gradCam", grad_cam_json(r), "classes",
                     classes_json(r), "palette", palette_json(), "cover", (double)PALETTE_COVER);
}

bool attention_page_write(const results *r)
{
    return !vt_failed() && page_write(r->folder, "attention.html", attention_page, data_of(r));
}
