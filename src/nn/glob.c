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

/* What follows in the pattern and in the name. Captures before number `next` are made. */
static bool matches(const char *glob, const char *name, glob_captures *captures, int next);

/* What follows a wildcard that stands for `length` characters of the name. */
static bool matches_behind(const char *rest, const char *name, size_t length, glob_captures *captures, int next)
{
    if (next < GLOB_MOST_CAPTURES) {
        captures->begin[next] = name;
        captures->length[next] = length;
    }
    captures->count = next + 1;
    return matches(rest, name + length, captures, next + 1);
}

/* What stands between the braces, up to a comma, in the place of the braces. */
static bool is_alternative(const char *alternative, size_t length, const char *name)
{
    for (size_t i = 0; i < length; i++, name++)
        if (!*name || (alternative[i] != '?' && alternative[i] != *name)) return false;
    return true;
}

static bool matches_braces(const char *glob, const char *end, const char *name, glob_captures *captures, int next)
{
    long low, high, number;
    if (is_range(glob, &low, &high)) {
        int length = number_length(name, &number);
        return length > 0 && number >= low && number <= high &&
               matches_behind(end + 1, name, (size_t)length, captures, next);
    }
    for (const char *at = glob + 1; at <= end; at++) {
        size_t length = strcspn(at, ",}");
        if (is_alternative(at, length, name) && matches_behind(end + 1, name, length, captures, next)) return true;
        at += length;
    }
    return false;
}

static bool matches_any(const char *rest, const char *name, glob_captures *captures, int next)
{
    size_t length = 0;
    while (rest[0] == '*') rest++;
    do
        if (matches_behind(rest, name, length, captures, next)) return true;
    while (name[length++]);
    return false;
}

static bool matches(const char *glob, const char *name, glob_captures *captures, int next)
{
    for (; *glob; glob++, name++) {
        const char *end = *glob == '{' ? strchr(glob, '}') : NULL;
        if (*glob == '*') return matches_any(glob + 1, name, captures, next);
        if (end) return matches_braces(glob, end, name, captures, next);
        if (!*name) return false;
        if (*glob == '?') return matches_behind(glob + 1, name, 1, captures, next);
        if (*glob != *name) return false;
    }
    return !*name;
}

bool glob_capture(const char *glob, const char *name, glob_captures *captures)
{
    captures->count = 0;
    return matches(glob, name, captures, 0);
}

bool glob_matches(const char *glob, const char *name)
{
    glob_captures captures;
    return glob_capture(glob, name, &captures);
}
