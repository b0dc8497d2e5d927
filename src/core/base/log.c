/* log.c - lines that the user asked for. */
#include "core/base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool log_is_on(const char *topic)
{
    const char *topics = getenv("VT_LOG");
    return topics && strstr(topics, topic);
}

void log_line(const char *topic, const char *format, ...)
{
    if (!log_is_on(topic)) return;
    va_list list;
    va_start(list, format);
    fprintf(stderr, "vitro %s: ", topic);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}
