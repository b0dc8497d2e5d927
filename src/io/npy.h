/* npy.h - one array in a file, NumPy's .npy format: a magic number and a version, a Python dictionary as text, the
 * elements. */
#ifndef VITRO_IO_NPY_H
#define VITRO_IO_NPY_H

#include <vitro/base.h>

typedef struct npy_array {
    vt_dtype dtype;
    vt_shape shape;
    void *data; /* row-major, to be freed by npy_free; never NULL in an array that was loaded */
} npy_array;

/* Reads versions 1 to 3 with elements <f4, <f8, <i4, <i8, |u1 and |b1, and <f2, |i1, <i2, <u2 and <u4, as dtypes of
 * data; arrays in Fortran's order are transposed. False with an error for everything else: big-endian elements, pickled
 * objects, records, a file that is too short or too long. */
bool npy_load(vt_site at, const char *path, npy_array *array);
void npy_free(npy_array *array);

/* Replaces the file at once (see atomic_file) by version 1.0 of the format, in row-major order. */
bool npy_save(vt_site at, const char *path, const void *data, vt_shape shape, vt_dtype dtype);

#endif
