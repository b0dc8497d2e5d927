/* window.c - the tokens of a picture in windows. */
#include "layers/window.h"

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

windows windows_of(int64_t rows, int64_t columns, int64_t size, bool shifted)
{
    windows w = { .rows = rows, .columns = columns };
    w.height = rows < size ? rows : size;
    w.width = columns < size ? columns : size;
    w.down = ceil_div(rows, w.height);
    w.across = ceil_div(columns, w.width);
    if (shifted && rows > w.height) w.shift_rows = size / 2;
    if (shifted && columns > w.width) w.shift_columns = size / 2;
    return w;
}

static bool is_shifted(const windows *w)
{
    return w->shift_rows || w->shift_columns;
}

/* x [B, rows, columns, C] with every token so many places further. */
static vt_tensor roll(vt_tensor x, int64_t rows, int64_t columns)
{
    if (rows) x = vt_roll(x, rows, 1);
    return columns ? vt_roll(x, columns, 2) : x;
}

vt_tensor windows_split(const windows *w, vt_tensor x)
{
    const int64_t below = w->down * w->height - w->rows, right = w->across * w->width - w->columns;
    x = vt_rearrange(x, "b (h w) c -> b h w c", .h = w->rows);
    x = roll(x, -w->shift_rows, -w->shift_columns);
    if (below || right) x = vt_pad(x, VT_SHAPE(0, 0, 0), VT_SHAPE(below, right, 0));
    return vt_rearrange(x, "b (h p) (w q) c -> b (h w) (p q) c", .p = w->height, .q = w->width);
}

vt_tensor windows_join(const windows *w, vt_tensor x)
{
    x = vt_rearrange(x, "b (h w) (p q) c -> b (h p) (w q) c", .h = w->down, .p = w->height);
    if (w->down * w->height > w->rows) x = vt_slice(x, 1, 0, w->rows);
    if (w->across * w->width > w->columns) x = vt_slice(x, 2, 0, w->columns);
    return vt_rearrange(roll(x, w->shift_rows, w->shift_columns), "b h w c -> b (h w) c");
}

/* Of each of n places after the shift: 0 in the windows before the last, in the last one 1 and, beyond the edge of the
 * picture, 2. */
static vt_tensor region(int64_t n, int64_t window, int64_t shift)
{
    if (shift == 0) return vt_zeros(VT_SHAPE(n), .dtype = VT_I64);
    vt_tensor place = vt_arange(0, (double)n, .dtype = VT_I64);
    vt_tensor in_last = vt_greater_equal(place, vt_integer(n - window));
    vt_tensor beyond = vt_greater_equal(place, vt_integer(n - shift));
    return vt_add(vt_cast(in_last, VT_I64), vt_cast(beyond, VT_I64));
}

vt_tensor windows_mask(const windows *w)
{
    enum { REGIONS = 3 };
    if (!is_shifted(w)) return (vt_tensor){ 0 };
    vt_tensor row = region(w->down * w->height, w->height, w->shift_rows);
    vt_tensor column = region(w->across * w->width, w->width, w->shift_columns);
    vt_tensor both = vt_add(vt_mul(vt_unsqueeze(row, 1), vt_integer(REGIONS)), column);
    both = vt_rearrange(both, "(h p) (w q) -> (h w) 1 (p q)", .p = w->height, .q = w->width);
    return vt_equal(vt_unsqueeze(both, 3), vt_unsqueeze(both, 2));
}
