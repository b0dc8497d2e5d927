/* exif.c - the orientation in the first directory of a TIFF file, which EXIF data are. */
#include "data/exif.h"
#include <stdbool.h>
#include <string.h>

enum { HEADER_SIZE = 8, ENTRY_SIZE = 12, ORIENTATION = 0x0112, TYPE_SHORT = 3 };

typedef struct tiff {
    const uint8_t *data;
    size_t size;
    bool big_endian;
} tiff;

/* Numbers beyond the end are 0. */
static unsigned read_u16(const tiff *t, size_t at)
{
    if (t->size < 2 || at > t->size - 2) return 0;
    unsigned first = t->data[at], second = t->data[at + 1];
    return t->big_endian ? first << 8 | second : second << 8 | first;
}

static size_t read_u32(const tiff *t, size_t at)
{
    size_t first = read_u16(t, at), second = read_u16(t, at + 2);
    return t->big_endian ? first << 16 | second : second << 16 | first;
}

int exif_orientation(const uint8_t *data, size_t size)
{
    if (size < HEADER_SIZE || (memcmp(data, "II*\0", 4) != 0 && memcmp(data, "MM\0*", 4) != 0)) return 1;
    const tiff t = { data, size, data[0] == 'M' };
    size_t directory = read_u32(&t, 4);
    unsigned entries = read_u16(&t, directory);
    for (unsigned i = 0; i < entries; i++) {
        size_t entry = directory + 2 + i * (size_t)ENTRY_SIZE;
        if (read_u16(&t, entry) != ORIENTATION || read_u16(&t, entry + 2) != TYPE_SHORT) continue;
        unsigned orientation = read_u16(&t, entry + 8);
        return orientation >= 1 && orientation <= 8 ? (int)orientation : 1;
    }
    return 1;
}
