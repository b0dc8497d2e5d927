/* What a training run shows and leaves behind: progress on a stream, a log of its epochs, curves, a way to stop it. */
#include "temporary.h"

#include "core/base/clock.h"
#include "report/axis.h"
#include "refused.h"

#include <vitro/error.h>
#include <vitro/progress.h>
#include <vitro/stop.h>
#include <vitro/training_log.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>

TestSuite(progress, .init = enter_folder, .fini = leave_folder);
TestSuite(training_log, .init = enter_folder, .fini = leave_folder);
TestSuite(plot, .init = enter_folder, .fini = leave_folder);

/* fontconfig 2.14 loses a few hundred bytes for each font it opens. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}

const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

static int count_text(const char *text, const char *part)
{
    int count = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) count++;
    return count;
}

/* ---- progress ---- */

static char *progress_on_file(int64_t total, int64_t step, double accuracy)
{
    size_t size;
    FILE *stream = fopen("out", "w");
    vt_progress progress = vt_progress_begin(stream, "epoch 3/200", total);
    for (int64_t done = step; done <= (total ? total : 100); done += step)
        vt_progress_update(&progress, done, 1.25, accuracy);
    vt_progress_end(&progress);
    fclose(stream);
    return read_test_file("out", &size);
}

Test(progress, is_a_line_for_each_tenth_where_it_is_no_terminal)
{
    char *text = progress_on_file(1000, 1, 0.553);
    cr_assert(count_text(text, "\n") == 10, "%s", text);
    cr_assert(count_text(text, "epoch 3/200") == 10, "%s", text);
    for (int tenth = 1; tenth <= 10; tenth++) {
        char share[64];
        snprintf(share, sizeof share, "epoch 3/200  %3d%%  loss 1.2500  acc 55.3%%", 10 * tenth);
        cr_assert(count_text(text, share) == 1, "%s once in: %s", share, text);
    }
    cr_assert(!strchr(text, '\r') && !strchr(text, '\x1b'), "%s", text);
    cr_assert(count_text(text, " left\n") == 9 && count_text(text, " in 0:00\n") == 1, "%s", text);
    free(text);
}

Test(progress, is_one_line_for_a_step_over_several_tenths)
{
    char *text = progress_on_file(1000, 450, 0.5);
    cr_assert(count_text(text, "\n") == 2 + 1, "%s", text);
    cr_assert(strstr(text, " 45%") && strstr(text, " 90%"), "%s", text);
    free(text);
}

Test(progress, leaves_out_an_accuracy_that_is_not_measured_and_shows_a_loss_that_is_nan)
{
    FILE *stream = fopen("out", "w");
    vt_progress progress = vt_progress_begin(stream, "", 10);
    vt_progress_update(&progress, 10, NAN, NAN);
    vt_progress_end(&progress);
    fclose(stream);
    size_t size;
    char *text = read_test_file("out", &size);
    cr_assert(strstr(text, "loss nan") && !strstr(text, "acc"), "%s", text);
    free(text);
}

Test(progress, counts_where_the_total_is_not_known)
{
    char *text = progress_on_file(0, 50, 0.5);
    cr_assert(count_text(text, "\n") == 1 && strstr(text, "epoch 3/200  100  loss") && !strchr(text, '['), "%s", text);
    free(text);
}

Test(progress, prints_nothing_without_a_stream)
{
    vt_progress progress = vt_progress_begin(NULL, "x", 10);
    vt_progress_update(&progress, 5, 1, 1);
    vt_progress_end(&progress);
    vt_progress_end(&progress);
}

Test(progress, says_when_an_update_would_show)
{
    FILE *stream = tmpfile();
    vt_progress progress = vt_progress_begin(stream, "x", 100), nowhere = vt_progress_begin(NULL, "x", 100);
    cr_assert(!vt_progress_is_due(&progress, 9) && vt_progress_is_due(&progress, 10));
    vt_progress_update(&progress, 10, 1, 1);
    cr_assert(!vt_progress_is_due(&progress, 19) && vt_progress_is_due(&progress, 95));
    cr_assert(!vt_progress_is_due(&progress, 100), "the end shows that");
    cr_assert(!vt_progress_is_due(&nowhere, 50));
    fclose(stream);
}

/* Everything that was written to the other end, which is closed. */
static const char *read_terminal(int terminal)
{
    static char received[1 << 16];
    size_t size = 0;
    for (ssize_t got; (got = read(terminal, received + size, sizeof received - 1 - size)) > 0;) size += (size_t)got;
    received[size] = 0;
    return received;
}

/* What a terminal of so many columns receives, while `updates` of them arrive in about `seconds`. */
static const char *progress_on_terminal(const char *name, unsigned short columns, int updates, double seconds)
{
    setenv("TERM", name, 1);
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    FILE *stream = fopen(ptsname(terminal), "w");
    cr_assert(stream && ioctl(fileno(stream), TIOCSWINSZ, &(struct winsize){ .ws_col = columns, .ws_row = 24 }) == 0);
    vt_progress progress = vt_progress_begin(stream, "epoch 3/200", updates);
    for (int done = 1; done <= updates; done++) {
        vt_progress_update(&progress, done, 1.25, 0.553);
        usleep((useconds_t)(1e6 * seconds / updates));
    }
    vt_progress_end(&progress);
    fclose(stream);
    const char *text = read_terminal(terminal);
    close(terminal);
    return text;
}

/* The columns of each line drawn, between "\r" and the code that erases the rest. */
static int widest_line(const char *text)
{
    int widest = 0;
    while ((text = strchr(text, '\r'))) {
        const char *end = strstr(++text, "\x1b[K");
        if (end && end - text > widest) widest = (int)(end - text);
    }
    return widest;
}

Test(progress, is_rewritten_on_a_terminal_ten_times_a_second_at_most)
{
    double start = seconds_now();
    const char *text = progress_on_terminal("xterm", 100, 500, 0.5);
    int drawn = count_text(text, "\x1b[K");
    cr_assert(drawn >= 3 && drawn <= 2 + 10 * (seconds_now() - start), "drawn %d times: %s", drawn, text);
    cr_assert(count_text(text, "\n") == 1 && strstr(text, "100%  loss 1.2500  acc 55.3%"), "%s", text);
    cr_assert(count_text(text, "[====") >= 1 && strstr(text, "left\x1b[K"), "%s", text);
}

Test(progress, fits_the_width_of_the_terminal)
{
    for (unsigned short columns = 1; columns < 200; columns = (unsigned short)(columns + 7)) {
        const char *text = progress_on_terminal("xterm", columns, 5, 0);
        cr_assert(widest_line(text) < columns, "%d of %d columns: %s", widest_line(text), columns, text);
    }
    cr_assert(strstr(progress_on_terminal("xterm", 80, 5, 0.05), "[="));
    cr_assert(!strchr(progress_on_terminal("xterm", 60, 5, 0) + 1, '>'));
}

Test(progress, is_plain_on_a_dumb_terminal)
{
    const char *text = progress_on_terminal("dumb", 80, 100, 0);
    cr_assert(!strstr(text, "\x1b") && count_text(text, "\n") == 10, "%s", text);
}

/* ---- the log of epochs ---- */

#define OLD_HEADER   "epoch,train_loss,train_accuracy,test_loss,test_accuracy,seconds,images_per_second"
#define LATER_HEADER OLD_HEADER ",test_top5,test_calibration_error,learning_rate"
#define THIRD_HEADER LATER_HEADER ",test_flip_accuracy"
#define HEADER       THIRD_HEADER ",peak_bytes\n"

static vt_epoch epoch_of(int64_t epoch)
{
    const double t = (double)epoch, seconds = 12.5 + 0.1 * t;
    return (vt_epoch){
        .epoch = epoch,
        .train_loss = 2.3 / t,
        .train_accuracy = 1 - 0.9 / t,
        .test_loss = 2.4 / t,
        .test_accuracy = 1 - 0.95 / t,
        .seconds = seconds,
        .images_per_second = 50000 / seconds,
        .test_top5 = 1 - 0.3 / t,
        .test_calibration_error = 0.1 / t,
        .learning_rate = 0.001 / t,
        .test_flip_accuracy = 1 - 0.9 / t,
        .peak_bytes = 1e6 * t,
    };
}

static void append_epochs(int64_t first, int64_t last)
{
    for (int64_t epoch = first; epoch <= last; epoch++) {
        vt_epoch row = epoch_of(epoch);
        cr_assert(vt_training_log_append("log.csv", &row), "%s", vt_error_message());
    }
}

static void assert_log_is(int64_t last)
{
    vt_training_log log;
    cr_assert(vt_training_log_read("log.csv", &log), "%s", vt_error_message());
    cr_assert(log.count == (size_t)last, "%zu rows", log.count);
    for (size_t i = 0; i < log.count; i++) {
        vt_epoch expected = epoch_of((int64_t)i + 1);
        cr_assert(memcmp(&log.epochs[i], &expected, sizeof expected) == 0, "row %zu", i);
    }
    vt_training_log_free(&log);
    cr_assert(!log.epochs && log.count == 0);
}

Test(training_log, reads_back_every_bit)
{
    append_epochs(1, 40);
    assert_log_is(40);
    cr_assert(count_files() == 1);
}

Test(training_log, is_written_as_anyone_would)
{
    vt_epoch row = { 1, 2.5, 0.1, NAN, -NAN, 12, INFINITY, 0.75, NAN, 1e-3, 0.25, 3e9 };
    cr_assert(vt_training_log_append("log.csv", &row));
    size_t size;
    char *text = read_test_file("log.csv", &size);
    cr_assert(strcmp(text, HEADER "1,2.5,0.1,nan,nan,12,inf,0.75,nan,0.001,0.25,3000000000\n") == 0, "%s", text);
    free(text);
    vt_training_log log;
    cr_assert(vt_training_log_read("log.csv", &log), "%s", vt_error_message());
    cr_assert(log.count == 1 && isnan(log.epochs[0].test_loss) && isnan(log.epochs[0].test_accuracy));
    cr_assert(log.epochs[0].images_per_second == INFINITY);
    vt_training_log_free(&log);
}

Test(training_log, goes_on_from_the_epoch_that_is_resumed)
{
    append_epochs(1, 9);
    append_epochs(5, 6);
    assert_log_is(6);
    append_epochs(1, 1);
    assert_log_is(1);
}

Test(training_log, of_before_there_were_more_columns_is_read_and_continued)
{
    static const char old[] = OLD_HEADER "\n1,2.5,0.1,2.4,0.2,12,100\n";
    write_test_file("log.csv", old, sizeof old - 1);
    append_epochs(2, 2);
    vt_training_log log;
    cr_assert(vt_training_log_read("log.csv", &log), "%s", vt_error_message());
    cr_assert(log.count == 2 && log.epochs[0].images_per_second == 100 && isnan(log.epochs[0].test_top5));
    cr_assert(isnan(log.epochs[0].learning_rate) && log.epochs[1].learning_rate == epoch_of(2).learning_rate);
    vt_training_log_free(&log);
    static const char later[] = LATER_HEADER "\n1,2.5,0.1,2.4,0.2,12,100,0.5,0.1,0.001\n";
    write_test_file("log.csv", later, sizeof later - 1);
    cr_assert(vt_training_log_read("log.csv", &log), "%s", vt_error_message());
    cr_assert(log.count == 1 && log.epochs[0].learning_rate == 0.001 && isnan(log.epochs[0].test_flip_accuracy));
    vt_training_log_free(&log);
    static const char third[] = THIRD_HEADER "\n1,2.5,0.1,2.4,0.2,12,100,0.5,0.1,0.001,0.25\n";
    write_test_file("log.csv", third, sizeof third - 1);
    cr_assert(vt_training_log_read("log.csv", &log), "%s", vt_error_message());
    cr_assert(log.count == 1 && log.epochs[0].test_flip_accuracy == 0.25 && isnan(log.epochs[0].peak_bytes));
    vt_training_log_free(&log);
}

Test(training_log, has_points_and_not_commas_in_every_locale)
{
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8" };
    const char *set = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !set; i++) set = setlocale(LC_ALL, names[i]);
    if (!set) cr_skip_test("no locale with a decimal comma is installed");
    append_epochs(1, 3);
    assert_log_is(3);
    cr_assert(localeconv()->decimal_point[0] == ',');
}

Test(training_log, an_interrupted_write_leaves_the_old_log)
{
    append_epochs(1, 3);
    bool root = geteuid() == 0;
    cr_assert(chmod(".", 0555) == 0 && (!root || seteuid(65534) == 0));
    vt_epoch row = epoch_of(4);
    bool done = vt_training_log_append("log.csv", &row);
    cr_assert((!root || seteuid(0) == 0) && chmod(".", 0755) == 0);
    cr_assert(!done);
    REFUSED(VT_ERROR_FILE, "log.csv: Permission denied");
    assert_log_is(3);
}

static const struct {
    const char *text, *message;
} malformed_logs[] = {
    { "", "bad.csv is not a training log: line 0 should be \"epoch,train_loss" },
    { "epoch,loss\n1,2\n", "line 1 should be \"epoch,train_loss" },
    { HEADER "1,2,3,4,5,6,7,8,9\n", "line 2 should be an epoch and 11 numbers, but is \"1,2,3,4,5,6,7,8,9\"" },
    { HEADER "1,2,3,4,5,6,7,8,9,0,1,2\n2,2,3,4,5,6,7,8,9,0,1,2,3\n", "line 3 should be an epoch and 11 numbers" },
    { HEADER "1,2,,4,5,6,7,8,9,0,1,2\n", "line 2 should be an epoch and 11 numbers" },
    { HEADER "x,2,3,4,5,6,7,8,9,0,1,2\n", "line 2 should be an epoch and 11 numbers" },
    { HEADER "99999999999999999999,2,3,4,5,6,7,8,9,0,1,2\n", "line 2 should be an epoch and 11 numbers" },
    { HEADER "\n", "line 2 should be an epoch and 11 numbers" },
    { HEADER "2,2,3,4,5,6,7,8,9,0,1,2\n2,2,3,4,5,6,7,8,9,0,1,2\n", "line 3 has epoch 2 after epoch 2" },
    { OLD_HEADER "\n1,2,3,4,5,6\n", "line 2 should be an epoch and 6 numbers, but is \"1,2,3,4,5,6\"" },
    { OLD_HEADER "\n1,2,3,4,5,6,7,8,9,0\n", "line 2 should be an epoch and 6 numbers" },
    { OLD_HEADER ",test_top5\n1,2,3,4,5,6,7,8\n", "line 1 should be \"epoch,train_loss" },
};

Test(training_log, what_is_no_log_is_refused_and_left_as_it_is)
{
    for (size_t i = 0; i < sizeof malformed_logs / sizeof *malformed_logs; i++) {
        vt_training_log log;
        vt_epoch row = epoch_of(1);
        size_t size;
        write_test_file("bad.csv", malformed_logs[i].text, strlen(malformed_logs[i].text));
        cr_assert(!vt_training_log_read("bad.csv", &log) && log.count == 0 && !log.epochs);
        REFUSED(VT_ERROR_FILE, malformed_logs[i].message);
        cr_assert(!vt_training_log_append("bad.csv", &row));
        REFUSED(VT_ERROR_FILE, malformed_logs[i].message);
        char *text = read_test_file("bad.csv", &size);
        cr_assert(strcmp(text, malformed_logs[i].text) == 0);
        free(text);
    }
}

Test(training_log, does_nothing_while_an_error_stands)
{
    vt_epoch row = epoch_of(1);
    vt_training_log log = { .count = 0 };
    vt_error_raise(VT_ERROR_NUMERIC, VT_HERE, "the loss is NaN");
    cr_assert(!vt_training_log_append("log.csv", &row));
    cr_assert(!vt_training_log_read("log.csv", &log));
    cr_assert(!vt_training_log_plot(&log, NULL, "curves.svg"));
    REFUSED(VT_ERROR_NUMERIC, "the loss is NaN");
    cr_assert(count_files() == 0);
}

/* ---- axes ---- */

static void assert_ticks(plot_axis axis, int count, double first, double last)
{
    cr_assert(axis.tick_count == count, "%d ticks from %g to %g", axis.tick_count, axis.low, axis.high);
    cr_assert(fabs(axis.tick[0] - first) < 1e-9 * fabs(first) + 1e-12, "first tick %g", axis.tick[0]);
    cr_assert(fabs(axis.tick[count - 1] - last) < 1e-9 * fabs(last) + 1e-12, "last tick %g", axis.tick[count - 1]);
}

Test(axis, ticks_are_round_numbers)
{
    assert_ticks(axis_linear(0, 1, 5), 6, 0, 1);
    assert_ticks(axis_linear(0.13, 0.87, 5), 4, 0.2, 0.8);
    assert_ticks(axis_linear(0, 0.3, 3), 4, 0, 0.3);
    assert_ticks(axis_linear(-1, 1, 4), 5, -1, 1);
    assert_ticks(axis_linear_rounded(0.35, 2.29, 6), 6, 0, 2.5);
    assert_ticks(axis_linear_rounded(34, 96, 6), 5, 20, 100);
    assert_ticks(axis_linear_rounded(1e-7, 9e-7, 6), 6, 0, 1e-6);
    assert_ticks(axis_whole(1, 5, 8), 5, 1, 5);
    assert_ticks(axis_whole(1, 300, 8), 6, 50, 300);
    assert_ticks(axis_whole(7, 7, 8), 1, 7, 7);
    assert_ticks(axis_logarithmic(0.0002, 2.4, 6), 4, 0.001, 1);
    assert_ticks(axis_logarithmic(1e-60, 1e60, 6), 5, 1e-44, 1e44);
}

Test(axis, places_its_ends_at_0_and_1)
{
    static const double ranges[][2] = { { 0.1, 7 }, { 3, 3 }, { 1e-90, 1e90 }, { 1, 1 + 1e-15 }, { 1e90, 1e90 } };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        double low = ranges[i][0], high = ranges[i][1];
        const plot_axis axes[] = { axis_linear(low, high, 6), axis_linear_rounded(low, high, 6),
                                   axis_whole(low, high, 8) };
        for (size_t k = 0; k < sizeof axes / sizeof *axes; k++) {
            cr_assert(axis_place(&axes[k], axes[k].low) == 0 && fabs(axis_place(&axes[k], axes[k].high) - 1) < 1e-12);
            cr_assert(axis_place(&axes[k], low) >= -1e-6 && axis_place(&axes[k], high) <= 1 + 1e-6);
        }
    }
    plot_axis axis = axis_logarithmic(0.1, 10, 6);
    cr_assert(fabs(axis_place(&axis, 1) - 0.5) < 1e-12);
}

/* ---- curves ---- */

#ifdef VITRO_HAVE_CAIRO

enum { MOST_EPOCHS = 300 };

static vt_training_log sample_log(vt_epoch epochs[MOST_EPOCHS], size_t count)
{
    for (size_t i = 0; i < count; i++) epochs[i] = epoch_of((int64_t)i + 1);
    return (vt_training_log){ epochs, count };
}

/* A tree of elements, each of which is closed. */
static void assert_well_formed(const char *text)
{
    int depth = 0, elements = 0;
    for (const char *tag = strchr(text, '<'); tag; tag = strchr(tag + 1, '<')) {
        const char *end = strchr(tag, '>');
        cr_assert(end, "a tag does not end");
        if (tag[1] == '?' || tag[1] == '!') continue;
        elements++;
        if (tag[1] == '/')
            depth--;
        else if (end[-1] != '/')
            depth++;
        cr_assert(depth >= 0 && (depth > 0 || strncmp(tag, "</svg>", 6) == 0), "depth %d at %.40s", depth, tag);
    }
    cr_assert(depth == 0 && elements > 10, "depth %d after %d elements", depth, elements);
}

static void assert_svg(const vt_training_log *log, const char *title)
{
    size_t size;
    cr_assert(vt_training_log_plot(log, title, "curves.svg"), "%s", vt_error_message());
    char *text = read_test_file("curves.svg", &size);
    cr_assert(strncmp(text, "<?xml ", 6) == 0 && strlen(text) == size);
    cr_assert(size > 7 && strcmp(text + size - 7, "</svg>\n") == 0);
    cr_assert(!strstr(text, "nan") && !strstr(text, "inf"), "a coordinate is no number");
    assert_well_formed(text);
    free(text);
}

static int big_endian_at(const unsigned char *bytes)
{
    return bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

static void assert_png(const vt_training_log *log, const char *title, int width, int height)
{
    size_t size;
    cr_assert(vt_training_log_plot(log, title, "curves.png"), "%s", vt_error_message());
    char *data = read_test_file("curves.png", &size);
    cr_assert(size > 1000 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0);
    cr_assert(big_endian_at((unsigned char *)data + 16) == width &&
              big_endian_at((unsigned char *)data + 20) == height);
    cr_assert(memcmp(data + size - 8, "IEND", 4) == 0);
    free(data);
}

Test(plot, draws_any_number_of_epochs)
{
    static const size_t counts[] = { 0, 1, 2, 5, 30, 31, 300 };
    vt_epoch epochs[MOST_EPOCHS];
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        vt_training_log log = sample_log(epochs, counts[i]);
        assert_svg(&log, NULL);
    }
    vt_training_log log = sample_log(epochs, 5);
    assert_png(&log, NULL, 2080, 760);
    assert_png(&log, "ViT & <friends>", 2080, 828);
    assert_svg(&log, "ViT & <friends>");
    cr_assert(count_files() == 2);
}

/* What is drawn, without the names that cairo counts from one surface to the next; to be freed. */
static char *drawing_with(double missing)
{
    vt_epoch epochs[MOST_EPOCHS];
    vt_training_log log = sample_log(epochs, 40);
    for (int i = 3; i < 40; i += 7) epochs[i].train_loss = epochs[i].test_accuracy = missing;
    assert_svg(&log, NULL);
    size_t size;
    char *text = read_test_file("curves.svg", &size), *drawn = strstr(text, "<rect");
    cr_assert(drawn, "%s", text);
    memmove(text, drawn, strlen(drawn) + 1);
    return text;
}

Test(plot, leaves_out_what_is_no_number)
{
    char *gaps = drawing_with(NAN), *whole = drawing_with(0.5);
    cr_assert(strcmp(gaps, whole) != 0);
    static const double missing[] = { NAN, INFINITY, -INFINITY, 1e308, -1e308 };
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        char *drawn = drawing_with(missing[i]);
        cr_assert(strcmp(drawn, gaps) == 0, "%g is drawn", missing[i]);
        free(drawn);
    }
    free(gaps);
    free(whole);
}

Test(plot, draws_empty_panels_where_nothing_was_measured)
{
    vt_epoch epochs[MOST_EPOCHS];
    vt_training_log log = sample_log(epochs, 20);
    for (int i = 0; i < 20; i++)
        epochs[i].train_loss = epochs[i].test_loss = epochs[i].train_accuracy = epochs[i].test_accuracy = NAN;
    assert_svg(&log, NULL);
    assert_png(&log, NULL, 2080, 760);
}

Test(plot, draws_every_range)
{
    static const double ranges[][2] = { { 1, 1 },     { 0, 0 },        { 1e-8, 1e8 },   { -5, 1e9 },
                                        { -3, -2.9 }, { 1e99, -1e99 }, { 1, 1 + 1e-15 } };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        vt_epoch epochs[] = { epoch_of(1), epoch_of(INT64_MAX) };
        for (int k = 0; k < 2; k++)
            epochs[k].train_loss = epochs[k].test_loss = epochs[k].train_accuracy = epochs[k].test_accuracy =
                ranges[i][k];
        assert_svg(&(vt_training_log){ epochs, 2 }, NULL);
    }
}

Test(plot, refuses_other_names_and_folders_that_are_not_there)
{
    vt_epoch epochs[MOST_EPOCHS];
    vt_training_log log = sample_log(epochs, 5);
    cr_assert(!vt_training_log_plot(&log, NULL, "curves.jpeg"));
    REFUSED(VT_ERROR_ARGUMENT, "cannot draw curves.jpeg: the name should end in .svg or .png");
    cr_assert(!vt_training_log_plot(&log, NULL, "missing/curves.svg"));
    REFUSED(VT_ERROR_FILE, "cannot write missing/curves.svg: No such file or directory");
    cr_assert(count_files() == 0);
}

#else

Test(plot, says_that_this_build_has_no_cairo)
{
    vt_training_log log = { .count = 0 };
    cr_assert(!vt_training_log_plot(&log, NULL, "curves.svg"));
    REFUSED(VT_ERROR_UNSUPPORTED, "-Dcairo=enabled");
    cr_assert(count_files() == 0);
}

#endif

/* ---- stopping ---- */

Test(stop, the_first_signal_is_noted)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    vt_stop_on_signals();
    cr_assert(vt_stop_requested() == 0 && vt_stop_exit_code() == 0);
    raise(SIGTERM);
    cr_assert(vt_stop_requested() == SIGTERM && vt_stop_exit_code() == 128 + SIGTERM);
    vt_stop_on_signals();
    cr_assert(vt_stop_requested() == 0);
    raise(SIGINT);
    cr_assert(vt_stop_requested() == SIGINT && vt_stop_exit_code() == 130);
}

static int end_of_child(int first, int second, bool installed)
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        if (installed) vt_stop_on_signals();
        raise(first);
        raise(second);
        _exit(0);
    }
    int status;
    cr_assert(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Test(stop, the_second_signal_kills)
{
    cr_assert(end_of_child(SIGINT, SIGINT, true) == SIGINT);
    cr_assert(end_of_child(SIGTERM, SIGINT, true) == SIGINT);
    cr_assert(end_of_child(SIGINT, SIGTERM, true) == SIGTERM);
}

Test(stop, nothing_is_handled_unasked)
{
    cr_assert(end_of_child(SIGTERM, SIGINT, false) == SIGTERM);
}

Test(stop, ignored_signals_stay_ignored)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    vt_stop_on_signals();
    raise(SIGINT);
    cr_assert(vt_stop_requested() == 0);
    raise(SIGTERM);
    cr_assert(vt_stop_requested() == SIGTERM);
    raise(SIGINT);
}
