/* csv_text.h - text in tables of comma-separated values. */
#ifndef MODELS_PROGRAM_CSV_TEXT_H
#define MODELS_PROGRAM_CSV_TEXT_H

#include <stdio.h>

/* Prints any text as one field, in quotes (RFC 4180). */
void csv_print_text(FILE *stream, const char *text);

#endif
