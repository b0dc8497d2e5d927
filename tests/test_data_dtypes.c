/* test_data_dtypes.c - data of dtypes that tensors do not have, in and out: every f16 and bf16 there is, and the
 * doubles around the middle between each two of them. */
#include "tested_device.h"
#include "refused.h"
#include "left_behind.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

enum { PATTERNS = 65536 }; /* of 16 bits */

static void begin(void)
{
    vt_set_device(tested_device());
}

TestSuite(data_dtypes, .init = begin, .fini = expect_nothing_left);

typedef struct format {
    vt_dtype dtype;
    int fraction_bits, exponent_bits;
} format;

static const format formats[] = { { VT_F16, 10, 5 }, { VT_BF16, 7, 8 } };

/* By the definition: (-1)^sign 2^(exponent - bias) 1.fraction, or 0.fraction where the exponent is 0. */
static double value_of(const format *f, unsigned bits)
{
    int exponent = (int)(bits & 0x7fff) >> f->fraction_bits, most = (1 << f->exponent_bits) - 1, bias = most >> 1;
    int fraction = (int)bits & ((1 << f->fraction_bits) - 1);
    double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == most) return fraction ? NAN : sign * INFINITY;
    if (exponent == 0) return sign * ldexp(fraction, 1 - bias - f->fraction_bits);
    return sign * ldexp(fraction + (1 << f->fraction_bits), exponent - bias - f->fraction_bits);
}

Test(data_dtypes, every_float16_goes_in_and_comes_out)
{
    static uint16_t in[PATTERNS], out[PATTERNS];
    static float values[PATTERNS];
    for (int i = 0; i < PATTERNS; i++) in[i] = (uint16_t)i;
    for (const format *f = formats; f < formats + 2; f++) {
        VT_SCOPE;
        vt_tensor x = vt_from_data(in, VT_SHAPE(PATTERNS), f->dtype);
        cr_assert(vt_dtype_of(x) == VT_F32);
        cr_assert(vt_read(x, values, PATTERNS, VT_F32) && vt_read(x, out, PATTERNS, f->dtype), "%s",
                  vt_error_message());
        for (unsigned i = 0; i < PATTERNS; i++) {
            double want = value_of(f, i);
            if (isnan(want)) {
                cr_assert(isnan(values[i]) && isnan(value_of(f, out[i])) && (out[i] & 0x8000) == (i & 0x8000));
                continue;
            }
            cr_assert((double)values[i] == want && !signbit(values[i]) == !(i & 0x8000), "%s %04x is %a, not %a",
                      vt_dtype_name(f->dtype), i, (double)values[i], want);
            cr_assert(out[i] == i, "%s %04x comes out as %04x", vt_dtype_name(f->dtype), i, out[i]);
        }
    }
}

/* The middle itself goes to the even one, the doubles next to it to what is nearer: a way through f32 would round them
 * to the middle first. */
Test(data_dtypes, rounding_is_to_the_nearest_even_neighbour)
{
    enum { AROUND = 3 };
    for (const format *f = formats; f < formats + 2; f++) {
        VT_SCOPE;
        int infinity = ((1 << f->exponent_bits) - 1) << f->fraction_bits, count = 2 * AROUND * (infinity - 1);
        double *x = malloc((size_t)count * sizeof *x), *next = x;
        uint16_t *got = malloc((size_t)count * sizeof *got), *y = got;
        cr_assert(x && got);
        for (unsigned sign = 0; sign <= 0x8000; sign += 0x8000)
            for (unsigned i = 0; (int)i < infinity - 1; i++) {
                double middle = (value_of(f, sign | i) + value_of(f, sign | (i + 1))) / 2;
                *next++ = nextafter(middle, 0);
                *next++ = middle;
                *next++ = nextafter(middle, sign ? -INFINITY : INFINITY);
            }
        vt_tensor values = vt_from_data(x, VT_SHAPE(count), VT_F64);
        cr_assert(vt_read(values, got, count, f->dtype), "%s", vt_error_message());
        for (unsigned sign = 0; sign <= 0x8000; sign += 0x8000)
            for (unsigned i = 0; (int)i < infinity - 1; i++, y += AROUND) {
                cr_assert(y[0] == (sign | i), "below the middle above %04x: %04x", sign | i, y[0]);
                cr_assert(y[1] == (sign | (i + (i & 1))), "in the middle above %04x: %04x", sign | i, y[1]);
                cr_assert(y[2] == (sign | (i + 1)), "above the middle above %04x: %04x", sign | i, y[2]);
            }
        free(x);
        free(got);
    }
}

Test(data_dtypes, what_would_round_to_infinity_is_refused)
{
    VT_SCOPE;
    uint16_t stored[2];
    vt_tensor most = vt_from_data(((double[]){ nextafter(65520, 0), -INFINITY }), VT_SHAPE(2), VT_F64);
    cr_assert(vt_read(most, stored, 2, VT_F16) && stored[0] == 0x7bff && stored[1] == 0xfc00);
    cr_assert(!vt_read(vt_from_data(((float[]){ 1, 65520 }), VT_SHAPE(2), VT_F32), stored, 2, VT_F16));
    REFUSED(VT_ERROR_ARGUMENT, "read: element 1 is 65520, which does not fit f16");
    cr_assert(!vt_read(vt_from_data(((double[]){ 1e300, 1 }), VT_SHAPE(2), VT_F64), stored, 2, VT_BF16));
    REFUSED(VT_ERROR_ARGUMENT, "read: element 0 is 1e+300, which does not fit bf16");
}

static const struct {
    vt_dtype dtype, of_tensor;
    int64_t low, high;
} integers[] = {
    { VT_I8, VT_I32, INT8_MIN, INT8_MAX },
    { VT_I16, VT_I32, INT16_MIN, INT16_MAX },
    { VT_U16, VT_I32, 0, UINT16_MAX },
    { VT_U32, VT_I64, 0, UINT32_MAX },
};

/* Little-endian, as many bytes as the dtype has. */
static int64_t stored(const unsigned char *data, vt_dtype dtype, int64_t low)
{
    int64_t value = 0;
    size_t size = vt_dtype_size(dtype);
    memcpy(&value, data, size);
    return low < 0 && value >> (8 * size - 1) ? value - ((int64_t)1 << 8 * size) : value;
}

Test(data_dtypes, small_integers_go_in_and_come_out)
{
    for (int k = 0; k < 4; k++) {
        VT_SCOPE;
        static unsigned char in[4 * PATTERNS], out[4 * PATTERNS];
        static int64_t values[PATTERNS];
        int64_t low = integers[k].low, high = integers[k].high,
                count = high - low < PATTERNS ? high - low + 1 : PATTERNS;
        size_t size = vt_dtype_size(integers[k].dtype);
        for (int64_t i = 0; i < count; i++) {
            int64_t value = i == count - 1 ? high : low + i;
            memcpy(in + i * size, &value, size);
        }
        vt_tensor x = vt_from_data(in, VT_SHAPE(count), integers[k].dtype);
        cr_assert(vt_dtype_of(x) == integers[k].of_tensor);
        cr_assert(vt_read(x, values, count, VT_I64) && vt_read(x, out, count, integers[k].dtype));
        for (int64_t i = 0; i < count; i++) cr_assert(values[i] == stored(in + i * size, integers[k].dtype, low));
        cr_assert(memcmp(in, out, (size_t)count * size) == 0);
    }
}

Test(data_dtypes, integers_out_of_range_are_refused)
{
    char text[128];
    for (int k = 0; k < 4; k++) {
        VT_SCOPE;
        int64_t data[2];
        for (int above = 0; above < 2; above++) {
            int64_t bad = above ? integers[k].high + 1 : integers[k].low - 1;
            vt_tensor x = vt_from_data(((int64_t[]){ integers[k].high, bad }), VT_SHAPE(2), VT_I64);
            cr_assert(!vt_read(x, data, 2, integers[k].dtype));
            snprintf(text, sizeof text, "read: element 1 is %.9g, which does not fit %s", (double)bad,
                     vt_dtype_name(integers[k].dtype));
            REFUSED(VT_ERROR_ARGUMENT, text);
        }
        vt_tensor fractions = vt_from_data(((double[]){ 3.9, -0.9 }), VT_SHAPE(2), VT_F64);
        cr_assert(vt_read(fractions, data, 2, integers[k].dtype), "%s", vt_error_message());
        cr_assert(stored((unsigned char *)data, integers[k].dtype, integers[k].low) == 3);
        cr_assert(!vt_read(vt_from_data(&(double){ NAN }, VT_SCALAR, VT_F64), data, 1, integers[k].dtype));
        snprintf(text, sizeof text, "read: element 0 is nan, which does not fit %s", vt_dtype_name(integers[k].dtype));
        REFUSED(VT_ERROR_ARGUMENT, text);
    }
}

/* As the header of vt_cast says. */
Test(data_dtypes, reading_and_making_a_tensor_again_rounds)
{
    VT_SCOPE;
    uint16_t half[3];
    double got[3];
    vt_tensor x = vt_from_data(((double[]){ 1.0 / 3, -65504, 1e-9 }), VT_SHAPE(3), VT_F64);
    cr_assert(vt_read(x, half, 3, VT_F16), "%s", vt_error_message());
    cr_assert(vt_read(vt_from_data(half, VT_SHAPE(3), VT_F16), got, 3, VT_F64), "%s", vt_error_message());
    cr_assert(got[0] == 0x1.554p-2 && got[1] == -65504 && got[2] == 0, "%a %a %a", got[0], got[1], got[2]);
}

Test(data_dtypes, are_of_no_tensor)
{
    VT_SCOPE;
    vt_tensor x = vt_ones(VT_SHAPE(2, 3));
    cr_assert(!vt_cast(x, VT_F16).id);
    REFUSED(VT_ERROR_ARGUMENT,
            "cast: dtype is f16 (8); it must be f32, f64, i32, i64, u8 or bool. Data alone has it: vt_read gives "
            "it, vt_from_data takes it  at ");
    cr_assert(!vt_cast(x, VT_BF16).id);
    REFUSED(VT_ERROR_ARGUMENT,
            "cast: dtype is bf16 (7); it must be f32, f64, i32, i64, u8 or bool. Data alone has it: vt_read gives "
            "it, vt_from_data takes it; vt_set_precision computes with it  at ");
    cr_assert(!vt_cast(x, (vt_dtype)99).id);
    REFUSED(VT_ERROR_ARGUMENT, "cast: dtype is ? (99); it must be f32, f64, i32, i64, u8 or bool  at ");
    cr_assert(!vt_zeros(VT_SHAPE(2), .dtype = VT_I16).id);
    REFUSED(VT_ERROR_ARGUMENT,
            "zeros: full: dtype is i16 (10); it must be f32, f64, i32, i64, u8 or bool. Data alone has it");
    cr_assert(!vt_from_data(&x, VT_SCALAR, (vt_dtype)99).id);
    REFUSED(VT_ERROR_ARGUMENT,
            "from_data: dtype is ? (99); it must be f32, f64, i32, i64, u8 or bool, or, of data alone, bf16");
    /* Also of what lies in memory in another order. */
    int8_t data[6];
    vt_tensor rows = vt_from_data(((int8_t[]){ 1, 2, 3, -4, -5, -6 }), VT_SHAPE(2, 3), VT_I8);
    cr_assert(vt_read(vt_permute(rows, VT_AXES(1, 0)), data, 6, VT_I8), "%s", vt_error_message());
    cr_assert(memcmp(data, ((int8_t[]){ 1, -4, 2, -5, 3, -6 }), 6) == 0);
    uint16_t none;
    cr_assert(vt_read(vt_from_data(NULL, VT_SHAPE(0, 3), VT_F16), &none, 0, VT_F16), "%s", vt_error_message());
}
