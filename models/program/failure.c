/* failure.c - how a program ends that could not do what it was asked for. */
#include "program/failure.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vitro/vitro.h>

int failure_report(void)
{
    const char *message = vt_error_message(), *place = NULL;
    for (const char *at = message; (at = strstr(at, "  at ")); at++) place = at;
    fprintf(stderr, "vitro: %.*s\n", (int)(place ? place - message : (ptrdiff_t)strlen(message)), message);
    return 1;
}

int failure_of_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "vitro: standard output cannot be written: %s\n", strerror(errno));
    return code ? code : 1;
}
