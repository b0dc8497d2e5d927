/* json_text.h - any text as a string of JSON. */
#ifndef MODELS_PROGRAM_JSON_TEXT_H
#define MODELS_PROGRAM_JSON_TEXT_H

#include <jansson.h>

/* JSON is UTF-8, which names of files need not be: a byte that is none becomes U+FFFD. */
json_t *json_of_text(const char *text);

#endif
