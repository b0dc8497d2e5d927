/* attention_map.c - a layer's map of attention. */
#include "explain/attention_map.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

/* -- Windows ------------------------------------------------------------------------------------------------------- */

static bool has_windows(const token_layout *l)
{
    return l->window_rows > 0;
}

static int64_t windows_across(const token_layout *l)
{
    return (l->columns + l->window_columns - 1) / l->window_columns;
}

static int64_t windows_down(const token_layout *l)
{
    return (l->rows + l->window_rows - 1) / l->window_rows;
}

/* The window that a token is in, and its place there. */
static int64_t window_of(const token_layout *l, int64_t token, int64_t *place)
{
    int64_t row = (token / l->columns + l->rows - l->shift_rows) % l->rows;
    int64_t column = (token % l->columns + l->columns - l->shift_columns) % l->columns;
    *place = row % l->window_rows * l->window_columns + column % l->window_columns;
    return row / l->window_rows * windows_across(l) + column / l->window_columns;
}

/* And back: -1 at a place that only fills up the window. */
static int64_t token_at(const token_layout *l, int64_t window, int64_t place)
{
    int64_t row = window / windows_across(l) * l->window_rows + place / l->window_columns;
    int64_t column = window % windows_across(l) * l->window_columns + place % l->window_columns;
    if (row >= l->rows || column >= l->columns) return -1;
    return (row + l->shift_rows) % l->rows * l->columns + (column + l->shift_columns) % l->columns;
}

/* -- Reading ------------------------------------------------------------------------------------------------------- */

static vt_shape shape_by_layout(const token_layout *l, int64_t heads)
{
    const int64_t queries = l->prefix + l->rows * l->columns, keys = l->key_prefix + l->key_rows * l->key_columns;
    const int64_t window = l->window_rows * l->window_columns;
    if (!has_windows(l)) return VT_SHAPE(1, heads, queries, keys);
    return VT_SHAPE(windows_down(l) * windows_across(l), heads, window, window);
}

bool attention_map_read(attention_map *m, const char *name, vt_tensor value, const token_layout *layout)
{
    vt_shape shape = vt_shape_of(value), wanted = shape_by_layout(layout, shape.rank == 4 ? shape.dim[1] : 0);
    char is[128], be[128];
    if (vt_failed()) return false;
    if (!vt_shape_equal(shape, wanted) || vt_shape_count(shape) == 0) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "the map of attention %s is %s; by its layout it would be %s", name,
                       vt_shape_text(shape, is), vt_shape_text(wanted, be));
        return false;
    }
    *m = (attention_map){ name,
                          *layout,
                          shape.dim[1],
                          shape.dim[0],
                          shape.dim[2],
                          shape.dim[3],
                          malloc((size_t)vt_shape_count(shape) * sizeof *m->values) };
    if (!m->values) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the map of attention %s", name);
    if (m->values && vt_read(value, m->values, vt_shape_count(shape), VT_F64)) return true;
    attention_map_free(m);
    return false;
}

void attention_map_free(attention_map *m)
{
    free(m->values);
    *m = (attention_map){ 0 };
}

/* -- Rows ---------------------------------------------------------------------------------------------------------- */

int64_t attention_map_tokens(const attention_map *m)
{
    return m->layout.prefix + m->layout.rows * m->layout.columns;
}

int64_t attention_map_keys(const attention_map *m)
{
    const token_layout *l = &m->layout;
    return has_windows(l) ? attention_map_tokens(m) : l->key_prefix + l->key_rows * l->key_columns;
}

/* Adds share times what a query attends to. */
static void add_row(const attention_map *m, int64_t head, int64_t query, double share, double *row)
{
    const bool windows = has_windows(&m->layout);
    int64_t window = 0, place = query;
    if (windows) window = window_of(&m->layout, query, &place);
    const double *values = m->values + ((window * m->heads + head) * m->queries + place) * m->keys;
    for (int64_t k = 0; k < m->keys; k++) {
        int64_t key = windows ? token_at(&m->layout, window, k) : k;
        if (key >= 0) row[key] += share * values[k];
    }
}

void attention_map_row(const attention_map *m, int64_t head, int64_t query, double *row)
{
    memset(row, 0, (size_t)attention_map_keys(m) * sizeof *row);
    if (head != MEAN_OF_HEADS) {
        add_row(m, head, query, 1, row);
        return;
    }
    for (int64_t h = 0; h < m->heads; h++) add_row(m, h, query, 1 / (double)m->heads, row);
}

void attention_map_class_row(const attention_map *m, int64_t head, double *row)
{
    if (m->layout.prefix > 0) {
        attention_map_row(m, head, 0, row);
        return;
    }
    const int64_t queries = attention_map_tokens(m);
    const int64_t first = head == MEAN_OF_HEADS ? 0 : head, heads = head == MEAN_OF_HEADS ? m->heads : 1;
    memset(row, 0, (size_t)attention_map_keys(m) * sizeof *row);
    for (int64_t h = first; h < first + heads; h++)
        for (int64_t q = 0; q < queries; q++) add_row(m, h, q, 1 / (double)(heads * queries), row);
}

static double *row_new(const attention_map *m)
{
    double *row = malloc((size_t)attention_map_keys(m) * sizeof *row);
    if (!row) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a row of %s", m->name);
    return row;
}

bool attention_map_over_picture(const attention_map *m, int64_t head, heat_map *map)
{
    const token_layout *l = &m->layout;
    double *row = row_new(m);
    if (!row || !heat_map_new(map, l->key_rows, l->key_columns)) {
        free(row);
        return false;
    }
    attention_map_class_row(m, head, row);
    memcpy(map->values, row + l->key_prefix, (size_t)(l->key_rows * l->key_columns) * sizeof *row);
    free(row);
    return true;
}

/* -- Statistics ---------------------------------------------------------------------------------------------------- */

static double entropy_of(const double *row, int64_t count)
{
    double entropy = 0;
    for (int64_t i = 0; i < count; i++)
        if (row[i] > 0) entropy -= row[i] * log(row[i]);
    return entropy;
}

/* A side of the picture, and the places along it of queries and of keys. */
typedef struct side {
    double pixels;
    int64_t queries, keys;
} side;

static double gap(side s, int64_t query, int64_t key)
{
    return s.pixels * (((double)query + 0.5) / (double)s.queries - ((double)key + 0.5) / (double)s.keys);
}

/* Adds to the sums of the weights and of the weighted distances of the patch `query`. */
static void add_distances(const attention_map *m, side down, side across, int64_t query, const double *row,
                          double *weights, double *distances)
{
    const token_layout *l = &m->layout;
    for (int64_t k = 0; k < l->key_rows * l->key_columns; k++) {
        double weight = row[l->key_prefix + k];
        if (weight == 0) continue; /* most are, outside of a window */
        *weights += weight;
        *distances += weight * hypot(gap(down, query / l->columns, k / l->key_columns),
                                     gap(across, query % l->columns, k % l->key_columns));
    }
}

bool attention_map_measure(const attention_map *m, int64_t head, int64_t height, int64_t width,
                           attention_statistics *statistics)
{
    const token_layout *l = &m->layout;
    const side down = { (double)height, l->rows, l->key_rows }, across = { (double)width, l->columns, l->key_columns };
    const int64_t tokens = attention_map_tokens(m), keys = attention_map_keys(m);
    double *row = row_new(m), weights = 0, distances = 0;
    if (!row) return false;
    *statistics = (attention_statistics){ 0 };
    for (int64_t q = 0; q < tokens; q++) {
        attention_map_row(m, head, q, row);
        if (l->prefix == 0) statistics->entropy += entropy_of(row, keys) / (double)tokens;
        if (l->prefix > 0 && q == 0) statistics->entropy = entropy_of(row, keys);
        if (q >= l->prefix) add_distances(m, down, across, q - l->prefix, row, &weights, &distances);
    }
    statistics->distance = weights > 0 ? distances / weights : 0;
    attention_map_class_row(m, head, row);
    for (int64_t k = l->key_prefix; k < keys; k++)
        statistics->patch_mean += row[k] / (double)(l->key_rows * l->key_columns);
    free(row);
    return true;
}
