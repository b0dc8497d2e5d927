/* number_list.c - "1,3,6" on a command line. */
#include "program/number_list.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <vitro/vitro.h>

/* Behind the number at the beginning of the text; NULL where there is none. */
static const char *parse_one(const char *text, int64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return isdigit((unsigned char)*text) && errno == 0 ? end : NULL;
}

bool number_list_parse(number_list *list, const char *option, const char *text, const char *besides)
{
    const char *at = text;
    list->count = 0;
    while (list->count < MOST_NUMBERS && (at = parse_one(at, &list->number[list->count]))) {
        list->count++;
        if (*at == 0) return true;
        if (*at++ != ',') break;
    }
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "--%s is \"%s\"; it must be %swhole numbers with commas between them, %d at most, such as 1,3,6",
                   option, text, besides, MOST_NUMBERS);
    return false;
}
