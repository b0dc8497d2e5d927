/* csv_text.c - text in tables of comma-separated values. */
#include "program/csv_text.h"

void csv_print_text(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text; text++) fputs(*text == '"' ? "\"\"" : (char[]){ *text, 0 }, stream);
    fputc('"', stream);
}
