/* page_data.c - pages of HTML that hold their data. */
#include "program/page_data.h"
#include "program/whole_file.h"
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

static void encode_three(const uint8_t *data, size_t count, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint32_t bits =
        (uint32_t)data[0] << 16 | (uint32_t)(count > 1 ? data[1] : 0) << 8 | (count > 2 ? data[2] : 0);
    for (size_t i = 0; i < 4; i++) text[i] = i <= count ? digits[bits >> (18 - 6 * i) & 63] : '=';
}

json_t *json_of_bytes(const char *prefix, const uint8_t *bytes, size_t count)
{
    const size_t before = strlen(prefix), length = before + (count + 2) / 3 * 4;
    char *text = malloc(length + 1);
    if (!text) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a page of %zu bytes", length);
    if (!text) return NULL;
    memcpy(text, prefix, before);
    for (size_t i = 0; i < count; i += 3)
        encode_three(bytes + i, count - i < 3 ? count - i : 3, text + before + i / 3 * 4);
    json_t *value = json_stringn(text, length);
    free(text);
    return value;
}

static int write_escaped(const char *text, size_t size, void *stream)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '<')
            fputs("\\u003c", stream);
        else
            fputc(text[i], stream);
    }
    return 0;
}

bool page_write(const char *folder, const char *name, const char *page, json_t *data)
{
    static const char mark[] = "@DATA@</script>";
    const char *place = strstr(page, mark);
    whole_file f;
    if (!data) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the data of a page");
    FILE *stream = whole_file_open(&f, folder, name);
    if (stream && place) {
        fwrite(page, 1, (size_t)(place - page), stream);
        json_dump_callback(data, write_escaped, stream, JSON_COMPACT | JSON_REAL_PRECISION(7));
        fputs(place + sizeof "@DATA@" - 1, stream);
    }
    json_decref(data);
    return whole_file_close(&f);
}
