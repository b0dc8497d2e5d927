/* profile.c - time by op: a row for each op and shape, an event for each call where a trace is asked for. */
#include "core/base/clock.h"
#include "core/run/profile.h"
#include "core/run/slow_call.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROWS = 1024, MAX_EVENTS = 1 << 20 };

typedef struct row {
    const char *op;
    char shape[96];
    int64_t calls, slow_calls;
    const char *why_slow;
    double seconds, flops, bytes;
} row;

typedef struct event {
    int row;
    double start, seconds;
} event;

static struct {
    pthread_mutex_t lock;
    const char *asked; /* VT_PROFILE; NULL: nothing */
    double begin;
    device_peak peak;
    row *rows;
    event *events;
    int row_count, event_count;
} profile = { .lock = PTHREAD_MUTEX_INITIALIZER };
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local const char *why_slow; /* of the kernel that runs; NULL: it is not */

/* -- The report ---------------------------------------------------------------------------------------------------- */

static int by_falling_time(const void *x, const void *y)
{
    const row *a = x, *b = y;
    return (a->seconds < b->seconds) - (a->seconds > b->seconds);
}

static void print_row(const row *r, double total)
{
    fprintf(stderr, "%-32s %-34s %8lld %10.2f %6.1f", r->op, r->shape, (long long)r->calls, 1e3 * r->seconds,
            100 * r->seconds / total);
    if (r->flops > 0)
        fprintf(stderr, " %9.1f", 1e-9 * r->flops / r->seconds);
    else
        fprintf(stderr, " %9s", "");
    fprintf(stderr, " %8.1f", 1e-9 * r->bytes / r->seconds);
    /* Of whichever it comes closer to. */
    double compute = profile.peak.flops > 0 ? r->flops / r->seconds / profile.peak.flops : 0;
    double memory = profile.peak.bytes > 0 ? r->bytes / r->seconds / profile.peak.bytes : 0;
    fprintf(stderr, " %6.0f\n", 100 * (compute > memory ? compute : memory));
    if (r->slow_calls) fprintf(stderr, "    %lld of these calls %s\n", (long long)r->slow_calls, r->why_slow);
}

static void print_table(void)
{
    double total = 0;
    for (int i = 0; i < profile.row_count; i++) total += profile.rows[i].seconds;
    qsort(profile.rows, (size_t)profile.row_count, sizeof *profile.rows, by_falling_time);
    fprintf(stderr, "%-32s %-34s %8s %10s %6s %9s %8s %6s\n", "op", "result", "calls", "ms", "%", "GFLOP/s", "GB/s",
            "peak%");
    for (int i = 0; i < profile.row_count; i++) print_row(&profile.rows[i], total);
    fprintf(stderr, "%.1f ms in kernels; peak: %.0f GFLOP/s of multiply-adds, %.1f GB/s of copies\n", 1e3 * total,
            1e-9 * profile.peak.flops, 1e-9 * profile.peak.bytes);
}

static void write_trace(void)
{
    FILE *file = fopen(profile.asked, "w");
    if (!file) {
        fprintf(stderr, "VT_PROFILE: %s cannot be written\n", profile.asked);
        return;
    }
    fputs("[", file);
    for (int i = 0; i < profile.event_count; i++) {
        const event *e = &profile.events[i];
        fprintf(file,
                "%s\n{\"name\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%.3f,\"dur\":%.3f,"
                "\"args\":{\"result\":\"%s\"}}",
                i ? "," : "", profile.rows[e->row].op, 1e6 * (e->start - profile.begin), 1e6 * e->seconds,
                profile.rows[e->row].shape);
    }
    fputs("\n]\n", file);
    if (fclose(file) != 0) fprintf(stderr, "VT_PROFILE: %s cannot be written whole\n", profile.asked);
}

static void report(void)
{
    if (profile.events)
        write_trace();
    else
        print_table();
    free(profile.rows);
    free(profile.events);
    profile.asked = NULL;
}

static void begin(void)
{
    const char *asked = getenv("VT_PROFILE");
    if (!asked || !*asked || strcmp(asked, "0") == 0) return;
    bool trace = strcmp(asked, "1") != 0;
    profile.rows = calloc(MAX_ROWS, sizeof *profile.rows);
    if (trace) profile.events = calloc(MAX_EVENTS, sizeof *profile.events);
    if (!profile.rows || (trace && !profile.events)) return;
    profile.asked = asked;
    profile.begin = seconds_now();
    atexit(report);
}

/* -- What is counted ----------------------------------------------------------------------------------------------- */

static double bytes_of(const array *a)
{
    double count = (double)vt_dtype_size(a->dtype);
    for (int i = 0; i < a->shape.rank; i++)
        if (a->stride[i]) count *= (double)a->shape.dim[i];
    return a->data ? count : 0;
}

static void describe(const step *s, char text[96])
{
    const kernel_call *call = &s->call;
    const array *shown = call->outputs ? &call->out[0] : &call->in[0];
    char shape[128];
    snprintf(text, 96, "%s %.80s", vt_dtype_name(shown->dtype), vt_shape_text(shown->shape, shape));
}

static int row_of(const step *s)
{
    const char *name = s->kernel ? s->call.op->name : "copy";
    char shape[96];
    describe(s, shape);
    for (int i = 0; i < profile.row_count; i++)
        if (strcmp(profile.rows[i].op, name) == 0 && strcmp(profile.rows[i].shape, shape) == 0) return i;
    if (profile.row_count == MAX_ROWS) return MAX_ROWS - 1; /* the last one takes what has no place */
    profile.rows[profile.row_count].op = name;
    strcpy(profile.rows[profile.row_count].shape, shape);
    return profile.row_count++;
}

bool profile_is_on(void)
{
    pthread_once(&once, begin);
    return profile.asked != NULL;
}

void slow_call(const char *why)
{
    why_slow = why;
}

double profile_begin(void)
{
    why_slow = NULL;
    return profile_is_on() ? seconds_now() : 0;
}

void profile_end(double start, step *s, const backend *device)
{
    if (start == 0 || !profile.asked) return;
    if (device->queue && !device->queue->finish()) return;
    double seconds = seconds_now() - start;
    pthread_mutex_lock(&profile.lock);
    if (profile.peak.flops == 0 && device->measure_peak) profile.peak = device->measure_peak();
    int number = row_of(s);
    row *r = &profile.rows[number];
    r->calls++;
    r->seconds += seconds;
    if (why_slow) {
        r->slow_calls++;
        r->why_slow = why_slow;
    }
    if (s->kernel && s->call.op->flops) r->flops += s->call.op->flops(&s->call);
    for (int i = 0; i < s->call.inputs + s->call.outputs; i++) r->bytes += bytes_of(&s->call.in[i]);
    if (profile.events && profile.event_count < MAX_EVENTS)
        profile.events[profile.event_count++] = (event){ number, start, seconds };
    pthread_mutex_unlock(&profile.lock);
}
