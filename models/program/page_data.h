/* page_data.h - pages of HTML that hold their data: a page as it is in the sources, with JSON in it. */
#ifndef MODELS_PROGRAM_PAGE_DATA_H
#define MODELS_PROGRAM_PAGE_DATA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The bytes in Base64 (RFC 4648) with `prefix` in front, as a string of JSON. NULL with an error where memory is short.
 */
json_t *json_of_bytes(const char *prefix, const uint8_t *bytes, size_t count);

/* Writes folder/name: the page with the data where it says @DATA@, in a script of type application/json, which nothing
 * in the data can end. Takes the data; false with an error, also where they are NULL. */
bool page_write(const char *folder, const char *name, const char *page, json_t *data);

#endif
