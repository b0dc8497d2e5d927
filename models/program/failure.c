/* failure.c - how a program ends that could not do what it was asked for. */
#include "program/failure.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vitro/vitro.h>

static int report(const char *what, const char *colon)
{
    const char *message = vt_error_message(), *place = NULL;
    for (const char *at = message; (at = strstr(at, "  at ")); at++) place = at;
    const int length = (int)(place ? place - message : (ptrdiff_t)strlen(message));
    fprintf(stderr, "vitro: %s%s%.*s\n", what, colon, length, message);
    return 1;
}

int failure_report(void)
{
    return report("", "");
}

int failure_report_of(const char *what)
{
    return report(what, ": ");
}

int failure_of_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "vitro: standard output cannot be written: %s\n", strerror(errno));
    return code ? code : 1;
}
