/* tables.c - the numbers of an explanation as comma-separated values. */
#include "explain/tables.h"
#include <vitro/vitro.h>

static const char *head_name(int64_t head, char text[24])
{
    snprintf(text, 24, head == MEAN_OF_HEADS ? "mean" : "%lld", (long long)head);
    return text;
}

/* `columns` are those in front: "rollout,,". */
static void write_map(FILE *stream, const heat_map *map, const char *columns)
{
    for (int64_t row = 0; row < map->rows; row++)
        for (int64_t column = 0; column < map->columns; column++)
            fprintf(stream, "%s,%lld,%lld,%.9g\n", columns, (long long)row, (long long)column,
                    map->values[row * map->columns + column]);
}

static bool write_layer(FILE *stream, const attention_map *m, int layer, int64_t head)
{
    heat_map map;
    char columns[64], name[24];
    if (!attention_map_over_picture(m, head, &map)) return false;
    snprintf(columns, sizeof columns, "attention,%d,%s", layer + 1, head_name(head, name));
    write_map(stream, &map, columns);
    heat_map_free(&map);
    return true;
}

bool tables_write_maps(FILE *stream, const explanation *e)
{
    heat_map map;
    fputs("map,layer,head,row,column,value\n", stream);
    for (int layer = 0; layer < e->layers; layer++)
        for (int64_t head = MEAN_OF_HEADS; head < e->maps[layer].heads; head++)
            if (!write_layer(stream, &e->maps[layer], layer, head)) return false;
    if (e->rollout.tokens > 0) {
        if (!rollout_over_picture(&e->rollout, &map)) return false;
        write_map(stream, &map, "rollout,,");
        heat_map_free(&map);
    }
    if (e->token_weights.values) write_map(stream, &e->token_weights, "token_weights,,");
    if (e->grad_cam.values) write_map(stream, &e->grad_cam, "grad_cam,,");
    return true;
}

bool tables_write_layers(FILE *stream, const explanation *e, const common_config *picture)
{
    fputs("layer,name,head,entropy,mean_distance,patch_mean\n", stream);
    for (int layer = 0; layer < e->layers; layer++)
        for (int64_t head = MEAN_OF_HEADS; head < e->maps[layer].heads; head++) {
            attention_statistics s;
            char name[24];
            if (!attention_map_measure(&e->maps[layer], head, picture->height, picture->width, &s)) return false;
            fprintf(stream, "%d,%s,%s,%.9g,%.9g,%.9g\n", layer + 1, e->maps[layer].name, head_name(head, name),
                    s.entropy, s.distance, s.patch_mean);
        }
    return true;
}
