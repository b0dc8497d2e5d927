/* pickle.h - Python's pickles, protocols 2 to 5, as values. Nothing in them is run: an object stays what it was written
 * as, the name of a class and arguments. */
#ifndef VITRO_IO_PICKLE_H
#define VITRO_IO_PICKLE_H

#include "core/base/arena.h"
#include "file.h"

typedef enum pickle_kind {
    PICKLE_NONE,
    PICKLE_BOOL,    /* integer */
    PICKLE_INTEGER, /* integer */
    PICKLE_LONG,    /* an integer of more than 64 bits: bytes, the lowest first */
    PICKLE_FLOAT,   /* number */
    PICKLE_TEXT,    /* bytes: UTF-8 */
    PICKLE_BYTES,   /* bytes */
    PICKLE_LIST,    /* items; sets too */
    PICKLE_TUPLE,   /* items */
    PICKLE_DICT,    /* items: a key and its value in turn */
    PICKLE_CLASS,   /* bytes: "module.name" */
    PICKLE_OBJECT,  /* what made it and its arguments; items that were set in it, as those of a dict */
    PICKLE_OUTSIDE, /* what lies outside the pickle: arguments are its persistent id */
} pickle_kind;

typedef struct pickle_value pickle_value;
struct pickle_value {
    pickle_kind kind;
    uint32_t capacity; /* of items */
    uint64_t count;    /* of items or bytes */
    union {
        int64_t integer;
        double number;
        const char *bytes; /* and a zero behind them */
        const pickle_value **items;
        const pickle_value *previous; /* of what lies outside: the one that was read before it */
    };
    const char *made_by; /* the "module.name" of the class or function that an object was to be made by */
    const pickle_value *arguments;
};

/* A part of a file, of which pickles are read one after the other. */
typedef struct pickle_stream {
    vt_site at;
    const input_file *file;
    arena *values;                            /* for all that is read */
    const pickle_value *outside;              /* the last that was read */
    bool (*is_known)(const char *class_name); /* others are refused by name */
    uint64_t position, end;                   /* of the file that is not in the buffer yet */
    size_t used, filled;                      /* of the buffer */
    unsigned char buffer[4096];
} pickle_stream;

void pickle_stream_begin(pickle_stream *stream, uint64_t begin, uint64_t end);
/* Where in the file the next byte is. */
uint64_t pickle_stream_position(const pickle_stream *stream);

/* The next pickle, which lives in the arena. NULL with an error for what is no pickle, for a class that is not known,
 * and for more than four million values. Values may contain themselves. */
const pickle_value *pickle_read(pickle_stream *stream);

bool pickle_is_text(const pickle_value *value, const char *text);

#endif
