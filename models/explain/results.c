/* results.c - what results are called. */
#include "explain/results.h"
#include <stdio.h>

const char *results_class(const results *r, int64_t class, char text[64])
{
    if (r->labels.names) return r->labels.names[class];
    snprintf(text, 64, "class %lld", (long long)class);
    return text;
}
