/* arranged.h - what an op that arranges elements does, told element by element: each element of the result is an
 * element of x, whose elements are their own row-major numbers. */
#ifndef VITRO_TESTS_ARRANGED_H
#define VITRO_TESTS_ARRANGED_H

#include <vitro/vitro.h>
#include <criterion/criterion.h>

enum { MAX_ARRANGED = 1024, NOT_OF_X = -1 };

typedef struct arrangement {
    const char *name;
    vt_tensor (*function)(vt_tensor x);
    vt_shape from, to;
    int64_t (*source)(const int64_t *o); /* of the element at o: its number in x, or NOT_OF_X */
} arrangement;

/* The row-major number of an element, from coordinates and extents. */
static inline int64_t number2(int64_t i, int64_t j, int64_t J)
{
    return i * J + j;
}

static inline int64_t number3(int64_t i, int64_t j, int64_t J, int64_t k, int64_t K)
{
    return number2(number2(i, j, J), k, K);
}

static inline int64_t number4(int64_t i, int64_t j, int64_t J, int64_t k, int64_t K, int64_t l, int64_t L)
{
    return number2(number3(i, j, J, k, K), l, L);
}

static inline vt_tensor numbered(vt_shape shape)
{
    double data[MAX_ARRANGED];
    for (int i = 0; i < MAX_ARRANGED; i++) data[i] = i;
    return vt_from_data(data, shape, VT_F64);
}

static inline void check_arrangement(const arrangement *a)
{
    VT_SCOPE;
    char got[128], want[128];
    double y[MAX_ARRANGED];
    vt_tensor out = a->function(numbered(a->from));
    cr_assert(!vt_failed(), "%s: %s", a->name, vt_error_message());
    vt_shape shape = vt_shape_of(out);
    cr_assert(vt_shape_equal(shape, a->to), "%s: shape %s, not %s", a->name, vt_shape_text(shape, got),
              vt_shape_text(a->to, want));
    cr_assert(vt_read(out, y, MAX_ARRANGED, VT_F64), "%s: %s", a->name, vt_error_message());
    for (int64_t i = 0; i < vt_shape_count(shape); i++) {
        int64_t o[VT_MAX_RANK] = { 0 }, rest = i;
        for (int axis = shape.rank - 1; axis >= 0; rest /= shape.dim[axis--]) o[axis] = rest % shape.dim[axis];
        double expected = (double)a->source(o);
        cr_assert(y[i] == expected, "%s: element %lld is %g, not %g", a->name, (long long)i, y[i], expected);
    }
}

#define SHAPE(...) VT_SHAPE(__VA_ARGS__)

/* ARRANGED(suite, name, call of x, shape of x, shape of the result, the number in x of element o): a test. */
#define ARRANGED(suite, name, call, from, to, number)                                                                  \
    static vt_tensor name##_call(vt_tensor x)                                                                          \
    {                                                                                                                  \
        return call;                                                                                                   \
    }                                                                                                                  \
    static int64_t name##_source(const int64_t *o)                                                                     \
    {                                                                                                                  \
        (void)o;                                                                                                       \
        return number;                                                                                                 \
    }                                                                                                                  \
    Test(suite, name)                                                                                                  \
    {                                                                                                                  \
        check_arrangement(&(arrangement){ #name, name##_call, from, to, name##_source });                              \
    }

#endif
