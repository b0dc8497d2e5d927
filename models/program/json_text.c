/* json_text.c - JSON of any text and any number. */
#include "program/json_text.h"
#include <math.h>
#include <string.h>

/* The character that a text begins with, of at most 4 bytes; NULL where it is none of UTF-8. */
static json_t *first_character(const char *text)
{
    json_t *character = NULL;
    for (size_t length = 1; !character && length <= 4; length++) character = json_stringn(text, strnlen(text, length));
    return character;
}

json_t *json_of_text(const char *text)
{
    json_t *valid = json_string(text);
    if (valid) return valid;
    valid = json_string("");
    while (*text && valid) {
        json_t *character = first_character(text), *shorter = valid;
        const char *next = character ? json_string_value(character) : "\xef\xbf\xbd";
        valid = json_sprintf("%s%s", json_string_value(shorter), next);
        text += character ? strlen(next) : 1;
        json_decref(character);
        json_decref(shorter);
    }
    return valid;
}

json_t *json_of_texts(const char *const *texts, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++) json_array_append_new(list, json_of_text(texts[i]));
    return list;
}

json_t *json_of_number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *json_of_lines(char *text)
{
    json_t *list = json_array();
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        json_array_append_new(list, json_of_text(line));
    return list;
}
