/* json_file.c - files of JSON. */
#include "program/json_file.h"
#include "program/whole_file.h"
#include <vitro/vitro.h>

bool json_file_write(const json_t *json, const char *folder, const char *name, int digits)
{
    whole_file f;
    FILE *stream = whole_file_open(&f, folder, name);
    if (!stream) return false;
    if (!json || json_dumpf(json, stream, JSON_INDENT(2) | JSON_REAL_PRECISION(digits)) != 0 ||
        fputc('\n', stream) == EOF)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "cannot write %s/%s", folder, name);
    return whole_file_close(&f);
}

void json_print(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
}
