/* json_text.h - JSON of any text and any number. */
#ifndef MODELS_PROGRAM_JSON_TEXT_H
#define MODELS_PROGRAM_JSON_TEXT_H

#include <jansson.h>
#include <stdint.h>

/* JSON is UTF-8, which names of files need not be: a byte that is none becomes U+FFFD. */
json_t *json_of_text(const char *text);
/* An array of them. */
json_t *json_of_texts(const char *const *texts, int64_t count);

/* An array of the lines of a text, which it takes apart. */
json_t *json_of_lines(char *text);

/* A number, or null where JSON has none for it. */
json_t *json_of_number(double x);

#endif
