/* einops.c - rearranging, repeating and reducing by named axes, written in reshape, permute, expand and reductions. */
#include "ops/list.h"
#include "ops/pattern.h"
#include <vitro/vitro.h>
#include <stdio.h>
#include <string.h>

/* One call under way. Everything is refused in the name `vt_function "pattern"`. */
typedef struct einops {
    char name[112];
    vt_site at;
    vt_tensor x;
    spec spec;
    pattern pattern;
    const char *sizes; /* the argument .a; the others stand at their distance from it */
    const vt_axis_size *more;
} einops;

#define REFUSE(e, ...) (refuse_call((e)->name, (e)->at, VT_ERROR_ARGUMENT, __VA_ARGS__), false)

/* -- The sizes that are given -------------------------------------------------------------------------------------- */

typedef struct size_member {
    char name[3];
    size_t distance;
} size_member;

#define MEMBER(m)                                                                                                      \
    {                                                                                                                  \
#m, offsetof(vt_rearrange_args, m) - offsetof(vt_rearrange_args, a)                                            \
    }
static const size_member members[] = {
    MEMBER(a),  MEMBER(b),  MEMBER(c),  MEMBER(d),  MEMBER(e),  MEMBER(f),  MEMBER(g),  MEMBER(h),
    MEMBER(i),  MEMBER(j),  MEMBER(k),  MEMBER(l),  MEMBER(m),  MEMBER(n),  MEMBER(o),  MEMBER(p),
    MEMBER(q),  MEMBER(r),  MEMBER(s),  MEMBER(t),  MEMBER(u),  MEMBER(v),  MEMBER(w),  MEMBER(x),
    MEMBER(y),  MEMBER(z),  MEMBER(b1), MEMBER(b2), MEMBER(c1), MEMBER(c2), MEMBER(d1), MEMBER(d2),
    MEMBER(h1), MEMBER(h2), MEMBER(n1), MEMBER(n2), MEMBER(p1), MEMBER(p2), MEMBER(w1), MEMBER(w2),
};
enum { MEMBERS = sizeof members / sizeof *members };
_Static_assert(offsetof(vt_rearrange_args, sizes) - offsetof(vt_rearrange_args, a) == MEMBERS * sizeof(int64_t),
               "a member of VT_AXIS_SIZES_ is missing above");
_Static_assert(offsetof(vt_reduce_pattern_args, sizes) - offsetof(vt_reduce_pattern_args, a) ==
                   MEMBERS * sizeof(int64_t),
               "the two structs of arguments differ");

static bool give_size(einops *e, const char *name, int64_t size)
{
    const item wanted = { .name = name, .length = (int)strnlen(name, MAX_PATTERN) };
    side *sides[] = { &e->pattern.left, &e->pattern.right };
    bool used = false;
    if (size < 1) return REFUSE(e, "the size of %.40s is %lld; it must be 1 or more", name, (long long)size);
    for (int i = 0; i < 2; i++) {
        int found = side_find(sides[i], &wanted);
        if (found < 0 || found == sides[i]->ellipsis) continue;
        if (sides[i]->item[found].size >= 0) return REFUSE(e, "the size of %.40s is given twice", name);
        sides[i]->item[found].size = size;
        used = true;
    }
    return used || REFUSE(e, "the size of %.40s is given, and the pattern has no such axis", name);
}

static bool give_sizes(einops *e)
{
    for (int i = 0; i < MEMBERS; i++) {
        int64_t size;
        memcpy(&size, e->sizes + members[i].distance, sizeof size);
        if (size != VT_AUTO && !give_size(e, members[i].name, size)) return false;
    }
    for (const vt_axis_size *s = e->more; s && s->name; s++)
        if (!give_size(e, s->name, s->size)) return false;
    return true;
}

/* -- The sizes that the shape of x tells --------------------------------------------------------------------------- */

/* "h * p1": the items of a term whose sizes are known. */
static const char *known_text(const side *s, int term, char text[128])
{
    int length = 0;
    text[0] = 0;
    for (int i = 0; i < s->items && length < 100; i++) {
        const item *here = &s->item[i];
        if (here->term != term || here->size < 0) continue;
        length += snprintf(text + length, 128 - (size_t)length, "%s%.*s", length ? " * " : "",
                           here->length > 24 ? 24 : here->length, here->name);
    }
    return text;
}

/* Fills in the one size of a term that is not known, so that their product is the extent of that axis of x. */
static bool resolve_term(einops *e, int term)
{
    side *left = &e->pattern.left;
    item *open = NULL;
    int64_t extent = e->spec.shape.dim[term], known = 1;
    char shape[128], names[128];
    for (int i = 0; i < left->items; i++) {
        item *here = &left->item[i];
        if (here->term != term) continue;
        if (here->size < 0 && open)
            return REFUSE(e, "axis %d of x %s: the sizes of both %.*s and %.*s are unknown; give one", term,
                          vt_shape_text(e->spec.shape, shape), open->length, open->name, here->length, here->name);
        if (here->size < 0)
            open = here;
        else if (__builtin_mul_overflow(known, here->size, &known))
            return REFUSE(e, "axis %d of x %s: %s is larger than any extent", term, vt_shape_text(e->spec.shape, shape),
                          known_text(left, term, names));
    }
    if (open && extent % known)
        return REFUSE(e, "axis %d of x %s is %lld, not divisible by %s = %lld", term,
                      vt_shape_text(e->spec.shape, shape), (long long)extent, known_text(left, term, names),
                      (long long)known);
    if (!open && extent != known) {
        known_text(left, term, names);
        return REFUSE(e, "axis %d of x %s is %lld, not %s%s%lld", term, vt_shape_text(e->spec.shape, shape),
                      (long long)extent, names, *names ? " = " : "", (long long)known);
    }
    if (open) open->size = extent / known;
    return true;
}

/* The right side takes its sizes from the left; a new axis needs one of its own. */
static bool resolve_right(einops *e)
{
    const side *left = &e->pattern.left;
    for (int i = 0; i < e->pattern.right.items; i++) {
        item *here = &e->pattern.right.item[i];
        int from = side_find(left, here);
        if (from >= 0) here->size = left->item[from].size;
        if (here->size < 0) return REFUSE(e, "%.*s is a new axis, whose size is not given", here->length, here->name);
    }
    return true;
}

static bool resolve(einops *e)
{
    side *left = &e->pattern.left, *right = &e->pattern.right;
    char shape[128];
    int rank = e->spec.shape.rank, named = left->terms - (left->ellipsis >= 0);
    if (left->ellipsis >= 0 ? rank < named : rank != named)
        return REFUSE(e, "x %s has %d axes, the left side names %d%s", vt_shape_text(e->spec.shape, shape), rank, named,
                      left->ellipsis >= 0 ? " besides \"...\"" : "");
    if (!side_expand_ellipsis(left, rank - named) || !side_expand_ellipsis(right, rank - named) ||
        left->items > VT_MAX_RANK || right->items > VT_MAX_RANK || right->terms > VT_MAX_RANK)
        return REFUSE(e, "more than %d axes", VT_MAX_RANK);
    for (int term = 0; term < left->terms; term++)
        if (!resolve_term(e, term)) return false;
    return resolve_right(e);
}

/* -- The call ------------------------------------------------------------------------------------------------------ */

/* Every axis of `from` must be in `to`, unless that is what the function is for. */
static bool sides_agree(const einops *e, const side *from, const side *to, const char *which, const char *advice)
{
    for (int i = 0; i < from->items; i++)
        if (side_find(to, &from->item[i]) < 0)
            return REFUSE(e, "%.*s is only on the %s side; %s", from->item[i].length, from->item[i].name, which,
                          advice);
    return true;
}

static bool begin(einops *e, bool may_drop, bool may_add, const char *text)
{
    char message[256];
    if (vt_failed() || !spec_of(e->name, e->at, "x", e->x, &e->spec)) return false;
    if (!pattern_parse(text, &e->pattern, message)) return REFUSE(e, "%s", message);
    const side *left = &e->pattern.left, *right = &e->pattern.right;
    if (!may_drop && !sides_agree(e, left, right, "left", "vt_reduce takes axes away")) return false;
    if (!may_add && !sides_agree(e, right, left, "right", "vt_repeat adds axes")) return false;
    return give_sizes(e) && resolve(e);
}

static vt_tensor reshape_unless_same(vt_tensor x, vt_shape shape)
{
    return vt_shape_equal(vt_shape_of(x), shape) ? x : vt_reshape(x, shape);
}

/* The axes of the left side, each by itself. */
static vt_tensor take_apart(const einops *e)
{
    const side *left = &e->pattern.left;
    vt_shape shape = { .rank = left->items };
    for (int i = 0; i < left->items; i++) shape.dim[i] = left->item[i].size;
    return reshape_unless_same(e->x, shape);
}

/* Brings the axes, which are the items of `now`, into the order of the right side. */
static vt_tensor reorder(const einops *e, vt_tensor x, const side *now)
{
    vt_axes order = { .count = 0 };
    bool sorted = true;
    for (int i = 0; i < e->pattern.right.items; i++) {
        int from = side_find(now, &e->pattern.right.item[i]);
        if (from < 0) continue;
        sorted &= from == order.count;
        order.axis[order.count++] = from;
    }
    return sorted ? x : vt_permute(x, order);
}

/* Repeats x along the axes of the right side that are new. */
static vt_tensor add_axes(const einops *e, vt_tensor x)
{
    const side *right = &e->pattern.right;
    vt_shape ones = { .rank = right->items }, all = ones;
    bool any = false;
    for (int i = 0; i < right->items; i++) {
        bool old = side_find(&e->pattern.left, &right->item[i]) >= 0;
        any |= !old;
        all.dim[i] = right->item[i].size;
        ones.dim[i] = old ? all.dim[i] : 1;
    }
    if (!any) return x;
    return vt_expand(vt_reshape(x, ones), all);
}

/* Joins the axes of each term of the right side. */
static vt_tensor put_together(const einops *e, vt_tensor x)
{
    const side *right = &e->pattern.right;
    vt_shape shape = { .rank = right->terms };
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = 1;
    for (int i = 0; i < right->items; i++) shape.dim[right->item[i].term] *= right->item[i].size;
    return reshape_unless_same(x, shape);
}

static einops call_of(const char *function, const char *text, vt_site at, vt_tensor x)
{
    einops e = { .at = at, .x = x };
    snprintf(e.name, sizeof e.name, "%s \"%.80s%s\"", function, text, strnlen(text, 81) > 80 ? "..." : "");
    return e;
}

static vt_tensor rearrange(const char *function, bool may_add, const vt_rearrange_args *a)
{
    const char *text = a->pattern ? a->pattern : "";
    einops e = call_of(function, text, a->at_, a->tensor);
    e.sizes = (const char *)&a->a;
    e.more = a->sizes;
    ENTER(e.name, a->at_);
    if (!begin(&e, false, may_add, text)) return VT_INERT;
    return put_together(&e, add_axes(&e, reorder(&e, take_apart(&e), &e.pattern.left)));
}

vt_tensor vt_rearrange_with(const vt_rearrange_args *a)
{
    NEED_ARGUMENTS("rearrange", a, VT_INERT);
    return rearrange("rearrange", false, a);
}

vt_tensor vt_repeat_with(const vt_rearrange_args *a)
{
    NEED_ARGUMENTS("repeat", a, VT_INERT);
    return rearrange("repeat", true, a);
}

static vt_tensor reduce_axes(const einops *e, vt_tensor x, vt_reduce_kind kind, vt_axes axes)
{
    if (axes.count == 0 && kind <= VT_REDUCE_PROD) return x;
    switch (kind) {
    case VT_REDUCE_SUM: return vt_sum(x, .axes = axes);
    case VT_REDUCE_MEAN: return vt_mean(x, .axes = axes);
    case VT_REDUCE_MAX: return vt_max(x, .axes = axes);
    case VT_REDUCE_MIN: return vt_min(x, .axes = axes);
    case VT_REDUCE_PROD: return vt_prod(x, .axes = axes);
    }
    return refuse_call(e->name, e->at, VT_ERROR_ARGUMENT, "kind %d is no vt_reduce_kind", (int)kind);
}

vt_tensor vt_reduce_with(const vt_reduce_pattern_args *a)
{
    NEED_ARGUMENTS("reduce", a, VT_INERT);
    const char *text = a->pattern ? a->pattern : "";
    einops e = call_of("reduce", text, a->at_, a->tensor);
    e.sizes = (const char *)&a->a;
    e.more = a->sizes;
    ENTER(e.name, a->at_);
    if (!begin(&e, true, false, text)) return VT_INERT;
    side kept = e.pattern.left;
    vt_axes gone = { .count = 0 };
    kept.items = 0;
    for (int i = 0; i < e.pattern.left.items; i++) {
        if (side_find(&e.pattern.right, &e.pattern.left.item[i]) < 0)
            gone.axis[gone.count++] = i;
        else
            kept.item[kept.items++] = e.pattern.left.item[i];
    }
    vt_tensor x = reduce_axes(&e, take_apart(&e), a->kind, gone);
    return put_together(&e, reorder(&e, x, &kept));
}
