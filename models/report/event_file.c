/* event_file.c - scalars of a run in the form that TensorBoard reads. */
#include "report/event_file.h"
#include "program/path.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vitro/vitro.h>

enum { HEAD = 12, TAIL = 4, MOST_RECORD = 1 << 16 };

/* -- Checksums ----------------------------------------------------------------------------------------------------- */

/* CRC-32C, bit by bit: records are short. */
static uint32_t crc32c(const uint8_t *bytes, size_t count)
{
    uint32_t crc = ~0U;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
    }
    return ~crc;
}

static uint32_t masked(const uint8_t *bytes, size_t count)
{
    const uint32_t crc = crc32c(bytes, count);
    return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

/* -- Messages ------------------------------------------------------------------------------------------------------ */

typedef struct message {
    uint8_t bytes[MOST_RECORD];
    size_t size;
} message;

static void put(message *m, const void *bytes, size_t count)
{
    if (count > sizeof m->bytes - m->size) return; /* tags are short */
    memcpy(m->bytes + m->size, bytes, count);
    m->size += count;
}

static void put_little_endian(message *m, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++) put(m, &(uint8_t){ (uint8_t)(number >> 8 * i) }, 1);
}

static void put_varint(message *m, uint64_t number)
{
    for (; number >= 128; number >>= 7) put(m, &(uint8_t){ (uint8_t)(number | 128) }, 1);
    put(m, &(uint8_t){ (uint8_t)number }, 1);
}

/* The number of a field, and what follows: a varint, 8 bytes, a length and as many bytes, or 4 bytes. */
enum { VARINT = 0, EIGHT_BYTES = 1, BYTES = 2, FOUR_BYTES = 5 };

static void put_key(message *m, int field, int kind)
{
    put_varint(m, (uint64_t)(field << 3 | kind));
}

static void put_bytes(message *m, int field, const void *bytes, size_t count)
{
    put_key(m, field, BYTES);
    put_varint(m, count);
    put(m, bytes, count);
}

static void put_scalar(message *summary, const event_scalar *s)
{
    static message value;
    const float number = (float)s->value;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    value.size = 0;
    put_bytes(&value, 1, s->tag, strlen(s->tag));
    put_key(&value, 2, FOUR_BYTES);
    put_little_endian(&value, bits, 4);
    put_bytes(summary, 1, value.bytes, value.size);
}

static void begin_event(message *m)
{
    struct timespec now;
    uint64_t bits;
    clock_gettime(CLOCK_REALTIME, &now);
    const double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    memcpy(&bits, &seconds, sizeof bits);
    m->size = 0;
    put_key(m, 1, EIGHT_BYTES);
    put_little_endian(m, bits, 8);
}

/* -- Records ------------------------------------------------------------------------------------------------------- */

static bool cannot_write(const char *path)
{
    vt_error_raise(VT_ERROR_FILE, VT_HERE, "cannot write %s: %s", path, strerror(errno));
    return false;
}

static bool write_record(int file, const char *path, const message *event)
{
    static message record;
    record.size = 0;
    put_little_endian(&record, event->size, 8);
    put_little_endian(&record, masked(record.bytes, 8), 4);
    put(&record, event->bytes, event->size);
    put_little_endian(&record, masked(event->bytes, event->size), 4);
    errno = ENOSPC; /* where only a part is written */
    return write(file, record.bytes, record.size) == (ssize_t)record.size || cannot_write(path);
}

static uint64_t little_endian(const uint8_t *bytes, int count)
{
    uint64_t number = 0;
    for (int i = count - 1; i >= 0; i--) number = number << 8 | bytes[i];
    return number;
}

/* The step of a message that this program wrote: wall_time, then step. */
static int64_t step_of(const uint8_t *event, size_t size)
{
    uint64_t step = 0;
    if (size < 10 || event[9] != (2 << 3 | VARINT)) return 0;
    for (size_t i = 10; i < size && i < 20; i++) {
        step |= (uint64_t)(event[i] & 127) << 7 * (i - 10);
        if (event[i] < 128) break;
    }
    return (int64_t)step;
}

/* How many bytes the record at `offset` has, where it is whole and of a step up to the last; else 0. */
static off_t record_to_keep(int file, off_t offset, int64_t last_step)
{
    static uint8_t bytes[MOST_RECORD + TAIL];
    uint8_t head[HEAD];
    if (pread(file, head, HEAD, offset) != HEAD || little_endian(head + 8, 4) != masked(head, 8)) return 0;
    const uint64_t size = little_endian(head, 8);
    if (size > MOST_RECORD || pread(file, bytes, size + TAIL, offset + HEAD) != (ssize_t)(size + TAIL)) return 0;
    if (little_endian(bytes + size, 4) != masked(bytes, size) || step_of(bytes, size) > last_step) return 0;
    return HEAD + (off_t)size + TAIL;
}

/* -- The file ------------------------------------------------------------------------------------------------------ */

static int open_file(const char *folder, char path[PATH_SIZE])
{
    if (vt_failed() || !path_join(path, folder, EVENT_FILE)) return -1;
    const int file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0) cannot_write(path);
    return file;
}

static bool close_file(int file, const char *path)
{
    const bool synced = vt_failed() || fdatasync(file) == 0 || errno == EINVAL || cannot_write(path);
    return (close(file) == 0 || vt_failed() || cannot_write(path)) && synced && !vt_failed();
}

bool event_file_begin(const char *folder, int64_t last_step)
{
    static const char version[] = "brain.Event:2";
    static message event;
    char path[PATH_SIZE];
    const int file = open_file(folder, path);
    if (file < 0) return false;
    off_t end = 0;
    for (off_t size = 1; last_step > 0 && size > 0; end += size) size = record_to_keep(file, end, last_step);
    if (ftruncate(file, end) != 0) cannot_write(path);
    begin_event(&event);
    put_bytes(&event, 3, version, sizeof version - 1);
    if (end == 0 && !vt_failed()) write_record(file, path, &event);
    return close_file(file, path);
}

bool event_file_add(const char *folder, int64_t step, const event_scalar *scalars, int count)
{
    static message event, summary;
    char path[PATH_SIZE];
    const int file = open_file(folder, path);
    if (file < 0) return false;
    begin_event(&event);
    put_key(&event, 2, VARINT);
    put_varint(&event, (uint64_t)step);
    summary.size = 0;
    for (int i = 0; i < count; i++)
        if (!isnan(scalars[i].value)) put_scalar(&summary, &scalars[i]);
    put_bytes(&event, 5, summary.bytes, summary.size);
    write_record(file, path, &event);
    return close_file(file, path);
}
