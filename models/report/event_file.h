/* event_file.h - scalars of a run in the form that TensorBoard reads.
 *
 * A file is a sequence of records: their length (u64), its checksum (u32), the bytes of a message, their checksum
 * (u32), all little-endian (TensorFlow's tfrecord). A checksum is CRC-32C (Castagnoli), turned by 15 bits and added to
 * a constant. Messages are protocol buffers: Event { wall_time = 1 (double), step = 2 (int64), file_version = 3
 * (string) or summary = 5 }, and Summary { value = 1: { tag = 1 (string), simple_value = 2 (float) } }. */
#ifndef MODELS_REPORT_EVENT_FILE_H
#define MODELS_REPORT_EVENT_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* What TensorBoard takes for such a file has "tfevents" in its name. */
#define EVENT_FILE "events.out.tfevents.vitro"

typedef struct event_scalar {
    const char *tag; /* "test/loss": curves that have a first part in common stand together */
    double value;    /* written as f32; NaN is not written */
} event_scalar;

/* Makes the file in the folder ready for steps behind `last_step`: those that a run left beyond it, and what was cut
 * off, go; where it is no such file, or last_step is 0, it begins anew. False with an error, and while one stands. */
bool event_file_begin(const char *folder, int64_t last_step);

/* Adds a record of the scalars, at the time of day. Readers pass over a record that was cut off, which is why the file
 * can grow in its place. False with an error, and while one stands. */
bool event_file_add(const char *folder, int64_t step, const event_scalar *scalars, int count);

#endif
