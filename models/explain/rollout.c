/* rollout.c - attention rollout. */
#include "explain/rollout.h"
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

/* -- The matrix of a layer ----------------------------------------------------------------------------------------- */

/* The tokens' grid place that key place `key` of `keys` begins at, of `tokens`. */
static int64_t first_token(int64_t key, int64_t keys, int64_t tokens)
{
    return (key * tokens + keys - 1) / keys;
}

/* From keys, which may lie on a coarser grid, to tokens. */
static void spread(const token_layout *l, const double *keys, double *tokens)
{
    memcpy(tokens, keys, (size_t)l->prefix * sizeof *tokens);
    for (int64_t k = 0; k < l->key_rows * l->key_columns; k++) {
        const int64_t row = k / l->key_columns, column = k % l->key_columns;
        const int64_t top = first_token(row, l->key_rows, l->rows),
                      left = first_token(column, l->key_columns, l->columns);
        const int64_t bottom = first_token(row + 1, l->key_rows, l->rows);
        const int64_t right = first_token(column + 1, l->key_columns, l->columns);
        const double share = keys[l->prefix + k] / (double)((bottom - top) * (right - left));
        for (int64_t r = top; r < bottom; r++)
            for (int64_t c = left; c < right; c++) tokens[l->prefix + r * l->columns + c] = share;
    }
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The lowest share of the values becomes 0. */
static bool drop_lowest(double *values, int64_t count, double share)
{
    const int64_t dropped = (int64_t)((double)count * share);
    double *sorted = dropped > 0 ? malloc((size_t)count * sizeof *sorted) : NULL;
    if (dropped == 0) return true;
    if (!sorted) return false;
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, ascending);
    for (int64_t i = 0; i < count; i++)
        if (values[i] <= sorted[dropped - 1]) values[i] = 0;
    free(sorted);
    return true;
}

static void add_identity(double *matrix, int64_t tokens)
{
    for (int64_t q = 0; q < tokens; q++) {
        double *row = matrix + q * tokens, sum = 0;
        row[q] += 1;
        for (int64_t k = 0; k < tokens; k++) sum += row[k];
        for (int64_t k = 0; k < tokens; k++) row[k] /= sum;
    }
}

static bool layer_matrix(const attention_map *m, double discard, double *matrix)
{
    const int64_t tokens = attention_map_tokens(m);
    double *row = malloc((size_t)attention_map_keys(m) * sizeof *row);
    if (!row) return false;
    for (int64_t q = 0; q < tokens; q++) {
        attention_map_row(m, MEAN_OF_HEADS, q, row);
        spread(&m->layout, row, matrix + q * tokens);
    }
    free(row);
    if (!drop_lowest(matrix, tokens * tokens, discard)) return false;
    add_identity(matrix, tokens);
    return true;
}

/* -- Their product ------------------------------------------------------------------------------------------------- */

/* Whether its attention leads from the tokens to the same tokens, and these are those of the other layer. */
static bool continues(const attention_map *m, const token_layout *l)
{
    return m->layout.prefix == m->layout.key_prefix && m->layout.key_rows <= m->layout.rows &&
           m->layout.key_columns <= m->layout.columns && m->layout.prefix == l->prefix && m->layout.rows == l->rows &&
           m->layout.columns == l->columns;
}

/* In the context's precision: devices may have no other. */
static vt_tensor square_of(const double *values, int64_t tokens)
{
    vt_tensor x = vt_from_data(values, VT_SHAPE(tokens, tokens), VT_F64);
    return vt_precision() == VT_F64 ? x : vt_cast(x, VT_F32);
}

/* values = layer values */
static bool multiply(const double *layer, double *values, int64_t tokens)
{
    VT_SCOPE;
    vt_tensor product = vt_matmul(square_of(layer, tokens), square_of(values, tokens));
    return vt_read(product, values, tokens * tokens, VT_F64);
}

/* Of the layers from `first` on. */
static bool follow(rollout *r, const attention_map *maps, double discard)
{
    double *layer = malloc((size_t)(r->tokens * r->tokens) * sizeof *layer);
    bool ok = layer && layer_matrix(&maps[r->first], discard, r->values);
    for (int i = r->first + 1; ok && i < r->first + r->layers; i++)
        ok = layer_matrix(&maps[i], discard, layer) && multiply(layer, r->values, r->tokens);
    free(layer);
    return ok;
}

bool rollout_of(const attention_map *maps, int count, double discard, rollout *r)
{
    int first = count;
    *r = (rollout){ 0 };
    while (first > 0 && continues(&maps[first - 1], &maps[count - 1].layout)) first--;
    if (first == count) return true;
    const int64_t tokens = attention_map_tokens(&maps[first]);
    double *values = calloc((size_t)(tokens * tokens), sizeof *values);
    *r = (rollout){ first, count - first, maps[first].layout, tokens, values };
    if (values && follow(r, maps, discard)) return true;
    vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a rollout over %lld tokens", (long long)tokens);
    rollout_free(r);
    return false;
}

void rollout_free(rollout *r)
{
    free(r->values);
    *r = (rollout){ 0 };
}

bool rollout_over_picture(const rollout *r, heat_map *map)
{
    const token_layout *l = &r->layout;
    const int64_t places = l->rows * l->columns, queries = l->prefix > 0 ? 1 : r->tokens;
    if (!heat_map_new(map, l->rows, l->columns)) return false;
    for (int64_t q = 0; q < queries; q++)
        for (int64_t k = 0; k < places; k++)
            map->values[k] += r->values[q * r->tokens + l->prefix + k] / (double)queries;
    return true;
}
