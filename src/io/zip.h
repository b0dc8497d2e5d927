/* zip.h - where the entries of a zip file are, which are stored as they are: compressed ones are refused, and so is
 * what several readers would understand in several ways. Source: PKWARE's APPNOTE.TXT 6.3.10. */
#ifndef VITRO_IO_ZIP_H
#define VITRO_IO_ZIP_H

#include "core/base/arena.h"
#include "file.h"

typedef struct zip_entry {
    const char *name;
    uint64_t header;      /* the place of its local header */
    uint64_t begin, size; /* its bytes in the file */
} zip_entry;

typedef struct zip_directory {
    size_t count;
    zip_entry *entries; /* sorted by name */
} zip_directory;

/* Reads the central directory into the arena. False with an error where it is missing or damaged; where an entry is
 * compressed or encrypted, does not lie in the file, overlaps another, has another name in its own header, or is there
 * twice; and where the file is one of several. */
bool zip_read(vt_site at, const input_file *file, arena *memory, zip_directory *directory);

/* NULL where there is none. */
const zip_entry *zip_find(const zip_directory *directory, const char *name);

#endif
