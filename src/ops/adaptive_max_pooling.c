/* adaptive_max_pooling.c - the largest element of each of the windows that divide an image as evenly as may be. */
#include "ops/list.h"
#include "ops/pooling_windows.h"
#include "ops/one_dimensional.h"
#include <vitro/vitro.h>
#include <stdlib.h>

/* Windows of unequal size, put one behind the other in rows as long as the longest of them, are windows of max_pool2d.
 * Shorter ones are filled up with their last element: the first of equal elements is chosen, so that these never are.
 */
typedef struct windows {
    int64_t from, to, longest;
    int64_t *element; /* [to * longest], of x; NULL where the windows are equal, and x itself will do */
} windows;

static int64_t window_begin(const windows *w, int64_t i)
{
    return i * w->from / w->to;
}

static int64_t window_end(const windows *w, int64_t i)
{
    return ((i + 1) * w->from + w->to - 1) / w->to;
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    return b ? common_divisor(b, a % b) : a;
}

/* Window i begins b = (i from) mod to parts of an element behind the start of its first one, and takes from / to
 * elements and ceil((b + rest) / to) more; b is at most to less the common divisor. */
static int64_t longest_window(int64_t from, int64_t to)
{
    int64_t rest = from % to;
    return from / to + (rest == 0 ? 0 : rest > common_divisor(from, to) ? 2 : 1);
}

/* False where memory is short. */
static bool divide(windows *w, int64_t from, int64_t to)
{
    *w = (windows){ .from = from, .to = to, .longest = longest_window(from, to) };
    if (from % to == 0) return true;
    w->element = malloc((size_t)(to * w->longest) * sizeof *w->element);
    for (int64_t k = 0; w->element && k < to * w->longest; k++) {
        int64_t i = k / w->longest, element = window_begin(w, i) + k % w->longest, last = window_end(w, i) - 1;
        w->element[k] = element < last ? element : last;
    }
    return w->element != NULL;
}

static int64_t extent(const windows *w)
{
    return w->to * w->longest;
}

/* x with its rows or columns arranged window by window. */
static vt_tensor arrange(vt_tensor x, int axis, const windows *w)
{
    return w->element ? vt_index_select(x, axis, vt_from_data(w->element, VT_SHAPE(extent(w)), VT_I64)) : x;
}

/* What elements of the arranged plane are called in x. */
static vt_tensor numbers_in_x(vt_tensor indices, const windows w[2])
{
    if (!w[0].element && !w[1].element) return indices;
    vt_shape shape = vt_shape_of(indices);
    vt_tensor names =
        vt_reshape(vt_arange(0, (double)(w[0].from * w[1].from), .dtype = VT_I64), VT_SHAPE(w[0].from, w[1].from));
    names = vt_flatten(arrange(arrange(names, 0, &w[0]), 1, &w[1]), 0, -1);
    return vt_reshape(vt_gather(names, 0, vt_flatten(indices, 0, -1)), shape);
}

static vt_tensor pool(vt_tensor x, const windows w[2], vt_tensor *indices)
{
    vt_tensor all;
    vt_tensor arranged = arrange(arrange(x, 2, &w[0]), 3, &w[1]);
    vt_tensor y = vt_max_pool2d(arranged, 0, .kernel_hw = { (int)w[0].longest, (int)w[1].longest }, .indices = &all);
    if (indices) *indices = numbers_in_x(all, w);
    return y;
}

static vt_tensor adaptive(const pooling_call *c, vt_tensor x, int64_t height, int64_t width, vt_tensor *indices)
{
    int64_t from[2];
    windows w[2] = { { 0 }, { 0 } };
    vt_tensor y = { 0 }, chosen = { 0 };
    if (is_pooled(c, x, from)) {
        if (divide(&w[0], from[0], height) && divide(&w[1], from[1], width))
            y = pool(as_image(c->axes, x), w, indices ? &chosen : NULL);
        else
            refuse_call(c->name, c->at, VT_ERROR_MEMORY, "out of memory for its windows");
    }
    for (int i = 0; i < 2; i++) free(w[i].element);
    if (indices) *indices = from_image(c->axes, chosen);
    return from_image(c->axes, y);
}

vt_tensor vt_adaptive_max_pool2d_with(const vt_adaptive_max_pool2d_args *a)
{
    NEED_ARGUMENTS("adaptive_max_pool2d", a, VT_INERT);
    pooling_call c = { "adaptive_max_pool2d", a->at_, 2 };
    ENTER("adaptive_max_pool2d", a->at_);
    if (!vt_failed() && adaptive_size_fits(&c, a->height, a->width))
        return adaptive(&c, a->x, a->height, a->width, a->indices);
    if (a->indices) *a->indices = VT_INERT;
    return VT_INERT;
}

vt_tensor vt_adaptive_max_pool1d_with(const vt_adaptive_max_pool1d_args *a)
{
    NEED_ARGUMENTS("adaptive_max_pool1d", a, VT_INERT);
    pooling_call c = { "adaptive_max_pool1d", a->at_, 1 };
    ENTER("adaptive_max_pool1d", a->at_);
    if (!vt_failed() && adaptive_size_fits(&c, 1, a->length)) return adaptive(&c, a->x, 1, a->length, a->indices);
    if (a->indices) *a->indices = VT_INERT;
    return VT_INERT;
}
