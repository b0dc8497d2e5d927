/* glob.c - patterns of names: * for any characters, ? for one, {a,b} for one of several, {0..5} for a number. */
#include "nn/glob.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number that a name begins with, written as numbers are: without zeros in front. 0 where there is none. */
static int number_length(const char *name, long *number)
{
    int length = 0;
    while (isdigit((unsigned char)name[length]) && length < 10) length++;
    *number = strtol(name, NULL, 10);
    return length > 1 && name[0] == '0' ? 0 : length;
}

/* "{low..high}" at the beginning of a pattern. */
static bool is_range(const char *glob, long *low, long *high)
{
    int read = 0;
    return sscanf(glob, "{%9ld..%9ld}%n", low, high, &read) == 2 && read > 0;
}

/* What stands between the braces, up to a comma, in the place of the braces. */
static bool matches_one(const char *alternative, size_t length, const char *rest, const char *name)
{
    for (size_t i = 0; i < length; i++, name++)
        if (!*name || (alternative[i] != '?' && alternative[i] != *name)) return false;
    return glob_matches(rest, name);
}

static bool matches_braces(const char *glob, const char *end, const char *name)
{
    long low, high, number;
    if (is_range(glob, &low, &high)) {
        int length = number_length(name, &number);
        return length > 0 && number >= low && number <= high && glob_matches(end + 1, name + length);
    }
    for (const char *at = glob + 1; at <= end; at++) {
        size_t length = strcspn(at, ",}");
        if (matches_one(at, length, end + 1, name)) return true;
        at += length;
    }
    return false;
}

static bool matches_any(const char *rest, const char *name)
{
    while (rest[0] == '*') rest++;
    do
        if (glob_matches(rest, name)) return true;
    while (*name++);
    return false;
}

bool glob_matches(const char *glob, const char *name)
{
    for (; *glob; glob++, name++) {
        const char *end = *glob == '{' ? strchr(glob, '}') : NULL;
        if (*glob == '*') return matches_any(glob + 1, name);
        if (end) return matches_braces(glob, end, name);
        if (!*name || (*glob != '?' && *glob != *name)) return false;
    }
    return !*name;
}
