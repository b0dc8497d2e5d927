/* pickle.c - a pickle as values, by a machine that knows a few opcodes and runs nothing. */
#include "pickle.h"
#include "unreadable.h"

#include <vitro/error.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are read as they are in the file");

/* ---- bytes ---- */

void pickle_stream_begin(pickle_stream *stream, uint64_t begin, uint64_t end)
{
    stream->position = begin;
    stream->end = end;
    stream->used = stream->filled = 0;
}

uint64_t pickle_stream_position(const pickle_stream *stream)
{
    return stream->position - (stream->filled - stream->used);
}

static uint64_t bytes_left(const pickle_stream *stream)
{
    return stream->end - pickle_stream_position(stream);
}

static bool fill(pickle_stream *stream)
{
    uint64_t left = stream->end - stream->position;
    stream->used = 0;
    stream->filled = left < sizeof stream->buffer ? (size_t)left : sizeof stream->buffer;
    if (!input_file_read(stream->at, stream->file, stream->position, stream->buffer, stream->filled)) {
        stream->filled = 0;
        return false;
    }
    stream->position += stream->filled;
    return true;
}

/* ---- the machine ---- */

/* Of values and items, of the stack, and of the memo. A tensor takes some forty, so it is a hundred thousand tensors.
 */
enum { LIMIT = 1 << 22 };

typedef struct values {
    pickle_value **value;
    size_t count, capacity;
} values;

typedef struct machine {
    pickle_stream *stream;
    const char *opcode; /* the one under way */
    values stack;       /* NULL: a mark */
    values memo;
    uint64_t made; /* values, and items of collections */
    bool stopped;
} machine;

static bool out_of_memory(machine *m)
{
    vt_error_raise(VT_ERROR_MEMORY, m->stream->at, "no memory to read %s", m->stream->file->path);
    return false;
}

#define REFUSE(m, format, ...)                                                                                         \
    unreadable((m)->stream->at, (m)->stream->file->path, "in its pickle, before byte %" PRIu64 ", " format,            \
               pickle_stream_position((m)->stream), __VA_ARGS__)

static bool are_left(machine *m, uint64_t count)
{
    uint64_t left = bytes_left(m->stream);
    return count <= left || REFUSE(m, "%s needs %" PRIu64 " bytes, and %" PRIu64 " are left", m->opcode, count, left);
}

static bool take(machine *m, void *to, uint64_t count)
{
    pickle_stream *s = m->stream;
    if (!are_left(m, count)) return false;
    for (unsigned char *next = to; count > 0;) {
        if (s->used == s->filled && !fill(s)) return false;
        size_t part = s->filled - s->used;
        if (part > count) part = (size_t)count;
        next = mempcpy(next, s->buffer + s->used, part);
        s->used += part;
        count -= part;
    }
    return true;
}

/* An unsigned number of so many bytes, the lowest first. */
static bool take_number(machine *m, size_t bytes, uint64_t *number)
{
    *number = 0;
    return take(m, number, bytes);
}

static bool make_room(machine *m, values *list, size_t count)
{
    if (count <= list->capacity) return true;
    size_t capacity = list->capacity ? list->capacity : 64;
    while (capacity < count) capacity *= 2;
    pickle_value **grown = realloc(list->value, capacity * sizeof *grown);
    if (!grown) return out_of_memory(m);
    memset(grown + list->capacity, 0, (capacity - list->capacity) * sizeof *grown);
    *list = (values){ grown, list->count, capacity };
    return true;
}

static bool push(machine *m, pickle_value *value)
{
    if (m->stack.count == LIMIT) return REFUSE(m, "%s comes after %d values that nothing took", m->opcode, LIMIT);
    if (!make_room(m, &m->stack, m->stack.count + 1)) return false;
    m->stack.value[m->stack.count++] = value;
    return true;
}

static bool count_made(machine *m, uint64_t count)
{
    m->made += count;
    return m->made <= LIMIT ||
           REFUSE(m, "%s makes more than the %d values that a file of tensors may have", m->opcode, LIMIT);
}

static pickle_value *make(machine *m, pickle_kind kind)
{
    if (!count_made(m, 1)) return NULL;
    pickle_value *value = arena_allocate(m->stream->values, sizeof *value);
    if (value) value->kind = kind;
    return value;
}

static bool push_new(machine *m, pickle_kind kind)
{
    pickle_value *value = make(m, kind);
    return value && push(m, value);
}

static bool push_integer(machine *m, pickle_kind kind, int64_t integer)
{
    pickle_value *value = make(m, kind);
    if (value) value->integer = integer;
    return value && push(m, value);
}

/* The topmost values, the first of them lowest; NULL with an error where there are fewer above the last mark. */
static pickle_value **top(machine *m, size_t count)
{
    pickle_value **first = m->stack.count < count ? NULL : m->stack.value + m->stack.count - count;
    for (size_t i = 0; first && i < count; i++)
        if (!first[i]) first = NULL;
    if (!first) REFUSE(m, "%s takes %zu values, and there are fewer", m->opcode, count);
    return first;
}

static pickle_value **pop(machine *m, size_t count)
{
    pickle_value **first = top(m, count);
    if (first) m->stack.count -= count;
    return first;
}

/* Takes the values above the last mark, and the mark. */
static pickle_value **pop_to_mark(machine *m, size_t *count)
{
    size_t mark = m->stack.count;
    while (mark > 0 && m->stack.value[mark - 1]) mark--;
    if (mark == 0) {
        REFUSE(m, "%s needs a mark, and there is none", m->opcode);
        return NULL;
    }
    *count = m->stack.count - mark;
    m->stack.count = mark - 1;
    return m->stack.value + mark;
}

/* ---- collections ---- */

/* Doubles: what is left behind in the arena is never more than what is used. */
static bool append(machine *m, pickle_value *collection, pickle_value *const *item, size_t count)
{
    uint64_t needed = collection->count + count;
    if (!count_made(m, count)) return false;
    if (needed > collection->capacity) {
        uint32_t capacity = collection->capacity ? collection->capacity : 4;
        while (capacity < needed) capacity *= 2;
        const pickle_value **grown = arena_allocate(m->stream->values, capacity * sizeof *grown);
        if (!grown) return false;
        if (collection->count) memcpy(grown, collection->items, collection->count * sizeof *grown);
        collection->items = grown;
        collection->capacity = capacity;
    }
    if (count) memcpy(collection->items + collection->count, item, count * sizeof *item);
    collection->count = needed;
    return true;
}

static bool push_collection(machine *m, pickle_kind kind, pickle_value *const *item, size_t count)
{
    pickle_value *collection = make(m, kind);
    if (kind == PICKLE_DICT && count % 2) return REFUSE(m, "%s has a key without a value", m->opcode);
    return collection && append(m, collection, item, count) && push(m, collection);
}

/* Of an object that is a list of its own kind nobody needs the items. */
static bool append_to_top(machine *m, pickle_value *const *item, size_t count)
{
    pickle_value **list = top(m, 1);
    if (!list) return false;
    if (list[0]->kind == PICKLE_OBJECT) return true;
    if (list[0]->kind != PICKLE_LIST) return REFUSE(m, "%s appends to what is no list", m->opcode);
    return append(m, list[0], item, count);
}

static bool set_in_top(machine *m, pickle_value *const *item, size_t count)
{
    pickle_value **dict = top(m, 1);
    if (!dict) return false;
    if (dict[0]->kind != PICKLE_DICT && dict[0]->kind != PICKLE_OBJECT)
        return REFUSE(m, "%s sets an item of what is no dictionary", m->opcode);
    if (count % 2) return REFUSE(m, "%s has a key without a value", m->opcode);
    return append(m, dict[0], item, count);
}

static bool run_empty_list(machine *m)
{
    return push_new(m, PICKLE_LIST);
}

static bool run_empty_tuple(machine *m)
{
    return push_new(m, PICKLE_TUPLE);
}

static bool run_empty_dict(machine *m)
{
    return push_new(m, PICKLE_DICT);
}

static bool push_marked(machine *m, pickle_kind kind)
{
    size_t count;
    pickle_value **item = pop_to_mark(m, &count);
    return item && push_collection(m, kind, item, count);
}

static bool run_tuple(machine *m)
{
    return push_marked(m, PICKLE_TUPLE);
}

static bool run_list(machine *m)
{
    return push_marked(m, PICKLE_LIST);
}

static bool run_dict(machine *m)
{
    return push_marked(m, PICKLE_DICT);
}

static bool push_tuple(machine *m, size_t count)
{
    pickle_value **item = pop(m, count);
    return item && push_collection(m, PICKLE_TUPLE, item, count);
}

static bool run_tuple1(machine *m)
{
    return push_tuple(m, 1);
}

static bool run_tuple2(machine *m)
{
    return push_tuple(m, 2);
}

static bool run_tuple3(machine *m)
{
    return push_tuple(m, 3);
}

static bool run_append(machine *m)
{
    pickle_value **item = pop(m, 1);
    return item && append_to_top(m, item, 1);
}

static bool run_appends(machine *m)
{
    size_t count;
    pickle_value **item = pop_to_mark(m, &count);
    return item && append_to_top(m, item, count);
}

static bool run_setitem(machine *m)
{
    pickle_value **item = pop(m, 2);
    return item && set_in_top(m, item, 2);
}

static bool run_setitems(machine *m)
{
    size_t count;
    pickle_value **item = pop_to_mark(m, &count);
    return item && set_in_top(m, item, count);
}

/* ---- numbers and text ---- */

static bool run_none(machine *m)
{
    return push_new(m, PICKLE_NONE);
}

static bool run_true(machine *m)
{
    return push_integer(m, PICKLE_BOOL, true);
}

static bool run_false(machine *m)
{
    return push_integer(m, PICKLE_BOOL, false);
}

static bool run_binint(machine *m)
{
    int32_t number;
    return take(m, &number, sizeof number) && push_integer(m, PICKLE_INTEGER, number);
}

static bool run_binint1(machine *m)
{
    uint64_t number;
    return take_number(m, 1, &number) && push_integer(m, PICKLE_INTEGER, (int64_t)number);
}

static bool run_binint2(machine *m)
{
    uint64_t number;
    return take_number(m, 2, &number) && push_integer(m, PICKLE_INTEGER, (int64_t)number);
}

/* Eight bytes, the highest first. */
static bool run_binfloat(machine *m)
{
    uint64_t bits;
    pickle_value *value = make(m, PICKLE_FLOAT);
    if (!value || !take_number(m, sizeof bits, &bits)) return false;
    bits = __builtin_bswap64(bits);
    memcpy(&value->number, &bits, sizeof bits);
    return push(m, value);
}

/* The given number of bytes, and a zero. */
static bool push_bytes(machine *m, pickle_kind kind, uint64_t count)
{
    pickle_value *value = make(m, kind);
    if (!value || !are_left(m, count)) return false;
    char *bytes = arena_allocate(m->stream->values, (size_t)count + 1);
    if (!bytes || !take(m, bytes, count)) return false;
    value->bytes = bytes;
    value->count = count;
    return push(m, value);
}

/* Bytes with their number before them, which takes `length` bytes itself. */
static bool push_counted(machine *m, pickle_kind kind, size_t length)
{
    uint64_t count;
    return take_number(m, length, &count) && push_bytes(m, kind, count);
}

static bool push_long(machine *m, uint64_t count)
{
    int64_t number = 0;
    if (count > sizeof number) return push_bytes(m, PICKLE_LONG, count);
    if (!take(m, &number, count)) return false;
    unsigned unused = 8 * (unsigned)(sizeof number - count);
    if (count) number = (int64_t)((uint64_t)number << unused) >> unused;
    return push_integer(m, PICKLE_INTEGER, number);
}

static bool run_long1(machine *m)
{
    uint64_t count;
    return take_number(m, 1, &count) && push_long(m, count);
}

static bool run_long4(machine *m)
{
    uint64_t count;
    return take_number(m, 4, &count) && push_long(m, count);
}

static bool run_short_text(machine *m)
{
    return push_counted(m, PICKLE_TEXT, 1);
}

static bool run_text(machine *m)
{
    return push_counted(m, PICKLE_TEXT, 4);
}

static bool run_long_text(machine *m)
{
    return push_counted(m, PICKLE_TEXT, 8);
}

static bool run_short_bytes(machine *m)
{
    return push_counted(m, PICKLE_BYTES, 1);
}

static bool run_bytes(machine *m)
{
    return push_counted(m, PICKLE_BYTES, 4);
}

static bool run_long_bytes(machine *m)
{
    return push_counted(m, PICKLE_BYTES, 8);
}

/* ---- the memo and the stack ---- */

static bool run_mark(machine *m)
{
    return push(m, NULL);
}

static bool run_pop(machine *m)
{
    if (m->stack.count == 0) return REFUSE(m, "%s takes from an empty stack", m->opcode);
    m->stack.count--;
    return true;
}

static bool run_pop_mark(machine *m)
{
    size_t count;
    return pop_to_mark(m, &count);
}

static bool run_dup(machine *m)
{
    pickle_value **value = top(m, 1);
    return value && push(m, value[0]);
}

static bool memoize(machine *m, uint64_t place)
{
    pickle_value **value = top(m, 1);
    if (!value) return false;
    if (place >= LIMIT)
        return REFUSE(m, "%s uses place %" PRIu64 " of the memo, which has %d", m->opcode, place, LIMIT);
    if (!make_room(m, &m->memo, (size_t)place + 1)) return false;
    m->memo.value[place] = value[0];
    m->memo.count++;
    return true;
}

static bool run_memoize(machine *m)
{
    return memoize(m, m->memo.count);
}

static bool run_binput(machine *m)
{
    uint64_t place;
    return take_number(m, 1, &place) && memoize(m, place);
}

static bool run_long_binput(machine *m)
{
    uint64_t place;
    return take_number(m, 4, &place) && memoize(m, place);
}

static bool recall(machine *m, uint64_t place)
{
    pickle_value *value = place < m->memo.capacity ? m->memo.value[place] : NULL;
    if (!value) return REFUSE(m, "%s reads place %" PRIu64 " of the memo, where nothing is", m->opcode, place);
    return push(m, value);
}

static bool run_binget(machine *m)
{
    uint64_t place;
    return take_number(m, 1, &place) && recall(m, place);
}

static bool run_long_binget(machine *m)
{
    uint64_t place;
    return take_number(m, 4, &place) && recall(m, place);
}

/* ---- classes and objects ---- */

enum { CLASS_NAME_SIZE = 512 };

static bool push_class(machine *m, const char *name)
{
    if (!m->stream->is_known(name))
        return REFUSE(
            m,
            "it names %s, which no dictionary of tensors needs. Nothing was run. Who trusts the file may load "
            "it in Python and save what is wanted: torch.save(model.state_dict(), path)",
            name);
    pickle_value *value = make(m, PICKLE_CLASS);
    char *copy = value ? arena_allocate(m->stream->values, strlen(name) + 1) : NULL;
    if (!copy) return false;
    value->bytes = strcpy(copy, name);
    value->count = strlen(name);
    return push(m, value);
}

/* Up to the end of the line, which becomes `end`. */
static bool take_line(machine *m, char *name, size_t *length, char end)
{
    for (char byte;;) {
        if (!take(m, &byte, 1)) return false;
        if (*length + 1 >= CLASS_NAME_SIZE || byte == 0)
            return REFUSE(m, "%s has a name of more than %d characters", m->opcode, CLASS_NAME_SIZE);
        name[*length] = byte == '\n' ? end : byte;
        *length += 1;
        if (byte == '\n') return true;
    }
}

static bool run_global(machine *m)
{
    char name[CLASS_NAME_SIZE];
    size_t length = 0;
    return take_line(m, name, &length, '.') && take_line(m, name, &length, 0) && push_class(m, name);
}

static bool run_stack_global(machine *m)
{
    char name[CLASS_NAME_SIZE];
    pickle_value **text = pop(m, 2);
    if (!text) return false;
    if (text[0]->kind != PICKLE_TEXT || text[1]->kind != PICKLE_TEXT)
        return REFUSE(m, "%s has a name that is no text", m->opcode);
    if (snprintf(name, sizeof name, "%s.%s", text[0]->bytes, text[1]->bytes) >= (int)sizeof name)
        return REFUSE(m, "%s has a name of more than %d characters", m->opcode, CLASS_NAME_SIZE);
    return push_class(m, name);
}

static bool push_object(machine *m, const pickle_value *class, const pickle_value *arguments)
{
    if (class->kind != PICKLE_CLASS) return REFUSE(m, "%s calls what is no class", m->opcode);
    if (arguments->kind != PICKLE_TUPLE) return REFUSE(m, "%s has arguments that are no tuple", m->opcode);
    pickle_value *object = make(m, PICKLE_OBJECT);
    if (!object) return false;
    object->made_by = class->bytes;
    object->arguments = arguments;
    return push(m, object);
}

static bool run_reduce(machine *m)
{
    pickle_value **part = pop(m, 2);
    return part && push_object(m, part[0], part[1]);
}

/* Those with names are left out. */
static bool run_newobj_ex(machine *m)
{
    pickle_value **part = pop(m, 3);
    return part && push_object(m, part[0], part[1]);
}

/* Nobody needs what an object is set to later. */
static bool run_build(machine *m)
{
    return pop(m, 1) && top(m, 1);
}

static bool run_binpersid(machine *m)
{
    pickle_value **id = pop(m, 1);
    if (!id) return false;
    const pickle_value *arguments = id[0];
    pickle_value *outside = make(m, PICKLE_OUTSIDE);
    if (!outside) return false;
    outside->arguments = arguments;
    outside->previous = m->stream->outside;
    m->stream->outside = outside;
    return push(m, outside);
}

/* ---- around it ---- */

static bool run_proto(machine *m)
{
    uint64_t protocol;
    if (!take_number(m, 1, &protocol)) return false;
    return (protocol >= 2 && protocol <= 5) || REFUSE(m, "it is of protocol %" PRIu64 "; 2 to 5 are read", protocol);
}

/* A frame is a hint of how much to read at once. */
static bool run_frame(machine *m)
{
    uint64_t size;
    return take_number(m, sizeof size, &size) && are_left(m, size);
}

static bool run_stop(machine *m)
{
    if (!top(m, 1)) return false;
    m->stopped = true;
    return true;
}

/* By their byte, the names as in Python's pickletools. Those without a function are not used from protocol 2 on, or by
 * nothing that a file of tensors has. */
static const struct opcode {
    const char *name;
    bool (*run)(machine *);
} opcodes[256] = {
    ['('] = { "MARK", run_mark },
    ['.'] = { "STOP", run_stop },
    ['0'] = { "POP", run_pop },
    ['1'] = { "POP_MARK", run_pop_mark },
    ['2'] = { "DUP", run_dup },
    ['B'] = { "BINBYTES", run_bytes },
    ['C'] = { "SHORT_BINBYTES", run_short_bytes },
    ['F'] = { "FLOAT", NULL },
    ['G'] = { "BINFLOAT", run_binfloat },
    ['I'] = { "INT", NULL },
    ['J'] = { "BININT", run_binint },
    ['K'] = { "BININT1", run_binint1 },
    ['L'] = { "LONG", NULL },
    ['M'] = { "BININT2", run_binint2 },
    ['N'] = { "NONE", run_none },
    ['P'] = { "PERSID", NULL },
    ['Q'] = { "BINPERSID", run_binpersid },
    ['R'] = { "REDUCE", run_reduce },
    ['S'] = { "STRING", NULL },
    ['T'] = { "BINSTRING", run_text },
    ['U'] = { "SHORT_BINSTRING", run_short_text },
    ['V'] = { "UNICODE", NULL },
    ['X'] = { "BINUNICODE", run_text },
    [']'] = { "EMPTY_LIST", run_empty_list },
    ['a'] = { "APPEND", run_append },
    ['b'] = { "BUILD", run_build },
    ['c'] = { "GLOBAL", run_global },
    ['d'] = { "DICT", run_dict },
    ['e'] = { "APPENDS", run_appends },
    ['g'] = { "GET", NULL },
    ['h'] = { "BINGET", run_binget },
    ['i'] = { "INST", NULL },
    ['j'] = { "LONG_BINGET", run_long_binget },
    ['l'] = { "LIST", run_list },
    ['o'] = { "OBJ", NULL },
    ['p'] = { "PUT", NULL },
    ['q'] = { "BINPUT", run_binput },
    ['r'] = { "LONG_BINPUT", run_long_binput },
    ['s'] = { "SETITEM", run_setitem },
    ['t'] = { "TUPLE", run_tuple },
    ['u'] = { "SETITEMS", run_setitems },
    ['}'] = { "EMPTY_DICT", run_empty_dict },
    [')'] = { "EMPTY_TUPLE", run_empty_tuple },
    [0x80] = { "PROTO", run_proto },
    [0x81] = { "NEWOBJ", run_reduce },
    [0x82] = { "EXT1", NULL },
    [0x83] = { "EXT2", NULL },
    [0x84] = { "EXT4", NULL },
    [0x85] = { "TUPLE1", run_tuple1 },
    [0x86] = { "TUPLE2", run_tuple2 },
    [0x87] = { "TUPLE3", run_tuple3 },
    [0x88] = { "NEWTRUE", run_true },
    [0x89] = { "NEWFALSE", run_false },
    [0x8a] = { "LONG1", run_long1 },
    [0x8b] = { "LONG4", run_long4 },
    [0x8c] = { "SHORT_BINUNICODE", run_short_text },
    [0x8d] = { "BINUNICODE8", run_long_text },
    [0x8e] = { "BINBYTES8", run_long_bytes },
    [0x8f] = { "EMPTY_SET", run_empty_list },
    [0x90] = { "ADDITEMS", run_appends },
    [0x91] = { "FROZENSET", run_list },
    [0x92] = { "NEWOBJ_EX", run_newobj_ex },
    [0x93] = { "STACK_GLOBAL", run_stack_global },
    [0x94] = { "MEMOIZE", run_memoize },
    [0x95] = { "FRAME", run_frame },
    [0x96] = { "BYTEARRAY8", run_long_bytes },
    [0x97] = { "NEXT_BUFFER", NULL },
    [0x98] = { "READONLY_BUFFER", NULL },
};

static bool run_next(machine *m)
{
    unsigned char byte;
    m->opcode = "the next opcode";
    if (!take(m, &byte, 1)) return false;
    if (!opcodes[byte].name) return REFUSE(m, "0x%02x is no opcode", byte);
    m->opcode = opcodes[byte].name;
    return opcodes[byte].run ? opcodes[byte].run(m)
                             : REFUSE(m, "%s is an opcode that no file of tensors needs", m->opcode);
}

const pickle_value *pickle_read(pickle_stream *stream)
{
    machine m = { .stream = stream };
    bool fine = true;
    while (fine && !m.stopped) fine = run_next(&m);
    const pickle_value *value = fine ? m.stack.value[m.stack.count - 1] : NULL;
    free(m.stack.value);
    free(m.memo.value);
    return value;
}

bool pickle_is_text(const pickle_value *value, const char *text)
{
    return value->kind == PICKLE_TEXT && value->count == strlen(text) && memcmp(value->bytes, text, value->count) == 0;
}
