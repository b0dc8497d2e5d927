#include "extent.h"

#include <vitro/error.h>

bool extent_bytes(vt_shape shape, size_t element_size, uint64_t *bytes)
{
    int64_t product = (int64_t)element_size;
    bool empty = false;
    for (int axis = 0; axis < shape.rank; axis++) {
        int64_t extent = shape.dim[axis];
        if (extent < 0) return false;
        empty |= extent == 0;
        if (extent && __builtin_mul_overflow(product, extent, &product)) return false;
    }
    *bytes = empty ? 0 : (uint64_t)product;
    return true;
}

bool check_booleans(vt_site at, const char *path, const char *name, const unsigned char *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (data[i] <= 1) continue;
        vt_error_raise(VT_ERROR_FILE, at, "%s: element %zu of %s is %d, and a boolean is 0 or 1", path, i, name,
                       data[i]);
        return false;
    }
    return true;
}
