/* npy.h - tensors in NumPy's .npy files. */
#ifndef VITRO_NPY_H
#define VITRO_NPY_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The array in a file of version 1 to 3 with elements f4, f8, i4, i8, u1 or b1, or with f2, i1, i2, u2 or u4, converted
 * as vt_from_data does, little-endian; one in Fortran's order is transposed. Inert with an error that names the file
 * and what is wrong with it for everything else. */
VT_API vt_tensor vt_npy_load_at(vt_site at, const char *path);
#define vt_npy_load(path) vt_npy_load_at(VT_HERE, path)

/* Computes x and replaces the file by it, all at once: whatever happens, it is the old file or the new one. False with
 * an error where it cannot be computed or written. */
VT_API bool vt_npy_save_at(vt_site at, const char *path, vt_tensor x);
#define vt_npy_save(path, x) vt_npy_save_at(VT_HERE, path, x)

#ifdef __cplusplus
}
#endif
#endif
