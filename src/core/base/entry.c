/* entry.c - the public function that is under way. */
#include "core/base/entry.h"

static _Thread_local entry entered;

entry entry_begin(const char *call, vt_site at)
{
    return entered.call ? entered : entry_replace(call, at);
}

entry entry_replace(const char *call, vt_site at)
{
    entry before = entered;
    entered = (entry){ call, at };
    return before;
}

void entry_end(const entry *before)
{
    entered = *before;
}

entry entry_get(void)
{
    return entered;
}
