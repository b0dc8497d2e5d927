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

static void multiply(const double *layer, double *values, int64_t tokens)
{
    VT_SCOPE;
    vt_shape square = VT_SHAPE(tokens, tokens);
    vt_tensor product = vt_matmul(vt_from_data(layer, square, VT_F64), vt_from_data(values, square, VT_F64));
    vt_read(product, values, tokens * tokens, VT_F64);
}

bool rollout_of(const attention_map *maps, int count, double discard, rollout *r)
{
    int first = count;
    *r = (rollout){ 0 };
    while (first > 0 && continues(&maps[first - 1], &maps[count - 1].layout)) first--;
    if (first == count) return true;
    const int64_t tokens = attention_map_tokens(&maps[first]);
    *r = (rollout){ first, count - first, maps[first].layout, tokens,
                    calloc((size_t)(tokens * tokens), sizeof *r->values) };
    double *layer = calloc((size_t)(tokens * tokens), sizeof *layer);
    bool ok = r->values && layer && layer_matrix(&maps[first], discard, r->values);
    for (int i = first + 1; ok && i < count; i++) {
        ok = layer_matrix(&maps[i], discard, layer);
        if (ok) multiply(layer, r->values, tokens);
    }
    free(layer);
    if (!ok) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a rollout over %lld tokens", (long long)tokens);
    if (vt_failed()) rollout_free(r);
    return !vt_failed();
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
