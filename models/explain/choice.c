/* choice.c - the layers and heads that are drawn. */
#include "explain/choice.h"
#include <string.h>

/* Five, spread over the depth: 1, 3, 6, 9, 12 of 12. */
static void spread_layers(int layers, number_list *list)
{
    enum { GAPS = 4 };
    list->count = 0;
    for (int i = 0; i <= GAPS && layers > 0; i++) {
        int64_t layer = i == 0 ? 1 : (2 * i * layers + GAPS) / (2 * GAPS);
        if (i == 0 || layer > list->number[list->count - 1]) list->number[list->count++] = layer;
    }
}

bool choose_layers(results *r, const char *asked)
{
    const int layers = r->explanation.layers;
    spread_layers(layers, &r->layers);
    if (!asked) return true;
    if (layers == 0)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "--layers is \"%s\", and %s has no maps of attention", asked,
                       r->net->name);
    if (vt_failed() || !number_list_parse(&r->layers, "layers", asked, "")) return false;
    for (int i = 0; i < r->layers.count; i++)
        if (r->layers.number[i] < 1 || r->layers.number[i] > layers)
            vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                           "there is no layer %lld: %s has %d layers of attention, counted from 1",
                           (long long)r->layers.number[i], r->net->name, layers);
    return !vt_failed();
}

static bool has_head(const results *r, int64_t head)
{
    for (int i = 0; i < r->layers.count; i++) {
        const int64_t layer = r->layers.number[i], heads = r->explanation.maps[layer - 1].heads;
        if (head < heads) continue;
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "there is no head %lld: layer %lld of %s has %lld, counted from 0",
                       (long long)head, (long long)layer, r->net->name, (long long)heads);
        return false;
    }
    return true;
}

/* All that any of the layers has. */
static void choose_all_heads(results *r)
{
    int64_t most = 0;
    for (int i = 0; i < r->layers.count; i++) {
        const int64_t heads = r->explanation.maps[r->layers.number[i] - 1].heads;
        most = heads > most ? heads : most;
    }
    r->heads.count = (int)(most < MOST_NUMBERS ? most : MOST_NUMBERS);
    for (int i = 0; i < r->heads.count; i++) r->heads.number[i] = i;
}

bool choose_heads(results *r, const char *asked)
{
    r->heads = (number_list){ 1, { MEAN_OF_HEADS } };
    if (strcmp(asked, "mean") == 0) return true;
    if (strcmp(asked, "all") == 0) {
        choose_all_heads(r);
        return true;
    }
    if (!number_list_parse(&r->heads, "heads", asked, "all, mean, or ")) return false;
    for (int i = 0; i < r->heads.count; i++)
        if (!has_head(r, r->heads.number[i])) return false;
    return true;
}
