/* print.c - a tensor as text: what it is, its statistics, and its values, elided where they are many. */
#include "core/tensor/transfer.h"
#include "core/run/run.h"
#include "core/context.h"
#include "core/graph/refuse.h"
#include <vitro/tensor.h>
#include <math.h>
#include <stdlib.h>

enum { EDGE = 3 }; /* elements shown at either end of a long axis */

typedef struct printer {
    FILE *stream;
    const array *array;
} printer;

/* Mean and deviation in two passes over the elements that are finite; the others are counted. */
static void print_statistics(FILE *stream, const array *a)
{
    double sum = 0, squares = 0, low = INFINITY, high = -INFINITY;
    int64_t count = vt_shape_count(a->shape), finite = 0, nans = 0;
    for (int64_t i = 0; i < count; i++) {
        double x = array_get(a, array_offset(a, i));
        nans += isnan(x);
        if (!isfinite(x)) continue;
        finite++;
        sum += x;
        low = fmin(low, x);
        high = fmax(high, x);
    }
    double mean = sum / (double)finite;
    for (int64_t i = 0; i < count; i++) {
        double x = array_get(a, array_offset(a, i));
        squares += isfinite(x) ? (x - mean) * (x - mean) : 0;
    }
    if (finite)
        fprintf(stream, "  mean %.4g std %.4g min %.4g max %.4g", mean, sqrt(squares / (double)finite), low, high);
    if (finite < count)
        fprintf(stream, "  of %lld finite; %lld NaN, %lld infinite", (long long)finite, (long long)nans,
                (long long)(count - finite - nans));
}

static void print_axis(const printer *p, int axis, int64_t offset, int indent)
{
    const array *a = p->array;
    if (axis == a->shape.rank) {
        if (vt_dtype_is_float(a->dtype))
            fprintf(p->stream, "%.6g", array_get(a, offset));
        else
            fprintf(p->stream, "%lld", (long long)array_get_integer(a, offset));
        return;
    }
    int64_t n = a->shape.dim[axis];
    bool last = axis == a->shape.rank - 1;
    fputc('[', p->stream);
    for (int64_t i = 0; i < n; i++) {
        if (i && last) fputs(", ", p->stream);
        if (i && !last) fprintf(p->stream, ",\n%*s", indent + 1, "");
        if (n > 2 * EDGE + 1 && i == EDGE) {
            fputs("...", p->stream);
            i = n - EDGE - 1;
            continue;
        }
        print_axis(p, axis + 1, offset + i * a->stride[axis], indent + 1);
    }
    fputc(']', p->stream);
}

void vt_print_at(vt_site at, FILE *stream, const char *name, vt_tensor x)
{
    if (!stream) {
        refuse_call("print", at, VT_ERROR_ARGUMENT, "the stream is NULL");
        return;
    }
    const value *v = compute(at, "print", x);
    array seen;
    void *memory;
    if (!v || !value_on_host(context_get(), v, &seen, &memory)) return;
    char text[128];
    fprintf(stream, "%s: %s %s", name ? name : "x", vt_dtype_name(v->spec.dtype), vt_shape_text(v->spec.shape, text));
    print_statistics(stream, &seen);
    fputs("\n  ", stream);
    print_axis(&(printer){ stream, &seen }, 0, 0, 2);
    fputc('\n', stream);
    free(memory);
}
