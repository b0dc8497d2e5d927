/* sheet.h - pictures of one size beside each other, with captions. */
#ifndef MODELS_EXPLAIN_SHEET_H
#define MODELS_EXPLAIN_SHEET_H

#include "explain/heat_map.h"
#include <vitro/vitro.h>

typedef struct sheet {
    const vt_picture *view; /* what all of its pictures are of: their size */
    int rows, columns;
    vt_picture paper;
} sheet;

/* White. False with an error where memory is short. */
bool sheet_new(sheet *s, const vt_picture *view, int rows, int columns);
void sheet_free(sheet *s);

/* The view itself. */
void sheet_add_view(sheet *s, int row, int column, const char *caption);
/* The map in colours over the view in grey. */
bool sheet_add_map(sheet *s, int row, int column, const heat_map *map, const char *caption);
/* The view where the places are that keep the share of the map (see heat_map_mask), and dark elsewhere. */
bool sheet_add_mask(sheet *s, int row, int column, const heat_map *map, double keep, const char *caption);

#endif
