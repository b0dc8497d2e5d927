/* log.c - lines that the user asked for. */
#include "core/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void log_line(const char *topic, const char *format, ...)
{
    const char *topics = getenv("VT_LOG");
    if (!topics || !strstr(topics, topic)) return;
    va_list list;
    va_start(list, format);
    fprintf(stderr, "vitro %s: ", topic);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}
