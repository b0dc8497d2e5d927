#include <vitro/training_log.h>

#include "io/file.h"

#include <vitro/error.h>

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_COLUMNS  "epoch,train_loss,train_accuracy,test_loss,test_accuracy,seconds,images_per_second"
#define SECOND_COLUMNS FIRST_COLUMNS ",test_top5,test_calibration_error,learning_rate"
#define THIRD_COLUMNS  SECOND_COLUMNS ",test_flip_accuracy"

static const char header_line[] = THIRD_COLUMNS ",peak_bytes";

enum { FIGURES = 11, LOG_LIMIT = 64 << 20 };

/* The header of a log, and the figures of its rows. */
static const struct {
    const char *line;
    int figures;
} headers[] = { { FIRST_COLUMNS, 6 }, { SECOND_COLUMNS, 9 }, { THIRD_COLUMNS, 10 }, { header_line, FIGURES } };

static double *figure(vt_epoch *epoch, int index)
{
    return (double *[FIGURES]){
        &epoch->train_loss,    &epoch->train_accuracy,     &epoch->test_loss, &epoch->test_accuracy,
        &epoch->seconds,       &epoch->images_per_second,  &epoch->test_top5, &epoch->test_calibration_error,
        &epoch->learning_rate, &epoch->test_flip_accuracy, &epoch->peak_bytes
    }[index];
}

/* Numbers in a file have a decimal point, whatever the program's locale says. */
static locale_t use_c_locale(void)
{
    locale_t c = newlocale(LC_NUMERIC_MASK, "C", NULL);
    return c ? uselocale(c) : NULL;
}

static void restore_locale(locale_t previous)
{
    if (previous) freelocale(uselocale(previous));
}

/* ---- reading ---- */

typedef struct log_parser {
    vt_site at;
    const char *path;
    char *text; /* what is left of the file */
    int line;
    int figures; /* in a row */
} log_parser;

static bool VT_PRINTF(2, 3) refuse(const log_parser *parser, const char *format, ...)
{
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    vt_error_raise(VT_ERROR_FILE, parser->at, "%s is not a training log: line %d %s", parser->path, parser->line,
                   reason);
    return false;
}

/* The next line without its end, NULL after the last one. */
static char *next_line(log_parser *parser)
{
    if (!*parser->text) return NULL;
    char *line = parser->text, *end = line + strcspn(line, "\n");
    parser->text = *end ? end + 1 : end;
    parser->line++;
    *end = 0;
    return line;
}

static bool parse_epoch(const log_parser *parser, const char *line, vt_epoch *out)
{
    char *end;
    errno = 0;
    *out = (vt_epoch){ .epoch = strtoll(line, &end, 10) };
    bool good = end != line && errno == 0;
    for (int i = parser->figures; i < FIGURES; i++) *figure(out, i) = NAN;
    for (int i = 0; i < parser->figures && good; i++) {
        const char *start = end + 1;
        good = *end == ',';
        if (good) *figure(out, i) = strtod(start, &end);
        good = good && end != start;
    }
    return (good && *end == 0) ||
           refuse(parser, "should be an epoch and %d numbers, but is \"%.100s\"", parser->figures, line);
}

/* Doubles the room whenever a power of two is full. */
static bool add_epoch(const log_parser *parser, vt_training_log *log, const vt_epoch *epoch)
{
    if ((log->count & (log->count - 1)) == 0) {
        vt_epoch *grown = realloc(log->epochs, (log->count ? 2 * log->count : 1) * sizeof *grown);
        if (!grown) {
            vt_error_raise(VT_ERROR_MEMORY, parser->at, "no memory for the rows of %s", parser->path);
            return false;
        }
        log->epochs = grown;
    }
    log->epochs[log->count++] = *epoch;
    return true;
}

static bool parse_header(log_parser *parser)
{
    const char *line = next_line(parser);
    for (size_t i = 0; line && i < sizeof headers / sizeof *headers; i++)
        if (strcmp(line, headers[i].line) == 0) parser->figures = headers[i].figures;
    return parser->figures > 0 || refuse(parser, "should be \"%s\", but is \"%.100s\"", header_line, line ? line : "");
}

static bool parse_log(log_parser *parser, vt_training_log *log)
{
    if (!parse_header(parser)) return false;
    for (const char *line; (line = next_line(parser));) {
        vt_epoch epoch;
        if (!parse_epoch(parser, line, &epoch)) return false;
        int64_t previous = log->count ? log->epochs[log->count - 1].epoch : INT64_MIN;
        if (log->count && epoch.epoch <= previous)
            return refuse(parser, "has epoch %" PRId64 " after epoch %" PRId64, epoch.epoch, previous);
        if (!add_epoch(parser, log, &epoch)) return false;
    }
    return true;
}

static bool read_log(vt_site at, const char *path, vt_training_log *log)
{
    size_t size;
    char *text = file_read_all(at, path, LOG_LIMIT, &size);
    if (!text) return false;
    log_parser parser = { .at = at, .path = path, .text = text };
    bool done = parse_log(&parser, log);
    free(text);
    return done;
}

bool vt_training_log_read_at(vt_site at, const char *path, vt_training_log *log)
{
    if (!log) vt_error_raise(VT_ERROR_ARGUMENT, at, "training log: the log to read into is NULL");
    if (log) *log = (vt_training_log){ .count = 0 };
    if (vt_failed()) return false;
    locale_t previous = use_c_locale();
    bool done = read_log(at, path, log);
    restore_locale(previous);
    if (!done) vt_training_log_free(log);
    return done;
}

void vt_training_log_free(vt_training_log *log)
{
    if (!log) return;
    free(log->epochs);
    *log = (vt_training_log){ .count = 0 };
}

/* ---- writing ---- */

/* The fewest digits that read back as the same number. */
static void print_number(FILE *out, double value)
{
    char text[32] = "nan"; /* without the sign that printf may give it */
    for (int digits = 15; digits <= 17 && !isnan(value); digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    fputs(text, out);
}

static void print_epoch(FILE *out, const vt_epoch *epoch)
{
    vt_epoch row = *epoch;
    fprintf(out, "%" PRId64, row.epoch);
    for (int i = 0; i < FIGURES; i++) {
        fputc(',', out);
        print_number(out, *figure(&row, i));
    }
    fputc('\n', out);
}

/* The text of the log, to be freed by the caller: the rows before the epoch, and the epoch. */
static char *print_log(const vt_training_log *log, const vt_epoch *epoch, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out) return NULL;
    fprintf(out, "%s\n", header_line);
    for (size_t i = 0; i < log->count && log->epochs[i].epoch < epoch->epoch; i++) print_epoch(out, &log->epochs[i]);
    print_epoch(out, epoch);
    bool failed = ferror(out);
    failed |= fclose(out) != 0;
    if (!failed) return text;
    free(text);
    return NULL;
}

static bool write_log(vt_site at, const char *path, const vt_training_log *log, const vt_epoch *epoch)
{
    size_t size;
    locale_t previous = use_c_locale();
    char *text = print_log(log, epoch, &size);
    restore_locale(previous);
    if (!text) vt_error_raise(VT_ERROR_MEMORY, at, "no memory for the rows of %s", path);
    bool done = text && atomic_file_replace(at, path, text, size);
    free(text);
    return done;
}

static bool is_absent(const char *path)
{
    return access(path, F_OK) != 0 && errno == ENOENT;
}

bool vt_training_log_append_at(vt_site at, const char *path, const vt_epoch *epoch)
{
    vt_training_log log = { .count = 0 };
    if (!path || !epoch)
        vt_error_raise(VT_ERROR_ARGUMENT, at, "training log: %s is NULL", path ? "the epoch to append" : "the path");
    if (vt_failed()) return false;
    if (!is_absent(path) && !vt_training_log_read_at(at, path, &log)) return false;
    bool done = write_log(at, path, &log, epoch);
    vt_training_log_free(&log);
    return done;
}
