/* option_differences.c - in which of its options a run differs from another, as text. */
#include "program/option_differences.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return line + (*line == '\n');
}

static bool is_same_line(const char *a, const char *b)
{
    const size_t length = strcspn(a, "\n");
    return length == strcspn(b, "\n") && strncmp(a, b, length) == 0;
}

const char *option_line(const char *lines, const char *like)
{
    const size_t name = strcspn(like, "=") + 1;
    while (*lines && strncmp(lines, like, name) != 0) lines = next_line(lines);
    return lines;
}

/* Adds to what is there. False where there is no room for it. */
static bool add(const char *before, const char *now, bool values, char *text, size_t size)
{
    static const char none[] = "=left out"; /* by a program that has no such option */
    const char *line = *before ? before : now;
    const int name = (int)strcspn(line, "=");
    const char *old = *before ? before + name : none, *new = *now ? now + name + 1 : none + 1;
    const size_t used = strlen(text);
    int length = snprintf(text + used, size - used, "%s%.*s", used ? "; " : "", name, line);
    if (values && (size_t)length < size - used)
        length += snprintf(text + used + length, size - used - (size_t)length, "%.*s, now %.*s",
                           (int)strcspn(old, "\n"), old, (int)strcspn(new, "\n"), new);
    return (size_t)length < size - used;
}

static bool list(const char *before, const char *now, bool values, char *text, size_t size)
{
    bool fits = true;
    *text = 0;
    for (const char *line = before; *line; line = next_line(line)) {
        const char *other = option_line(now, line);
        if (!is_same_line(line, other)) fits &= add(line, other, values, text, size);
    }
    for (const char *line = now; *line; line = next_line(line))
        if (!*option_line(before, line)) fits &= add("", line, values, text, size);
    return fits;
}

void option_differences(const char *before, const char *now, char *text, size_t size)
{
    if (!list(before, now, true, text, size)) list(before, now, false, text, size);
}
