#include "core/base/clock.h"
#include <vitro/progress.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.1

enum { USUAL_COLUMNS = 80, LINE_CAPACITY = 512, BAR_MIN = 6, BAR_MAX = 40 };

/* What the figures take as a rule; the bar's width does not follow them, or it would tremble as digits come and go. */
enum { FIGURES_COLUMNS = sizeof "  100%  loss 12.3456  acc 100.0%  12345 img/s  12:34 left" - 1 };

/* ---- what there is to say ---- */

static double fraction_of_total(const vt_progress *progress, int64_t done)
{
    if (progress->total <= 0) return NAN;
    return fmin(1, fmax(0, (double)done / (double)progress->total));
}

static double fraction_done(const vt_progress *progress)
{
    return fraction_of_total(progress, progress->done);
}

/* "0:07", "12:34", "1:02:03" */
static void format_duration(double seconds, char text[32])
{
    long long whole = (long long)fmin(fmax(seconds, 0), 1e15);
    if (whole < 3600)
        snprintf(text, 32, "%lld:%02lld", whole / 60, whole % 60);
    else
        snprintf(text, 32, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
}

static void format_figures(const vt_progress *progress, char text[96])
{
    int used = snprintf(text, 96, fabs(progress->loss) < 1000 ? "  loss %.4f" : "  loss %.4g", progress->loss);
    if (!isnan(progress->accuracy)) snprintf(text + used, 96 - (size_t)used, "  acc %4.1f%%", 100 * progress->accuracy);
}

static void format_speed(const vt_progress *progress, double elapsed, char text[64])
{
    *text = 0;
    if (progress->done <= 0 || elapsed <= 0) return;
    double speed = (double)progress->done / elapsed;
    snprintf(text, 64, "  %.*f img/s", speed < 10 ? 1 : 0, speed);
}

static void format_time(const vt_progress *progress, double elapsed, bool ended, char text[64])
{
    char duration[32];
    double left = elapsed * (1 / fraction_done(progress) - 1);
    *text = 0;
    if (!ended && !isfinite(left)) return;
    format_duration(ended ? elapsed : left, duration);
    snprintf(text, 64, ended ? "  in %s" : "  %s left", duration);
}

typedef struct report {
    char share[32], figures[96], speed[64], time[64];
} report;

static report make_report(const vt_progress *progress, bool ended)
{
    report out;
    double elapsed = seconds_now() - progress->started;
    if (progress->total > 0)
        snprintf(out.share, sizeof out.share, "  %3.0f%%", floor(100 * fraction_done(progress)));
    else
        snprintf(out.share, sizeof out.share, "  %lld", (long long)progress->done);
    format_figures(progress, out.figures);
    format_speed(progress, elapsed, out.speed);
    format_time(progress, elapsed, ended, out.time);
    return out;
}

/* ---- a line that is rewritten ---- */

static int columns_of(FILE *stream)
{
    struct winsize size;
    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : USUAL_COLUMNS;
}

/* "  [====>     ]", with `width` characters between the brackets */
static void format_bar(double fraction, int width, char text[BAR_MAX + 8])
{
    int filled = (int)(fraction * width);
    snprintf(text, BAR_MAX + 8, "  [%*s]", width, "");
    memset(text + 3, '=', (size_t)filled);
    if (filled < width) text[3 + filled] = '>';
}

/* Columns that UTF-8 text takes, where each character takes one. */
static int text_columns(const char *text)
{
    int columns = 0;
    for (; *text; text++) columns += (*text & 0xc0) != 0x80;
    return columns;
}

static void cut_to_columns(char *text, int columns)
{
    while (*text && (columns > 0 || (*text & 0xc0) == 0x80)) columns -= (*text++ & 0xc0) != 0x80;
    *text = 0;
}

/* What does not fit goes: the bar first, then the speed, the time, the end of the line. The last column stays empty,
 * because a character there makes some terminals wrap. */
static void format_line(const vt_progress *progress, bool ended, int columns, char line[LINE_CAPACITY])
{
    report out = make_report(progress, ended);
    char bar[BAR_MAX + 8] = "";
    int label = text_columns(progress->label), width = columns - 1;
    int figures = (int)(strlen(out.share) + strlen(out.figures) + strlen(out.speed) + strlen(out.time));
    int room = width - label - (int)strlen("  []") - (figures > FIGURES_COLUMNS ? figures : FIGURES_COLUMNS);
    if (progress->total > 0 && room >= BAR_MIN)
        format_bar(fraction_done(progress), room < BAR_MAX ? room : BAR_MAX, bar);
    if (label + figures > width) *out.speed = 0;
    if (label + (int)(strlen(out.share) + strlen(out.figures) + strlen(out.time)) > width) *out.time = 0;
    snprintf(line, LINE_CAPACITY, "%s%s%s%s%s%s", progress->label, bar, out.share, out.figures, out.speed, out.time);
    cut_to_columns(line, width);
}

/* One write for the whole line, and what is left of the one before is erased after it rather than before: no flicker.
 */
static void draw(vt_progress *progress, bool ended)
{
    char line[LINE_CAPACITY];
    format_line(progress, ended, columns_of(progress->stream), line);
    fprintf(progress->stream, "\r%s\x1b[K%s", line, ended ? "\n" : "");
    fflush(progress->stream);
    progress->drawn = seconds_now();
}

/* ---- plain lines ---- */

static void print_line(vt_progress *progress, bool ended)
{
    report out = make_report(progress, ended);
    fprintf(progress->stream, "%s%s%s%s%s\n", progress->label, out.share, out.figures, out.speed, out.time);
    fflush(progress->stream);
}

/* ---- the interface ---- */

static bool can_rewrite_lines(FILE *stream)
{
    const char *terminal = getenv("TERM");
    return stream && isatty(fileno(stream)) && terminal && strcmp(terminal, "dumb") != 0;
}

vt_progress vt_progress_begin(FILE *stream, const char *label, int64_t total)
{
    vt_progress progress = { .stream = stream, .total = total, .loss = NAN, .accuracy = NAN, .started = seconds_now() };
    progress.terminal = can_rewrite_lines(stream);
    snprintf(progress.label, sizeof progress.label, "%s", label ? label : "");
    return progress;
}

static int tenths(const vt_progress *progress, int64_t done)
{
    return progress->total > 0 ? (int)(10 * fraction_of_total(progress, done)) : 0;
}

/* The last tenth is left to vt_progress_end, which knows the time taken. */
bool vt_progress_is_due(const vt_progress *progress, int64_t done)
{
    if (!progress || !progress->stream) return false;
    if (progress->terminal) return seconds_now() - progress->drawn >= REDRAW_SECONDS;
    return tenths(progress, done) > progress->tenths && tenths(progress, done) < 10;
}

void vt_progress_update(vt_progress *progress, int64_t done, double loss, double accuracy)
{
    if (!progress) return;
    bool due = vt_progress_is_due(progress, done);
    progress->done = done;
    progress->loss = loss;
    progress->accuracy = accuracy;
    if (!due) return;
    progress->tenths = tenths(progress, done);
    if (progress->terminal)
        draw(progress, false);
    else
        print_line(progress, false);
}

void vt_progress_end(vt_progress *progress)
{
    if (!progress || !progress->stream) return;
    if (progress->terminal)
        draw(progress, true);
    else
        print_line(progress, true);
    progress->stream = NULL;
}
