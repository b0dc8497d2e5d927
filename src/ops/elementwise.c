/* elementwise.c - checks that the ops on each element share. */
#include "core/base/shape.h"
#include "ops/infer.h"
#include <vitro/vitro.h>

enum kinds { FLOATS = 1, INTEGERS = 2, BOOLS = 4 };

static const char *kinds_text(int kinds)
{
    switch (kinds) {
    case FLOATS: return "f32 or f64";
    case INTEGERS: return "i32, i64 or u8";
    case BOOLS: return "bool";
    case INTEGERS | BOOLS: return "i32, i64, u8 or bool";
    default: return "a number";
    }
}

static bool infer_kind(const node *n, const char *what, vt_dtype dtype, int kinds)
{
    int kind = vt_dtype_is_float(dtype) ? FLOATS : dtype == VT_BOOL ? BOOLS : INTEGERS;
    if (kind & kinds) return true;
    return refuse(n, "%s is %s; it must be %s: vt_cast converts it", what, vt_dtype_name(dtype), kinds_text(kinds));
}

static bool infer_one(const node *n, const spec *in, spec *out, int kinds)
{
    *out = in[0];
    return infer_kind(n, "x", in[0].dtype, kinds);
}

bool infer_float(const node *n, const spec *in, spec *out)
{
    return infer_one(n, in, out, FLOATS);
}

bool infer_number(const node *n, const spec *in, spec *out)
{
    return infer_one(n, in, out, FLOATS | INTEGERS);
}

bool infer_logical(const node *n, const spec *in, spec *out)
{
    return infer_one(n, in, out, BOOLS);
}

bool infer_pair(const node *n, const spec *in, int first, spec *out)
{
    const spec *a = &in[first], *b = &in[first + 1];
    char a_text[128], b_text[128];
    if (a->dtype != b->dtype)
        return refuse(n, "a is %s, b is %s; vt_cast makes them equal", vt_dtype_name(a->dtype),
                      vt_dtype_name(b->dtype));
    out->dtype = a->dtype;
    if (shape_broadcast(a->shape, b->shape, &out->shape)) return true;
    return refuse(n, "a %s and b %s do not broadcast: extents must be equal or 1", vt_shape_text(a->shape, a_text),
                  vt_shape_text(b->shape, b_text));
}

static bool infer_two(const node *n, const spec *in, spec *out, int kinds)
{
    return infer_pair(n, in, 0, out) && infer_kind(n, "a", in[0].dtype, kinds);
}

bool infer_float_pair(const node *n, const spec *in, spec *out)
{
    return infer_two(n, in, out, FLOATS);
}

bool infer_number_pair(const node *n, const spec *in, spec *out)
{
    return infer_two(n, in, out, FLOATS | INTEGERS);
}

bool infer_integer_pair(const node *n, const spec *in, spec *out)
{
    return infer_two(n, in, out, INTEGERS);
}

bool infer_bits_pair(const node *n, const spec *in, spec *out)
{
    return infer_two(n, in, out, INTEGERS | BOOLS);
}

bool infer_logical_pair(const node *n, const spec *in, spec *out)
{
    return infer_two(n, in, out, BOOLS);
}

bool infer_comparison(const node *n, const spec *in, spec *out)
{
    bool ok = infer_pair(n, in, 0, out);
    out->dtype = VT_BOOL;
    return ok;
}

vt_tensor constant_like(vt_tensor x, double value)
{
    return vt_full(VT_SCALAR, value, .dtype = vt_dtype_of(x));
}
