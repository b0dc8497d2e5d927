/* json_file.h - files of JSON. */
#ifndef MODELS_PROGRAM_JSON_FILE_H
#define MODELS_PROGRAM_JSON_FILE_H

#include <jansson.h>
#include <stdbool.h>

/* Writes folder/name whole or not at all, with so many digits of each number. False with an error; also where there is
 * no JSON. */
bool json_file_write(const json_t *json, const char *folder, const char *name, int digits);

/* Prints it to stdout, with 9 digits of each number. */
void json_print(const json_t *json);

#endif
