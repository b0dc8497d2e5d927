/* torch_file.c - the containers of torch.save: a zip file, and before PyTorch 1.6 pickles behind one another. */
#include "torch_file.h"
#include "torch_state.h"
#include "unreadable.h"
#include "zip.h"

#include <vitro/error.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK = 1 << 14, LONGEST_KEY = 100 };

/* ---- zip ---- */

/* The folder of the archive, and what is in it. */
typedef struct archive {
    zip_directory directory;
    char folder[256]; /* with the slash */
} archive;

static const zip_entry *find_in_folder(const archive *a, const char *name)
{
    char path[512];
    return snprintf(path, sizeof path, "%s%s", a->folder, name) < (int)sizeof path ? zip_find(&a->directory, path)
                                                                                   : NULL;
}

static bool find_in_zip(const void *container, const char *key, torch_storage *storage)
{
    char name[LONGEST_KEY + 6];
    if (snprintf(name, sizeof name, "data/%s", key) >= (int)sizeof name) return false;
    const zip_entry *entry = find_in_folder(container, name);
    if (entry) *storage = (torch_storage){ entry->begin, entry->size };
    return entry != NULL;
}

/* The entry data.pkl says which folder it is. */
static bool find_folder(vt_site at, const input_file *file, archive *a)
{
    static const char pickle[] = "data.pkl";
    int found = 0;
    for (size_t i = 0; i < a->directory.count; i++) {
        const char *name = a->directory.entries[i].name, *slash = strchr(name, '/');
        if (!slash || strcmp(slash + 1, pickle) != 0 || slash + 2 - name > (ptrdiff_t)sizeof a->folder) continue;
        snprintf(a->folder, sizeof a->folder, "%.*s", (int)(slash + 1 - name), name);
        found++;
    }
    if (found == 1) return true;
    return unreadable(at, file->path, "it is a zip file with %s data.pkl in a folder, where torch.save writes one",
                      found ? "more than one" : "no");
}

static bool check_archive(vt_site at, const input_file *file, const archive *a)
{
    char order[6];
    if (find_in_folder(a, "constants.pkl"))
        return unreadable(at, file->path,
                          "it is a TorchScript program: save the state dict of the model in Python, "
                          "torch.save(model.state_dict(), path)");
    const zip_entry *entry = find_in_folder(a, "byteorder");
    if (!entry) return true;
    if (entry->size > sizeof order || !input_file_read(at, file, entry->begin, order, (size_t)entry->size))
        return vt_failed() ? false : unreadable(at, file->path, "its byteorder is neither little nor big");
    return (entry->size == sizeof order && memcmp(order, "little", sizeof order) == 0) ||
           unreadable(at, file->path, "its elements are not little-endian but %.*s", (int)entry->size, order);
}

bool torch_zip_list(vt_site at, const input_file *file, const char *part, stored_tensors *all)
{
    arena memory = { .block_size = ARENA_BLOCK };
    archive a = { 0 };
    pickle_stream stream = { .at = at, .file = file, .values = &memory, .is_known = torch_class_is_known };
    bool fine = zip_read(at, file, &memory, &a.directory) && find_folder(at, file, &a) && check_archive(at, file, &a);
    if (fine) {
        const zip_entry *entry = find_in_folder(&a, "data.pkl");
        pickle_stream_begin(&stream, entry->begin, entry->begin + entry->size);
        const pickle_value *root = pickle_read(&stream);
        fine = root && torch_state_list(at, file, root, part, (torch_storages){ find_in_zip, &a }, all);
    }
    arena_free(&memory);
    return fine;
}

/* ---- legacy ---- */

typedef struct keyed_storage {
    const char *key;
    torch_storage place;
} keyed_storage;

typedef struct legacy {
    size_t count;
    keyed_storage *storages; /* sorted by key */
} legacy;

static int by_key(const void *a, const void *b)
{
    const keyed_storage *x = a, *y = b;
    return strcmp(x->key, y->key);
}

static keyed_storage *find_keyed(const legacy *l, const char *key)
{
    keyed_storage wanted = { .key = key };
    return bsearch(&wanted, l->storages, l->count, sizeof wanted, by_key);
}

static bool find_in_legacy(const void *container, const char *key, torch_storage *storage)
{
    const keyed_storage *found = find_keyed(container, key);
    if (found) *storage = found->place;
    return found != NULL;
}

/* torch.serialization's MAGIC_NUMBER, 0x1950a86a20f9469cfc6c, and PROTOCOL_VERSION. */
static bool read_preamble(pickle_stream *stream)
{
    static const char magic[] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    const pickle_value *number = pickle_read(stream);
    if (!number) return false;
    if (number->kind != PICKLE_LONG || number->count != sizeof magic - 1 ||
        memcmp(number->bytes, magic, sizeof magic - 1) != 0)
        return unreadable(stream->at, stream->file->path,
                          "it is a pickle, but not of torch.save, which would begin with its number");
    const pickle_value *version = pickle_read(stream);
    if (!version) return false;
    if (version->kind != PICKLE_INTEGER || version->integer != 1001)
        return unreadable(stream->at, stream->file->path, "its version is not 1001");
    return pickle_read(stream) != NULL;
}

static bool add_keys(vt_site at, const input_file *file, const pickle_value *keys, arena *memory, legacy *l)
{
    if (keys->kind != PICKLE_LIST) return unreadable(at, file->path, "it has no list of storages behind its pickle");
    l->storages = arena_allocate(memory, (size_t)(keys->count + 1) * sizeof *l->storages);
    if (!l->storages) return false;
    for (; l->count < keys->count; l->count++) {
        const pickle_value *key = keys->items[l->count];
        if (key->kind != PICKLE_TEXT || key->count > LONGEST_KEY)
            return unreadable(at, file->path, "the key of storage %zu is not a text of at most %d bytes", l->count,
                              LONGEST_KEY);
        l->storages[l->count].key = key->bytes;
    }
    qsort(l->storages, l->count, sizeof *l->storages, by_key);
    for (size_t i = 1; i < l->count; i++)
        if (by_key(&l->storages[i - 1], &l->storages[i]) == 0)
            return unreadable(at, file->path, "it has storage %s twice", l->storages[i].key);
    return true;
}

/* Each storage's size is that of one element until it is placed. */
static bool add_element_sizes(vt_site at, const input_file *file, const pickle_value *outside, legacy *l)
{
    torch_reference reference;
    for (; outside; outside = outside->previous) {
        if (!torch_reference_read(at, file->path, outside, &reference)) return false;
        keyed_storage *storage = find_keyed(l, reference.key);
        if (!storage) continue;
        if (!reference.dtype)
            return unreadable(at, file->path, "storage %s is a %s, which is not supported", reference.key,
                              reference.class_name);
        storage->place.size = vt_dtype_size(reference.dtype);
    }
    return true;
}

/* They lie behind one another in the order of the list, each with its number of elements before it. */
static bool place_storages(vt_site at, const input_file *file, const pickle_value *keys, uint64_t position, legacy *l)
{
    for (uint64_t i = 0; i < keys->count; i++) {
        uint64_t count, left = file->size - position;
        keyed_storage *storage = find_keyed(l, keys->items[i]->bytes);
        uint64_t size = storage->place.size;
        if (size == 0) return unreadable(at, file->path, "nothing says of what elements storage %s is", storage->key);
        if (left < sizeof count)
            return unreadable(at, file->path, "it is truncated: it ends before storage %s", storage->key);
        if (!input_file_read(at, file, position, &count, sizeof count)) return false;
        left -= sizeof count;
        if (count > left / size)
            return unreadable(at, file->path,
                              "it is truncated: storage %s has %" PRIu64 " elements of %" PRIu64 " bytes, and %" PRIu64
                              " bytes are left",
                              storage->key, count, size, left);
        storage->place = (torch_storage){ position + sizeof count, count * size };
        position += sizeof count + count * size;
    }
    return true;
}

bool torch_legacy_list(vt_site at, const input_file *file, const char *part, stored_tensors *all)
{
    arena memory = { .block_size = ARENA_BLOCK };
    legacy l = { 0 };
    pickle_stream stream = { .at = at, .file = file, .values = &memory, .is_known = torch_class_is_known };
    pickle_stream_begin(&stream, 0, file->size);
    const pickle_value *root = read_preamble(&stream) ? pickle_read(&stream) : NULL;
    const pickle_value *outside = stream.outside, *keys = root ? pickle_read(&stream) : NULL;
    bool fine = keys && add_keys(at, file, keys, &memory, &l) && add_element_sizes(at, file, outside, &l) &&
                place_storages(at, file, keys, pickle_stream_position(&stream), &l) &&
                torch_state_list(at, file, root, part, (torch_storages){ find_in_legacy, &l }, all);
    arena_free(&memory);
    return fine;
}
