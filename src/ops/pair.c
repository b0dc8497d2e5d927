/* pair.c - options of images that are one number for both axes, or a pair, and those of signals. */
#include "ops/pair.h"
#include "core/run/apply.h"
#include <stdio.h>

static bool is_given(const int *numbers, int count)
{
    for (int i = 0; i < count; i++)
        if (numbers[i] != VT_AUTO) return true;
    return false;
}

bool pair_settle(const char *call, vt_site at, const pair_option *o, int64_t out[2])
{
    for (int i = 0; i < 2; i++) out[i] = o->pair[i] == VT_AUTO ? o->both : o->pair[i];
    if (is_given(o->pair, 2) && o->both != o->left_out)
        refuse_call(call, at, VT_ERROR_ARGUMENT, "%s = %d and %s_hw = { %d, %d }; give one of the two", o->name,
                    o->both, o->name, o->pair[0], o->pair[1]);
    else if (out[0] < o->least || out[1] < o->least)
        refuse_call(call, at, VT_ERROR_ARGUMENT, "%s %lld, %lld; it is %d or more", o->name, (long long)out[0],
                    (long long)out[1], o->least);
    else
        return true;
    return false;
}

bool sides_settle(const char *call, vt_site at, const pair_option *o, const int sides[4], int64_t out[2],
                  int64_t behind[2])
{
    if (!pair_settle(call, at, o, out)) return false;
    if (is_given(sides, 4) && (o->both != o->left_out || is_given(o->pair, 2))) {
        refuse_call(call, at, VT_ERROR_ARGUMENT, "%s %lld, %lld and %s_sides = { %d, %d, %d, %d }; give one of the two",
                    o->name, (long long)out[0], (long long)out[1], o->name, sides[0], sides[1], sides[2], sides[3]);
        return false;
    }
    for (int i = 0; i < 2; i++) {
        int before = sides[2 * i], after = sides[2 * i + 1];
        behind[i] = after == VT_AUTO ? out[i] : after;
        if (before != VT_AUTO) out[i] = before;
        if (out[i] >= o->least && behind[i] >= o->least) continue;
        refuse_call(call, at, VT_ERROR_ARGUMENT, "%s_sides has %lld; it is %d or more", o->name,
                    (long long)(out[i] < o->least ? out[i] : behind[i]), o->least);
        return false;
    }
    return true;
}

bool ends_settle(const char *call, vt_site at, const char *name, int both, const int ends[2], int64_t out[2],
                 int64_t behind[2])
{
    int left = ends[0] == VT_AUTO ? both : ends[0], right = ends[1] == VT_AUTO ? both : ends[1];
    out[0] = behind[0] = 0;
    out[1] = left;
    behind[1] = right;
    if (is_given(ends, 2) && both != 0)
        refuse_call(call, at, VT_ERROR_ARGUMENT, "%s = %d and %s_sides = { %d, %d }; give one of the two", name, both,
                    name, ends[0], ends[1]);
    else if (left < 0 || right < 0)
        refuse_call(call, at, VT_ERROR_ARGUMENT, "%s %d, %d; it is 0 or more", name, left, right);
    else
        return true;
    return false;
}

const char *pair_text(int axes, const int64_t pair[2], char text[64])
{
    if (axes == 2)
        snprintf(text, 64, "%lld, %lld", (long long)pair[0], (long long)pair[1]);
    else
        snprintf(text, 64, "%lld", (long long)pair[1]);
    return text;
}
