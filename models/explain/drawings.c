/* drawings.c - an explanation in pictures. */
#include "explain/drawings.h"
#include "explain/sheet.h"
#include "program/path.h"

/* A layer that lacks the head has an empty place. */
static bool draw_head(sheet *s, int row, int column, const attention_map *m, int64_t layer, int64_t head)
{
    char caption[80], of[32] = "mean of heads";
    heat_map map;
    if (head >= m->heads) return true;
    if (!attention_map_over_picture(m, head, &map)) return false;
    if (head != MEAN_OF_HEADS) snprintf(of, sizeof of, "head %lld", (long long)head);
    snprintf(caption, sizeof caption, "layer %lld, %s", (long long)layer, of);
    bool drawn = sheet_add_map(s, row, column, &map, caption);
    heat_map_free(&map);
    return drawn;
}

/* The chosen layers, a column each, and heads, a row each. */
static bool draw_layers(sheet *s, const results *r)
{
    bool drawn = true;
    sheet_add_view(s, 0, 0, "picture");
    for (int row = 0; row < r->heads.count; row++)
        for (int i = 0; i < r->layers.count && drawn; i++) {
            const int64_t layer = r->layers.number[i];
            drawn = draw_head(s, row, i + 1, &r->explanation.maps[layer - 1], layer, r->heads.number[row]);
        }
    return drawn;
}

/* The rollout, and what the mask leaves of the last layer. */
static bool draw_attention(sheet *s, const results *r, int *column)
{
    const explanation *e = &r->explanation;
    char caption[64];
    heat_map map;
    if (e->rollout.tokens > 0) {
        bool drawn = rollout_over_picture(&e->rollout, &map) && sheet_add_map(s, 0, (*column)++, &map, "rollout");
        heat_map_free(&map);
        if (!drawn) return false;
    }
    if (!attention_map_over_picture(&e->maps[e->layers - 1], MEAN_OF_HEADS, &map)) return false;
    snprintf(caption, sizeof caption, "%g %% of layer %d", 100 * r->keep, e->layers);
    bool drawn = sheet_add_mask(s, 0, (*column)++, &map, r->keep, caption);
    heat_map_free(&map);
    return drawn;
}

static bool draw_explanation(sheet *s, const results *r)
{
    const explanation *e = &r->explanation;
    char caption[96], name[64];
    int column = 1;
    sheet_add_view(s, 0, 0, "picture");
    if (e->layers > 0 && !draw_attention(s, r, &column)) return false;
    if (e->token_weights.values && !sheet_add_map(s, 0, column++, &e->token_weights, "weights of the tokens"))
        return false;
    snprintf(caption, sizeof caption, "Grad-CAM, %s", results_class(r, e->class, name));
    return !e->grad_cam.values || sheet_add_map(s, 0, column, &e->grad_cam, caption);
}

static bool write_sheet(const results *r, const vt_picture *view, const char *name, int rows, int columns,
                        bool (*draw)(sheet *s, const results *r))
{
    char path[PATH_SIZE];
    sheet s;
    if (!sheet_new(&s, view, rows, columns)) return false;
    bool ok = draw(&s, r) && vt_picture_write_png(path_join(path, r->folder, name), &s.paper);
    sheet_free(&s);
    return ok;
}

static bool write_sheets(const results *r, const vt_picture *view)
{
    const explanation *e = &r->explanation;
    const int columns = 1 + (e->rollout.tokens > 0) + (e->layers > 0) + (e->token_weights.values != NULL) +
                        (e->grad_cam.values != NULL);
    if (e->layers > 0 && !write_sheet(r, view, "attention.png", r->heads.count, 1 + r->layers.count, draw_layers))
        return false;
    return write_sheet(r, view, "explanation.png", 1, columns, draw_explanation);
}

bool drawings_write(const results *r)
{
    char path[PATH_SIZE];
    vt_picture smaller;
    if (!vt_picture_write_png(path_join(path, r->folder, "picture.png"), &r->view)) return false;
    if (!vt_picture_resize(&r->view, (r->view.height + 1) / 2, (r->view.width + 1) / 2, VT_FILTER_BICUBIC, &smaller))
        return false;
    bool written = write_sheets(r, &smaller);
    vt_picture_free(&smaller);
    return written;
}
