/* fixture.h - what tests/pytorch/make_fixtures.py wrote, which says what is in each file. */
#ifndef VITRO_TESTS_FIXTURE_H
#define VITRO_TESTS_FIXTURE_H

#include "io/safetensors.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vitro/vitro.h>

/* VITRO_FIXTURES is the folder. */
static inline safetensors *open_fixture(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.safetensors", VITRO_FIXTURES, name);
    safetensors *file = safetensors_open(VT_HERE, path);
    cr_assert(file, "%s", vt_error_message());
    return file;
}

static inline const safetensors_entry *find_entry(const safetensors *file, const char *name)
{
    const safetensors_entry *e = safetensors_find(file, name);
    cr_assert(e, "the fixture has no %s", name);
    return e;
}

/* The elements in the entry's own dtype, in memory that holds as many doubles. */
static inline void *load_entry(const safetensors *file, const safetensors_entry *e)
{
    void *elements = malloc((size_t)(vt_shape_count(e->shape) + 1) * sizeof(double));
    cr_assert(elements && safetensors_load(VT_HERE, file, e, elements), "%s", vt_error_message());
    return elements;
}

/* An entry as doubles. */
static inline double *entry_values(const safetensors *file, const char *name, int64_t *count)
{
    const safetensors_entry *e = find_entry(file, name);
    *count = vt_shape_count(e->shape);
    void *raw = load_entry(file, e);
    double *values = malloc((size_t)(*count + 1) * sizeof *values);
    cr_assert(values);
    for (int64_t i = 0; i < *count; i++) {
        switch (e->dtype) {
        case VT_F32: values[i] = (double)((float *)raw)[i]; break;
        case VT_F64: values[i] = ((double *)raw)[i]; break;
        case VT_I64: values[i] = (double)((int64_t *)raw)[i]; break;
        default: values[i] = ((uint8_t *)raw)[i]; break;
        }
    }
    free(raw);
    return values;
}

/* An entry as a tensor of data: a leaf. Floating-point elements get the given dtype. */
static inline vt_tensor entry_tensor(const safetensors *file, const char *name, vt_dtype dtype)
{
    const safetensors_entry *e = find_entry(file, name);
    void *elements = load_entry(file, e);
    vt_tensor x = vt_from_data(elements, e->shape, e->dtype);
    if (vt_dtype_is_float(e->dtype) && e->dtype != dtype) {
        vt_read(x, elements, vt_shape_count(e->shape), dtype);
        x = vt_from_data(elements, e->shape, dtype);
    }
    cr_assert(!vt_failed(), "%s: %s", name, vt_error_message());
    free(elements);
    return x;
}

/* How far a tensor is from an entry of the same shape. */
typedef struct difference {
    double worst; /* of two elements; infinite where one is NaN */
    double scale; /* the entry's largest value */
} difference;

static inline difference difference_from_entry(vt_tensor x, const safetensors *file, const char *name)
{
    int64_t count;
    double *want = entry_values(file, name, &count), *got = malloc((size_t)(count + 1) * sizeof *got);
    cr_assert(got && !vt_failed(), "%s: %s", name, vt_error_message());
    char a[128], b[128];
    vt_shape shape = find_entry(file, name)->shape;
    cr_assert(vt_shape_equal(vt_shape_of(x), shape), "%s: shape %s, PyTorch %s", name, vt_shape_text(vt_shape_of(x), a),
              vt_shape_text(shape, b));
    cr_assert(vt_read(x, got, count, VT_F64), "%s: %s", name, vt_error_message());
    difference d = { 0, 0 };
    for (int64_t i = 0; i < count; i++) {
        d.worst = fmax(d.worst, isnan(got[i]) ? INFINITY : fabs(got[i] - want[i]));
        d.scale = fmax(d.scale, fabs(want[i]));
    }
    free(want);
    free(got);
    return d;
}

#endif
