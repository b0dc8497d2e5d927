/* heat_map.c - numbers over a picture. */
#include "explain/heat_map.h"
#include <math.h>
#include <stdlib.h>
#include <vitro/vitro.h>

bool heat_map_new(heat_map *m, int64_t rows, int64_t columns)
{
    *m = (heat_map){ rows, columns, calloc((size_t)(rows * columns), sizeof *m->values) };
    if (!m->values) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a map over the picture");
    return m->values != NULL;
}

void heat_map_free(heat_map *m)
{
    free(m->values);
    *m = (heat_map){ 0 };
}

static int larger_first(const void *a, const void *b)
{
    const double *x = *(const double *const *)a, *y = *(const double *const *)b;
    if (*x != *y) return *x < *y ? 1 : -1;
    return x > y ? 1 : -1;
}

bool heat_map_mask(const heat_map *m, double keep, bool *mask)
{
    const int64_t count = m->rows * m->columns;
    const double **order = malloc((size_t)count * sizeof *order);
    double sum = 0, kept = 0;
    if (!order) {
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory to sort a map over the picture");
        return false;
    }
    for (int64_t i = 0; i < count; i++) {
        order[i] = &m->values[i];
        sum += m->values[i];
        mask[i] = false;
    }
    qsort(order, (size_t)count, sizeof *order, larger_first);
    for (int64_t i = 0; i < count && kept < keep * sum; i++) {
        mask[order[i] - m->values] = true;
        kept += *order[i];
    }
    free(order);
    return true;
}

/* Shares of the largest value; to be freed. */
static float *shares_of(const heat_map *m)
{
    const int64_t count = m->rows * m->columns;
    float *shares = malloc((size_t)count * sizeof *shares);
    double largest = 0;
    if (!shares) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a map over the picture");
    for (int64_t i = 0; i < count; i++) largest = fmax(largest, m->values[i]);
    for (int64_t i = 0; shares && i < count; i++) shares[i] = largest > 0 ? (float)(m->values[i] / largest) : 0;
    return shares;
}

bool heat_map_enlarge(const heat_map *m, int64_t height, int64_t width, float *shares)
{
    float *small = shares_of(m);
    if (!small) return false;
    VT_SCOPE;
    vt_tensor map = vt_from_data(small, VT_SHAPE(1, 1, m->rows, m->columns), VT_F32);
    free(small);
    vt_tensor smooth = vt_interpolate(map, .height = (int)height, .width = (int)width, .mode = VT_BICUBIC);
    return vt_read(vt_clamp(smooth, 0, 1), shares, height * width, VT_F32);
}
