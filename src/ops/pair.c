/* pair.c - options of images that are one number for both axes, or a pair. */
#include "ops/pair.h"
#include "core/apply.h"

bool pair_settle(const char *call, vt_site at, const pair_option *o, int64_t out[2])
{
    bool paired = o->pair[0] != VT_AUTO || o->pair[1] != VT_AUTO;
    for (int i = 0; i < 2; i++) out[i] = o->pair[i] == VT_AUTO ? o->both : o->pair[i];
    if (paired && o->both != o->left_out)
        refuse_call(call, at, VT_ERROR_ARGUMENT, "%s = %d and %ss = { %d, %d }; give one of the two", o->name, o->both,
                    o->name, o->pair[0], o->pair[1]);
    else if (out[0] < o->least || out[1] < o->least)
        refuse_call(call, at, VT_ERROR_ARGUMENT, "%s %lld, %lld; it is %d or more", o->name, (long long)out[0],
                    (long long)out[1], o->least);
    else
        return true;
    return false;
}
