/* torch_archive.h - zip files as torch.save writes them, and as nobody should. */
#ifndef VITRO_TESTS_TORCH_ARCHIVE_H
#define VITRO_TESTS_TORCH_ARCHIVE_H

#include "temporary.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct archive_entry {
    const char *name;
    const void *data;
    size_t size;
    /* What is not as it should be: added to what the directory says. */
    int64_t more_size, more_packed, more_place;
    unsigned method, own_method, flags, disk;
    const char *own_name; /* NULL: the same */
} archive_entry;

typedef struct archive {
    archive_entry entries[8];
    bool zip64;
    const char *comment, *before, *behind;      /* NULL: none; before the directory, behind the end */
    int64_t more_count, more_bytes, more_place; /* added to what the end says */
    unsigned disk;
} archive;

typedef struct archive_bytes {
    unsigned char data[1 << 17];
    size_t size;
} archive_bytes;

static inline void put(archive_bytes *to, const void *data, size_t size)
{
    if (to->size + size > sizeof to->data) abort();
    if (size) memcpy(to->data + to->size, data, size);
    to->size += size;
}

static inline void put_number(archive_bytes *to, uint64_t number, size_t size)
{
    put(to, &number, size);
}

static inline void put_local_header(archive_bytes *to, const archive_entry *e)
{
    const char *name = e->own_name ? e->own_name : e->name;
    put_number(to, 0x04034b50, 4);
    put_number(to, 20, 2);
    put_number(to, e->flags, 2);
    put_number(to, e->own_method, 2);
    put_number(to, 0, 8); /* time, checksum */
    put_number(to, e->size, 4);
    put_number(to, e->size, 4);
    put_number(to, strlen(name), 2);
    put_number(to, 5, 2); /* an extra field, as the padding that torch.save puts there */
    put(to, name, strlen(name));
    put(to, "FB\1\0Z", 5);
}

static inline void put_central_header(archive_bytes *to, const archive *a, const archive_entry *e, uint64_t place)
{
    uint64_t size = e->size + (uint64_t)e->more_size, packed = e->size + (uint64_t)e->more_packed;
    place += (uint64_t)e->more_place;
    put_number(to, 0x02014b50, 4);
    put_number(to, 0x00140014, 4);
    put_number(to, e->flags, 2);
    put_number(to, e->method, 2);
    put_number(to, 0, 8);
    put_number(to, a->zip64 ? UINT32_MAX : packed, 4);
    put_number(to, a->zip64 ? UINT32_MAX : size, 4);
    put_number(to, strlen(e->name), 2);
    put_number(to, a->zip64 ? 28 : 0, 2);
    put_number(to, 0, 2);
    put_number(to, e->disk, 2);
    put_number(to, 0, 6);
    put_number(to, a->zip64 ? UINT32_MAX : place, 4);
    put(to, e->name, strlen(e->name));
    if (!a->zip64) return;
    put_number(to, 24 << 16 | 1, 4);
    put_number(to, size, 8);
    put_number(to, packed, 8);
    put_number(to, place, 8);
}

static inline void put_end(archive_bytes *to, const archive *a, uint64_t count, uint64_t begin)
{
    uint64_t end = to->size, bytes = end - begin + (uint64_t)a->more_bytes;
    count += (uint64_t)a->more_count;
    begin += (uint64_t)a->more_place;
    if (a->zip64) {
        put_number(to, 0x06064b50, 4);
        put_number(to, 44, 8);
        put_number(to, 45, 4);
        put_number(to, a->disk, 4);
        put_number(to, 0, 4);
        put_number(to, count, 8);
        put_number(to, count, 8);
        put_number(to, bytes, 8);
        put_number(to, begin, 8);
        put_number(to, 0x07064b50, 4);
        put_number(to, 0, 4);
        put_number(to, end, 8);
        put_number(to, 1, 4);
    }
    const char *comment = a->comment ? a->comment : "";
    put_number(to, 0x06054b50, 4);
    put_number(to, a->zip64 ? 0 : a->disk, 2);
    put_number(to, 0, 2);
    put_number(to, a->zip64 ? UINT16_MAX : count, 2);
    put_number(to, a->zip64 ? UINT16_MAX : count, 2);
    put_number(to, a->zip64 ? UINT32_MAX : bytes, 4);
    put_number(to, a->zip64 ? UINT32_MAX : begin, 4);
    put_number(to, strlen(comment), 2);
    put(to, comment, strlen(comment));
}

static inline void write_archive(const char *path, const archive *a)
{
    static archive_bytes bytes;
    uint64_t place[8], count = 0;
    bytes.size = 0;
    for (const archive_entry *e = a->entries; e < a->entries + 8 && e->name; e++) {
        place[count++] = bytes.size;
        put_local_header(&bytes, e);
        put(&bytes, e->data, e->size);
    }
    if (a->before) put(&bytes, a->before, strlen(a->before));
    uint64_t begin = bytes.size;
    for (uint64_t i = 0; i < count; i++) put_central_header(&bytes, a, &a->entries[i], place[i]);
    put_end(&bytes, a, count, begin);
    if (a->behind) put(&bytes, a->behind, strlen(a->behind));
    write_test_file(path, bytes.data, bytes.size);
}

#endif
