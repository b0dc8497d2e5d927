/* glob.c - patterns of names: * for any characters, ? for one, {a,b} for one of several patterns, {0..5} for a number.
 */
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

/* Where a pattern begins with "{low..high}": true, and how long the number is that the name begins with, 0 if it is not
 * in the range. */
static bool is_range(const char *glob, const char *name, int *length)
{
    long low, high, number;
    int read = 0;
    if (sscanf(glob, "{%9ld..%9ld}%n", &low, &high, &read) != 2 || read == 0) return false;
    *length = number_length(name, &number);
    if (number < low || number > high) *length = 0;
    return true;
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

/* The } of the { that a pattern begins with, which may have others within; NULL: there is none before `end`. */
static const char *closing(const char *glob, const char *end)
{
    int depth = 0;
    for (; glob < end; glob++) {
        if (*glob == '{') depth++;
        if (*glob == '}' && --depth == 0) return glob;
    }
    return NULL;
}

/* The end of an alternative between braces: the comma behind it, or the closing brace. */
static const char *end_of_alternative(const char *at, const char *close)
{
    int depth = 0;
    for (; at < close && (depth > 0 || *at != ','); at++) depth += (*at == '{') - (*at == '}');
    return at;
}

static bool covers(const char *glob, const char *end, const char *name, const char *name_end);

/* As covers, for a part that begins with braces. */
static bool covers_braces(const char *glob, const char *close, const char *end, const char *name, const char *name_end)
{
    int number;
    if (is_range(glob, name, &number))
        return number > 0 && number <= name_end - name && covers(close + 1, end, name + number, name_end);
    for (const char *at = glob + 1, *stop; at <= close; at = stop + 1) {
        stop = end_of_alternative(at, close);
        for (const char *behind = name; behind <= name_end; behind++)
            if (covers(at, stop, name, behind) && covers(close + 1, end, behind, name_end)) return true;
    }
    return false;
}

/* Whether the part of a pattern up to `end` describes the whole part of a name up to `name_end`. */
static bool covers(const char *glob, const char *end, const char *name, const char *name_end)
{
    for (; glob < end; glob++, name++) {
        const char *close = *glob == '{' ? closing(glob, end) : NULL;
        if (close) return covers_braces(glob, close, end, name, name_end);
        if (*glob == '*') {
            for (const char *behind = name; behind <= name_end; behind++)
                if (covers(glob + 1, end, behind, name_end)) return true;
            return false;
        }
        if (name == name_end || (*glob != '?' && *glob != *name)) return false;
    }
    return name == name_end;
}

static bool matches_braces(const char *glob, const char *close, const char *name, glob_captures *captures, int next)
{
    int number;
    if (is_range(glob, name, &number))
        return number > 0 && matches_behind(close + 1, name, (size_t)number, captures, next);
    const size_t most = strlen(name);
    for (const char *at = glob + 1, *stop; at <= close; at = stop + 1) {
        stop = end_of_alternative(at, close);
        for (size_t length = 0; length <= most; length++)
            if (covers(at, stop, name, name + length) && matches_behind(close + 1, name, length, captures, next))
                return true;
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
        const char *close = *glob == '{' ? closing(glob, glob + strlen(glob)) : NULL;
        if (*glob == '*') return matches_any(glob + 1, name, captures, next);
        if (close) return matches_braces(glob, close, name, captures, next);
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
