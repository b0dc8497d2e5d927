/* zip.c - the directory of a zip file whose entries are stored as they are. */
#include "zip.h"
#include "unreadable.h"

#include <vitro/error.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOCAL_HEADER = 0x04034b50,
    CENTRAL_HEADER = 0x02014b50,
    END = 0x06054b50,
    END_64 = 0x06064b50,
    END_64_LOCATOR = 0x07064b50,

    LOCAL_HEADER_SIZE = 30,
    CENTRAL_HEADER_SIZE = 46,
    END_SIZE = 22,
    END_64_SIZE = 56,
    END_64_LOCATOR_SIZE = 20,
    LONGEST_COMMENT = UINT16_MAX,

    ENCRYPTED = 1, /* among the flags */
    EXTRA_64 = 1,  /* the kind of field with numbers that take 64 bits */

    DIRECTORY_LIMIT = 1 << 26, /* bytes */
    NAME_LIMIT = 512,          /* those of torch.save have some twenty */
};

typedef struct reader {
    vt_site at;
    const input_file *file;
    arena *memory;
    uint64_t begin, size, count; /* of the central directory */
    uint64_t end;                /* where what follows it begins */
} reader;

#define REFUSE(r, format, ...) unreadable((r)->at, (r)->file->path, "its zip directory " format, __VA_ARGS__)

static uint64_t number_at(const unsigned char *bytes, size_t size)
{
    uint64_t number = 0;
    memcpy(&number, bytes, size);
    return number;
}

static unsigned short_at(const unsigned char *bytes)
{
    return (unsigned)number_at(bytes, 2);
}

static uint32_t word_at(const unsigned char *bytes)
{
    return (uint32_t)number_at(bytes, 4);
}

static uint64_t long_at(const unsigned char *bytes)
{
    return number_at(bytes, 8);
}

/* ---- the end of the directory, which says where it begins ---- */

static bool read_end_64(reader *r, uint64_t locator)
{
    unsigned char bytes[END_64_SIZE];
    if (!input_file_read(r->at, r->file, locator, bytes, END_64_LOCATOR_SIZE)) return false;
    uint64_t place = long_at(bytes + 8);
    if (place > locator || locator - place < END_64_SIZE)
        return REFUSE(r, "has its end of 64 bits at byte %" PRIu64 ", which is not before byte %" PRIu64, place,
                      locator);
    if (!input_file_read(r->at, r->file, place, bytes, sizeof bytes)) return false;
    if (word_at(bytes) != END_64) return REFUSE(r, "has no end of 64 bits at byte %" PRIu64, place);
    if (word_at(bytes + 16) || word_at(bytes + 20) || long_at(bytes + 24) != long_at(bytes + 32))
        return REFUSE(r, "is one part of %s", "several");
    r->count = long_at(bytes + 32);
    r->size = long_at(bytes + 40);
    r->begin = long_at(bytes + 48);
    r->end = place;
    return true;
}

static bool has_locator(reader *r, uint64_t place)
{
    unsigned char bytes[4];
    return place >= END_64_LOCATOR_SIZE &&
           input_file_read(r->at, r->file, place - END_64_LOCATOR_SIZE, bytes, sizeof bytes) &&
           word_at(bytes) == END_64_LOCATOR;
}

static bool read_end(reader *r, const unsigned char *bytes, uint64_t place)
{
    if (has_locator(r, place)) return read_end_64(r, place - END_64_LOCATOR_SIZE);
    if (vt_failed()) return false;
    if (short_at(bytes + 4) || short_at(bytes + 6) || short_at(bytes + 8) != short_at(bytes + 10))
        return REFUSE(r, "is one part of %s", "several");
    r->count = short_at(bytes + 10);
    r->size = word_at(bytes + 12);
    r->begin = word_at(bytes + 16);
    r->end = place;
    return true;
}

/* It is the last thing in the file but for a comment, whose length it knows. */
static bool find_end(reader *r)
{
    size_t size = r->file->size < END_SIZE + LONGEST_COMMENT ? (size_t)r->file->size : END_SIZE + LONGEST_COMMENT;
    uint64_t start = r->file->size - size;
    unsigned char *tail = malloc(size + 1);
    if (!tail) {
        vt_error_raise(VT_ERROR_MEMORY, r->at, "no memory to read %s", r->file->path);
        return false;
    }
    bool fine = input_file_read(r->at, r->file, start, tail, size), found = false;
    for (size_t i = size; fine && !found && i-- > 0;) {
        if (size - i < END_SIZE || word_at(tail + i) != END) continue;
        found = short_at(tail + i + 20) == size - i - END_SIZE;
        if (found) fine = read_end(r, tail + i, start + i);
    }
    free(tail);
    return fine && (found || REFUSE(r, "is missing: the file is %s", "truncated, or is no zip file"));
}

static bool check_directory(const reader *r)
{
    if (r->begin > r->end || r->size != r->end - r->begin)
        return REFUSE(r, "should have %" PRIu64 " bytes from byte %" PRIu64 " on, and end at byte %" PRIu64, r->size,
                      r->begin, r->end);
    if (r->size > DIRECTORY_LIMIT)
        return REFUSE(r, "has %" PRIu64 " bytes, and %d are the most", r->size, DIRECTORY_LIMIT);
    return r->count <= r->size / CENTRAL_HEADER_SIZE ||
           REFUSE(r, "has %" PRIu64 " bytes, too few for %" PRIu64 " entries", r->size, r->count);
}

/* ---- entries ---- */

/* What the header of an entry in the directory says. */
typedef struct listed {
    unsigned flags, method;
    uint64_t packed; /* bytes of it in the file */
} listed;

/* Those of three numbers that their places of 32 bits have no room for, in their order. */
static bool read_extra(const reader *r, zip_entry *entry, listed *l, const unsigned char *extra, size_t size)
{
    uint64_t *numbers[] = { &entry->size, &l->packed, &entry->header };
    for (size_t length; size >= 4; extra += 4 + length, size -= 4 + length) {
        length = short_at(extra + 2);
        if (length > size - 4) return REFUSE(r, "has an extra field of %s that does not end", entry->name);
        if (short_at(extra) != EXTRA_64) continue;
        for (size_t i = 0, used = 0; i < 3; i++) {
            if (*numbers[i] != UINT32_MAX) continue;
            if (length - used < 8) return REFUSE(r, "has no number of 64 bits where %s needs one", entry->name);
            *numbers[i] = long_at(extra + 4 + used);
            used += 8;
        }
        return true;
    }
    return true;
}

static bool copy_name(const reader *r, zip_entry *entry, const unsigned char *name, size_t length)
{
    if (length > NAME_LIMIT) return REFUSE(r, "has a name of %zu bytes, and %d are the most", length, NAME_LIMIT);
    char *copy = arena_allocate(r->memory, length + 1);
    if (!copy) return false;
    entry->name = memcpy(copy, name, length);
    return strlen(copy) == length || REFUSE(r, "has a name with a zero in it: %s", copy);
}

static bool check_method(const reader *r, const zip_entry *entry, const listed *l)
{
    if (l->flags & ENCRYPTED) return REFUSE(r, "says that %s is encrypted", entry->name);
    if (l->method != 0)
        return REFUSE(r,
                      "says that %s is compressed (method %u). torch.save stores entries as they are; TorchScript "
                      "programs have compressed ones: save the state dict instead",
                      entry->name, l->method);
    return l->packed == entry->size ||
           REFUSE(r, "says that %s, which is not compressed, has %" PRIu64 " bytes and takes %" PRIu64, entry->name,
                  entry->size, l->packed);
}

/* The entry's own header, behind which its bytes begin. */
static bool read_local_header(const reader *r, zip_entry *entry)
{
    unsigned char bytes[LOCAL_HEADER_SIZE + NAME_LIMIT];
    size_t length = strlen(entry->name), wanted = LOCAL_HEADER_SIZE + length;
    if (entry->header > r->begin || r->begin - entry->header < wanted)
        return REFUSE(r, "puts %s at byte %" PRIu64 ", which is not before the directory", entry->name, entry->header);
    if (!input_file_read(r->at, r->file, entry->header, bytes, wanted)) return false;
    if (word_at(bytes) != LOCAL_HEADER)
        return REFUSE(r, "puts %s at byte %" PRIu64 ", where no entry begins", entry->name, entry->header);
    if (short_at(bytes + 26) != length || memcmp(bytes + LOCAL_HEADER_SIZE, entry->name, length) != 0)
        return REFUSE(r, "puts %s at byte %" PRIu64 ", where another name stands", entry->name, entry->header);
    listed own = { short_at(bytes + 6), short_at(bytes + 8), entry->size };
    if (!check_method(r, entry, &own)) return false;
    entry->begin = entry->header + wanted + short_at(bytes + 28);
    if (entry->begin > r->begin || r->begin - entry->begin < entry->size)
        return REFUSE(r, "gives %s %" PRIu64 " bytes from byte %" PRIu64 " on, which do not fit before the directory",
                      entry->name, entry->size, entry->begin);
    return true;
}

/* From a header of the directory, of which `left` bytes are there; it takes *used. */
static bool read_entry(const reader *r, zip_entry *entry, const unsigned char *bytes, uint64_t left, size_t *used)
{
    if (left < CENTRAL_HEADER_SIZE || word_at(bytes) != CENTRAL_HEADER)
        return REFUSE(r, "has no entry where one should be, %" PRIu64 " bytes before its end", left);
    size_t name = short_at(bytes + 28), extra = short_at(bytes + 30), comment = short_at(bytes + 32);
    *used = CENTRAL_HEADER_SIZE + name + extra + comment;
    if (*used > left) return REFUSE(r, "ends within an entry, which takes %zu bytes of %" PRIu64, *used, left);
    if (short_at(bytes + 34)) return REFUSE(r, "is one part of %s", "several");
    listed l = { short_at(bytes + 8), short_at(bytes + 10), word_at(bytes + 20) };
    entry->size = word_at(bytes + 24);
    entry->header = word_at(bytes + 42);
    return copy_name(r, entry, bytes + CENTRAL_HEADER_SIZE, name) &&
           read_extra(r, entry, &l, bytes + CENTRAL_HEADER_SIZE + name, extra) && check_method(r, entry, &l) &&
           read_local_header(r, entry);
}

static bool read_entries(const reader *r, zip_directory *directory, const unsigned char *bytes)
{
    uint64_t left = r->size;
    directory->entries = arena_allocate(r->memory, ((size_t)r->count + 1) * sizeof *directory->entries);
    if (!directory->entries) return false;
    while (directory->count < r->count) {
        size_t used = 0;
        if (!read_entry(r, &directory->entries[directory->count], bytes + r->size - left, left, &used)) return false;
        directory->count++;
        left -= used;
    }
    return left == 0 || REFUSE(r, "has %" PRIu64 " bytes behind its entries", left);
}

/* ---- the interface ---- */

static int by_place(const void *a, const void *b)
{
    const zip_entry *x = a, *y = b;
    return (x->header > y->header) - (x->header < y->header);
}

static int by_name(const void *a, const void *b)
{
    const zip_entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static bool check_places(const reader *r, zip_directory *directory)
{
    zip_entry *entries = directory->entries;
    qsort(entries, directory->count, sizeof *entries, by_place);
    for (size_t i = 1; i < directory->count; i++)
        if (entries[i - 1].begin + entries[i - 1].size > entries[i].header)
            return REFUSE(r, "has entries that overlap: %s and %s", entries[i - 1].name, entries[i].name);
    qsort(entries, directory->count, sizeof *entries, by_name);
    for (size_t i = 1; i < directory->count; i++)
        if (by_name(&entries[i - 1], &entries[i]) == 0) return REFUSE(r, "has %s twice", entries[i].name);
    return true;
}

bool zip_read(vt_site at, const input_file *file, arena *memory, zip_directory *directory)
{
    reader r = { .at = at, .file = file, .memory = memory };
    *directory = (zip_directory){ 0 };
    if (!find_end(&r) || !check_directory(&r)) return false;
    unsigned char *bytes = malloc((size_t)r.size + 1);
    if (!bytes) vt_error_raise(VT_ERROR_MEMORY, at, "no memory to read %s", file->path);
    bool fine = bytes && input_file_read(at, file, r.begin, bytes, (size_t)r.size) &&
                read_entries(&r, directory, bytes) && check_places(&r, directory);
    free(bytes);
    return fine;
}

const zip_entry *zip_find(const zip_directory *directory, const char *name)
{
    zip_entry key = { .name = name };
    return bsearch(&key, directory->entries, directory->count, sizeof key, by_name);
}
