/* npy_tensor.c - tensors from and to .npy files. */
#include "core/run/run.h"
#include "core/base/error.h"
#include "core/context.h"
#include "io/npy.h"
#include <vitro/npy.h>
#include <vitro/tensor.h>
#include <stdlib.h>

vt_tensor vt_npy_load_at(vt_site at, const char *path)
{
    npy_array a;
    if (vt_failed() || !npy_load(at, path, &a)) return VT_INERT;
    vt_tensor x = vt_from_data_at(at, a.data, a.shape, a.dtype);
    npy_free(&a);
    return x;
}

bool vt_npy_save_at(vt_site at, const char *path, vt_tensor x)
{
    const value *v = compute(at, "npy_save", x);
    if (!v) return false;
    vt_shape shape = v->spec.shape;
    vt_dtype dtype = v->spec.dtype;
    if (!v->buffer->backend->queue && array_is_contiguous(&v->array))
        return npy_save(at, path, v->array.data, shape, dtype);
    int64_t count = vt_shape_count(shape);
    void *data = malloc((size_t)count * vt_dtype_size(dtype) + 1);
    if (!data) return raise_error(VT_ERROR_MEMORY, at, "npy_save: out of memory");
    bool ok = vt_read_at(at, x, data, count, dtype) && npy_save(at, path, data, shape, dtype);
    free(data);
    return ok;
}
