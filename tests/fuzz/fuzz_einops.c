/* libFuzzer: whatever the pattern, the shape and the sizes, the call gives a tensor or an error, and a tensor that
 * holds every element of x once. The first bytes are the kind of call, the rank, the extents and three sizes; the rest
 * is the pattern.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... && ./fuzz_einops -runs=200000 corpus/
 */
#include <vitro/vitro.h>

#include <stdlib.h>
#include <string.h>

enum { HEAD = 14, MOST = 4096 };

static double sum_of(vt_tensor x, int64_t count)
{
    static double data[MOST];
    double sum = 0;
    if (!vt_read(x, data, MOST, VT_F64)) abort();
    for (int64_t i = 0; i < count; i++) sum += data[i];
    return sum;
}

static void check(vt_tensor x, vt_tensor y, int kind)
{
    if (vt_failed() != !y.id) abort();
    if (vt_failed() && !strstr(vt_error_message(), "\": ")) abort(); /* it names the pattern */
    if (vt_failed()) return;
    int64_t from = vt_count(x), to = vt_count(y);
    if (to > MOST) return;
    double sum = sum_of(x, from), sum_after = sum_of(y, to);
    if (kind == 0 && (from != to || sum != sum_after)) abort();
    if (kind == 1 && from && (to % from || sum * (double)(to / from) != sum_after)) abort();
    if (kind == 2 && sum != sum_after) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static double numbers[MOST];
    if (size < HEAD || size > 1024) return 0;
    for (int i = 0; i < MOST; i++) numbers[i] = i % 64;
    int kind = data[0] % 3;
    vt_shape shape = { .rank = data[1] % (VT_MAX_RANK + 1) };
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = data[2 + i] % 16 < 12 ? data[2 + i] % 4 + 1 : data[2 + i] % 4 * 2;
    if (vt_shape_count(shape) > MOST) return 0;
    char *pattern = malloc(size - HEAD + 1);
    if (!pattern) return 0;
    memcpy(pattern, data + HEAD, size - HEAD);
    pattern[size - HEAD] = 0;
    int64_t a = (int8_t)data[10] / 16, b = data[11] / 32, h = data[12] / 32, long_name = data[13] / 64;
    vt_axis_size more[] = { { "hd", long_name }, { 0 } };
    VT_SCOPE;
    vt_tensor x = vt_from_data(numbers, shape, VT_F64), y;
    const vt_axis_size *sizes = long_name ? more : NULL;
    if (kind == 0)
        y = vt_rearrange(x, pattern, .a = a, .b = b, .h = h, .sizes = sizes);
    else if (kind == 1)
        y = vt_repeat(x, pattern, .a = a, .b = b, .h = h, .sizes = sizes);
    else
        y = vt_reduce(x, pattern, VT_REDUCE_SUM, .a = a, .b = b, .h = h, .sizes = sizes);
    check(x, y, kind);
    vt_error_clear();
    free(pattern);
    return 0;
}
