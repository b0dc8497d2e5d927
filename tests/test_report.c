/* What a training run shows of its tests: figures that follow from logits, against ones worked out by hand, and the
 * files that they go to. */
#include "left_behind.h"
#include "refused.h"
#include "report/class_tables.h"
#include "report/event_file.h"
#include "report/run_page.h"
#include "report/evaluation.h"
#include "report/lr_range.h"
#include "report/test_drawings.h"
#include "report/test_picture.h"
#include "temporary.h"
#include <criterion/criterion.h>
#include <math.h>

static void leave(void)
{
    expect_nothing_left();
    leave_folder();
}
TestSuite(evaluation, .fini = expect_nothing_left);
TestSuite(report, .init = enter_folder, .fini = leave);

/* fontconfig 2.14 loses a few hundred bytes for each font it opens. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}

enum { CLASSES = 7, PICTURES = 5, PIXELS = 3 * 2 * 2 };
static const char *const names[CLASSES] = { "cat", "<script>", "say \"x\"", "\xff\xfe", "", "&amp;", "seven" };
static const int64_t labels[PICTURES] = { 0, 1, 2, 2, 6 };
static const uint8_t pixels[PICTURES * PIXELS] = { [24] = 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35 };
static const vt_dataset pictures = { PICTURES, 3, 2, 2, pixels, labels, CLASSES, names };

/* Logarithms of probabilities, so that these are what the evaluation works with. */
static const double shares[PICTURES][CLASSES] = {
    { 0.94, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01 }, /* right, sure */
    { 0.40, 0.10, 0.10, 0.10, 0.10, 0.10, 0.10 }, /* wrong: said 0; its class is the second of equals */
    { 0.02, 0.88, 0.02, 0.02, 0.02, 0.02, 0.02 }, /* wrong, sure: said 1 */
    { 0.10, 0.10, 0.40, 0.10, 0.10, 0.10, 0.10 }, /* right */
    { 0.30, 0.20, 0.15, 0.14, 0.13, 0.05, 0.03 }, /* wrong: said 0; its class comes last */
};

static vt_tensor logits_of(int first, int count)
{
    double values[PICTURES * CLASSES];
    for (int i = 0; i < count * CLASSES; i++) values[i] = log(shares[first + i / CLASSES][i % CLASSES]) + 3;
    return vt_from_data(values, VT_SHAPE(count, CLASSES), VT_F64);
}

static void evaluate(evaluation *e)
{
    cr_assert(evaluation_begin(e, &pictures), "%s", vt_error_message());
    for (int first = 0; first < PICTURES; first += 2) {
        VT_SCOPE;
        evaluation_add(e, logits_of(first, first + 2 <= PICTURES ? 2 : PICTURES - first), VT_INERT);
    }
    cr_assert(evaluation_finish(e), "%s", vt_error_message());
}

static void expect_near(double got, double want, const char *what)
{
    cr_assert(fabs(got - want) < 1e-12, "%s is %.15g, not %.15g", what, got, want);
}

Test(evaluation, figures_follow_from_logits)
{
    evaluation e;
    evaluate(&e);
    cr_assert(e.seen == PICTURES && e.correct == 2 && e.in_top == 4);
    expect_near(evaluation_accuracy(&e), 0.4, "accuracy");
    expect_near(evaluation_top_accuracy(&e), 0.8, "top-5");
    const double loss = -(log(0.94) + log(0.10) + log(0.02) + log(0.40) + log(0.03)) / 5;
    expect_near(evaluation_loss(&e), loss, "loss");
    /* Bins of 1/15: 0.94 in the last; 0.88 in the one before; two of 0.40 in (0.4 - 1/15, 0.4]; 0.30 in (4/15, 1/3]. */
    const double error = (fabs(1 - 0.94) + fabs(0 - 0.88) + fabs(1 - 0.80) + fabs(0 - 0.30)) / 5;
    expect_near(evaluation_calibration_error(&e), error, "calibration error");
    evaluation_free(&e);
}

/* The mirror images are the pictures in the opposite order: of the sums, 0, 0, 1, 0 and 0 are largest. */
Test(evaluation, a_flip_takes_the_mean_of_two_logits)
{
    evaluation e;
    cr_assert(evaluation_begin(&e, &pictures));
    for (int i = 0; i < PICTURES; i++) {
        VT_SCOPE;
        evaluation_add(&e, logits_of(i, 1), logits_of(PICTURES - 1 - i, 1));
    }
    cr_assert(evaluation_finish(&e) && e.correct == 2 && e.seen == PICTURES && e.flip_seen == PICTURES);
    expect_near(evaluation_accuracy(&e), 0.4, "accuracy");
    expect_near(evaluation_flip_accuracy(&e), 0.2, "accuracy with flips");
    evaluation_free(&e);
    evaluate(&e);
    cr_assert(isnan(evaluation_flip_accuracy(&e)));
    evaluation_free(&e);
}

/* Losses of rates from 1e-6 to 1, which fall from 2.3 until 0.01, and rise behind it. */
static void judge_losses(lr_range *r, lr_point *points, int count, double fall)
{
    for (int i = 0; i < count; i++) {
        const double rate = pow(10, -6 + 6.0 * i / (count - 1));
        points[i] = (lr_point){ .rate = rate, .loss = 2.3 - fall * (1 - fabs(log10(rate) + 2) / 4) };
    }
    *r = (lr_range){ .points = points, .count = count };
    lr_range_judge(r);
}

Test(lr_range, a_third_of_the_rate_with_the_least_loss_is_suggested)
{
    lr_point points[100];
    lr_range r;
    judge_losses(&r, points, 100, 0.5);
    cr_assert(r.suggestion > 0.01 / 3 / 1.2 && r.suggestion < 0.01 / 3 * 1.2, "%g", r.suggestion);
    cr_assert(strstr(r.reason, "where the loss is least: 1.8"), "%s", r.reason);
}

Test(lr_range, nothing_is_suggested_without_a_reason)
{
    lr_point points[100];
    lr_range r;
    judge_losses(&r, points, 100, 0.01);
    cr_assert(isnan(r.suggestion) && strstr(r.reason, "hardly falls"), "%s", r.reason);
    judge_losses(&r, points, 100, 0.5);
    r.count = 60;
    lr_range_judge(&r);
    cr_assert(isnan(r.suggestion) && strstr(r.reason, "still falls"), "%s", r.reason);
    r.ended_early = true;
    lr_range_judge(&r);
    cr_assert(!isnan(r.suggestion));
    r.count = 4;
    lr_range_judge(&r);
    cr_assert(isnan(r.suggestion) && strstr(r.reason, "after 4 steps"), "%s", r.reason);
}

Test(evaluation, counts_what_was_taken_for_what)
{
    static const int64_t wanted[][3] = { { 0, 0, 1 }, { 1, 0, 1 }, { 2, 1, 1 }, { 2, 2, 1 }, { 6, 0, 1 } };
    int64_t sum = 0;
    evaluation e;
    evaluate(&e);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        cr_assert(e.confusion[wanted[i][0] * CLASSES + wanted[i][1]] == wanted[i][2], "row %zu", i);
    for (int i = 0; i < CLASSES * CLASSES; i++) sum += e.confusion[i];
    cr_assert(sum == PICTURES);
    cr_assert(evaluation_class_count(&e, 2) == 2 && evaluation_class_correct(&e, 2) == 1);
    cr_assert(evaluation_class_count(&e, 3) == 0);
    evaluation_free(&e);
}

Test(evaluation, the_most_confident_mistakes_come_first)
{
    evaluation e;
    evaluate(&e);
    cr_assert(e.mistake_count == 3);
    cr_assert(e.mistakes[0].picture == 2 && e.mistakes[0].said == 1 && e.mistakes[0].right == 2);
    expect_near(e.mistakes[0].confidence, 0.88, "confidence");
    expect_near(e.mistakes[0].of_right, 0.02, "of what is right");
    cr_assert(e.mistakes[1].picture == 1 && e.mistakes[2].picture == 4);
    evaluation_free(&e);
}

/* Picture i is taken for the other of two classes, with a confidence that grows and falls again. */
Test(evaluation, keeps_the_worst_of_many_mistakes)
{
    enum { MANY = 200 };
    static int64_t zeros[MANY];
    static const char *const two[] = { "a", "b" };
    const vt_dataset many = { MANY, 3, 2, 2, pixels, zeros, 2, two };
    double values[2 * MANY];
    evaluation e;
    cr_assert(evaluation_begin(&e, &many));
    for (int i = 0; i < MANY; i++) values[2 * i] = 0, values[2 * i + 1] = 0.01 * (i * 77 % MANY) + 0.01;
    for (int i = 0; i < MANY; i++) {
        VT_SCOPE;
        evaluation_add(&e, vt_from_data(values + 2 * i, VT_SHAPE(1, 2), VT_F64), VT_INERT);
    }
    cr_assert(evaluation_finish(&e) && e.mistake_count == MOST_MISTAKES && e.correct == 0);
    for (int i = 0; i < MOST_MISTAKES; i++)
        cr_assert(e.mistakes[i].picture * 77 % MANY == MANY - 1 - i, "mistake %d is picture %d", i,
                  (int)e.mistakes[i].picture);
    cr_assert(isnan(evaluation_top_accuracy(&e)), "of two classes");
    evaluation_free(&e);
}

Test(evaluation, of_a_network_that_broke_has_no_accuracy)
{
    double values[PICTURES * CLASSES];
    for (int i = 0; i < PICTURES * CLASSES; i++) values[i] = i % 2 ? NAN : INFINITY;
    evaluation e;
    cr_assert(evaluation_begin(&e, &pictures));
    vt_scope scope = vt_scope_begin();
    evaluation_add(&e, vt_from_data(values, VT_SHAPE(PICTURES, CLASSES), VT_F64), VT_INERT);
    vt_scope_end(&scope);
    cr_assert(evaluation_finish(&e) && e.seen == PICTURES && e.mistake_count == 0);
    cr_assert(isnan(evaluation_loss(&e)) && evaluation_calibration_error(&e) == 0);
    evaluation_free(&e);
}

static int count_text(const char *text, const char *part)
{
    int count = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) count++;
    return count;
}

static void expect_file(const char *path, const char *wanted)
{
    size_t size;
    char *text = read_test_file(path, &size);
    cr_assert(text && strcmp(text, wanted) == 0, "%s has\n%s", path, text);
    free(text);
}

Test(report, tables_hold_any_name)
{
    evaluation e;
    evaluate(&e);
    cr_assert(class_tables_write(&e, "."), "%s", vt_error_message());
    expect_file("confusion.csv", "class,\"cat\",\"<script>\",\"say \"\"x\"\"\",\"\xff\xfe\",\"\",\"&amp;\",\"seven\"\n"
                                 "\"cat\",1,0,0,0,0,0,0\n\"<script>\",1,0,0,0,0,0,0\n\"say \"\"x\"\"\",0,1,1,0,0,0,0\n"
                                 "\"\xff\xfe\",0,0,0,0,0,0,0\n\"\",0,0,0,0,0,0,0\n\"&amp;\",0,0,0,0,0,0,0\n"
                                 "\"seven\",1,0,0,0,0,0,0\n");
    expect_file("per_class.csv", "class,pictures,correct,accuracy,said,precision\n"
                                 "\"cat\",1,1,1,3,0.333333\n\"<script>\",1,0,0,1,0\n\"say \"\"x\"\"\",2,1,0.5,1,1\n"
                                 "\"\xff\xfe\",0,0,,0,\n\"\",0,0,,0,\n\"&amp;\",0,0,,0,\n\"seven\",1,0,0,0,\n");
    evaluation_free(&e);
}

#ifdef VITRO_HAVE_CAIRO
Test(report, drawings_hold_any_name)
{
    static const char *const drawn[] = { "mistakes.svg",  "mistakes.png",  "confusion.svg",   "confusion.png",
                                         "per_class.svg", "per_class.png", "calibration.svg", "calibration.png" };
    evaluation e;
    evaluate(&e);
    cr_assert(test_drawings_write(&e, "."), "%s", vt_error_message());
    for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++) {
        size_t size;
        char *bytes = read_test_file(drawn[i], &size);
        cr_assert(bytes && size > 1000 && (i % 2 ? memcmp(bytes, "\x89PNG", 4) == 0 : strstr(bytes, "</svg>") != NULL),
                  "%s", drawn[i]);
        free(bytes);
    }
    cr_assert(count_files() == 8);
    evaluation_free(&e);
}
#endif

/* The data in a page, parsed. */
static json_t *data_of_page(const char *path)
{
    static const char mark[] = "id=\"data\">";
    size_t size;
    char *text = read_test_file(path, &size);
    cr_assert(text && count_text(text, "<script") == 2 && count_text(text, "</script") == 2, "%s", path);
    cr_assert(count_text(text, "http") ==
              count_text(text, "http-equiv") + count_text(text, "http://www.w3.org/2000/svg"));
    char *begin = strstr(text, mark) + sizeof mark - 1;
    *strstr(begin, "</script>") = 0;
    json_t *data = json_loads(begin, 0, NULL);
    free(text);
    return data;
}

Test(report, a_page_holds_any_name_and_loads_nothing)
{
    vt_epoch rows[] = { { 1, 2.5, 0.1, NAN, INFINITY, 12, 100, NAN, 0.1, 1e-3 },
                        { 2, 2.4, 0.2, 2.6, 0.4, 12, 100, 0.8, 0.1, 1e-4 } };
    const vt_training_log log = { rows, 2 };
    json_t *settings = json_pack("{s{ss}}", "options", "data", "</script><script>alert(1)</script>");
    evaluation e;
    evaluate(&e);
    cr_assert(run_page_write(".", settings, &log, &e), "%s", vt_error_message());
    json_t *data = data_of_page("report.html"), *mistakes = json_object_get(data, "mistakes");
    cr_assert(data && json_equal(json_object_get(data, "settings"), settings));
    cr_assert(strcmp(json_string_value(json_array_get(json_object_get(data, "classes"), 1)), "<script>") == 0);
    cr_assert(json_is_null(json_object_get(json_array_get(json_object_get(data, "epochs"), 0), "test_loss")));
    cr_assert(json_array_size(mistakes) == 3 && json_array_size(json_object_get(data, "confusion")) == 5);
    json_t *picture = json_object_get(json_array_get(mistakes, 0), "picture");
    /* Picture 2 is [3, 2, 2], 24 to 35: its pixels have three channels each. */
    cr_assert(strcmp(json_string_value(json_object_get(picture, "pixels")), "GBwgGR0hGh4iGx8j") == 0);
    cr_assert(count_files() == 1);
    json_decref(data);
    json_decref(settings);
    evaluation_free(&e);
}

Test(report, pictures_that_are_large_are_shown_small)
{
    enum { SIDE = 300 };
    static const int64_t label[] = { 0 };
    static uint8_t grey[SIDE * SIDE / 3];
    memset(grey, 77, sizeof grey);
    const vt_dataset large = { 1, 1, SIDE / 3, SIDE, grey, label, CLASSES, names };
    vt_epoch row = { .epoch = 1 };
    const vt_training_log log = { &row, 1 };
    json_t *settings = json_object();
    evaluation e;
    cr_assert(evaluation_begin(&e, &large));
    vt_scope scope = vt_scope_begin();
    evaluation_add(&e, logits_of(2, 1), VT_INERT);
    vt_scope_end(&scope);
    cr_assert(evaluation_finish(&e) && run_page_write(".", settings, &log, &e), "%s", vt_error_message());
    json_t *data = data_of_page("report.html");
    json_t *picture = json_object_get(json_array_get(json_object_get(data, "mistakes"), 0), "picture");
    cr_assert(json_integer_value(json_object_get(picture, "width")) == 96);
    cr_assert(json_integer_value(json_object_get(picture, "height")) == 32);
    cr_assert(strncmp(json_string_value(json_object_get(picture, "pixels")), "TU1NTU1N", 8) == 0, "all 77");
    json_decref(data);
    json_decref(settings);
    evaluation_free(&e);
}

/* 20 by 10 pixels: those in the middle are of the picture's number, and those to its sides are white. */
static bool read_picture(void *user, int64_t i, vt_picture *picture)
{
    cr_assert(*(int *)user == 7);
    *picture = (vt_picture){ 10, 20, malloc(600) };
    memset(picture->pixels, 255, 600);
    for (int row = 0; row < 10; row++) memset(picture->pixels + 3 * (20 * row + 5), (int)i, 30);
    return true;
}

Test(report, pictures_in_files_are_shown_as_the_network_gets_them)
{
    static const int64_t labels[9] = { 0 };
    int user = 7;
    const vt_dataset files = { .count = 9,
                               .channels = 3,
                               .height = 10,
                               .width = 10,
                               .labels = labels,
                               .classes = CLASSES,
                               .class_names = names,
                               .read = read_picture,
                               .user = &user };
    vt_picture picture;
    cr_assert(test_picture_copy(&files, 5, 5, &picture) && picture.height == 5 && picture.width == 5, "%s",
              vt_error_message());
    for (int i = 0; i < 75; i++) cr_assert(picture.pixels[i] == 5);
    vt_picture_free(&picture);
    const vt_dataset other = { .count = 9, .channels = 2, .height = 1, .width = 1, .images = pixels };
    cr_assert(!test_picture_copy(&other, 0, 10, &picture) && !vt_failed());
}

Test(report, a_folder_that_is_gone_is_named)
{
    evaluation e;
    evaluate(&e);
    cr_assert(!class_tables_write(&e, "gone"));
    REFUSED(VT_ERROR_FILE, "cannot write gone/confusion.csv: No such file or directory");
    evaluation_free(&e);
}

/* -- Events -------------------------------------------------------------------------------------------------------- */

/* A reader of its own, which takes a checksum by a table and steps through any protocol buffer. */
typedef struct read_event {
    double wall_time;
    int64_t step;
    char version[32];
    int scalars;
    char tags[4][32];
    float values[4];
} read_event;

static uint32_t checksum_of(const unsigned char *bytes, size_t count)
{
    static uint32_t table[256];
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int k = 0; k < 8; k++) table[i] = table[i] & 1 ? 0x82f63b78U ^ (table[i] >> 1) : table[i] >> 1;
    }
    uint32_t crc = 0xffffffffU;
    while (count--) crc = table[(crc ^ *bytes++) & 0xff] ^ (crc >> 8);
    crc ^= 0xffffffffU;
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

static uint64_t read_varint(const unsigned char **at)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        value |= (uint64_t)(**at & 0x7f) << shift;
        if (!(*(*at)++ & 0x80)) return value;
    }
}

/* One field: its number; a number or bytes. */
static int read_field(const unsigned char **at, uint64_t *number, const unsigned char **bytes)
{
    const uint64_t key = read_varint(at);
    *number = key % 8 == 0 || key % 8 == 2 ? read_varint(at) : 0;
    *bytes = *at;
    if (key % 8 == 1) *at += 8;
    if (key % 8 == 2) *at += *number;
    if (key % 8 == 5) *at += 4;
    return (int)(key / 8);
}

static void read_value(const unsigned char *at, const unsigned char *end, read_event *out)
{
    uint64_t number;
    const unsigned char *bytes;
    while (at < end) {
        const int field = read_field(&at, &number, &bytes);
        if (field == 1) snprintf(out->tags[out->scalars], 32, "%.*s", (int)number, bytes);
        if (field == 2) memcpy(&out->values[out->scalars], bytes, 4);
    }
    out->scalars++;
}

static void read_message(const unsigned char *at, const unsigned char *end, read_event *out)
{
    uint64_t number, inner;
    const unsigned char *bytes, *value;
    while (at < end) {
        const int field = read_field(&at, &number, &bytes);
        if (field == 1) memcpy(&out->wall_time, bytes, 8);
        if (field == 2) out->step = (int64_t)number;
        if (field == 3) snprintf(out->version, sizeof out->version, "%.*s", (int)number, bytes);
        for (const unsigned char *in = bytes; field == 5 && in < bytes + number;) {
            cr_assert(read_field(&in, &inner, &value) == 1);
            read_value(value, value + inner, out);
        }
    }
    cr_assert(at == end);
}

enum { MOST_EVENTS = 8 };
static int read_events(const char *path, read_event events[MOST_EVENTS])
{
    size_t size;
    int count = 0;
    unsigned char *bytes = (unsigned char *)read_test_file(path, &size);
    cr_assert(bytes);
    for (const unsigned char *at = bytes; at < bytes + size; count++) {
        uint64_t length;
        uint32_t sums[2];
        memcpy(&length, at, 8);
        memcpy(&sums[0], at + 8, 4);
        cr_assert(at + 16 + length <= bytes + size && count < MOST_EVENTS);
        memcpy(&sums[1], at + 12 + length, 4);
        cr_assert(sums[0] == checksum_of(at, 8) && sums[1] == checksum_of(at + 12, length));
        events[count] = (read_event){ 0 };
        read_message(at + 12, at + 12 + length, &events[count]);
        at += 16 + length;
    }
    free(bytes);
    return count;
}

static void add_steps(int64_t first, int64_t last)
{
    for (int64_t step = first; step <= last; step++) {
        const event_scalar scalars[] = { { "loss/test", 0.5 * (double)step }, { "skipped", NAN }, { "rate", 1e-3 } };
        cr_assert(event_file_add(".", step, scalars, 3), "%s", vt_error_message());
    }
}

static void expect_steps(int64_t last)
{
    read_event events[MOST_EVENTS];
    const int count = read_events(EVENT_FILE, events);
    cr_assert(count == last + 1 && strcmp(events[0].version, "brain.Event:2") == 0, "%d events", count);
    for (int64_t step = 1; step <= last; step++) {
        const read_event *e = &events[step];
        cr_assert(e->step == step && e->wall_time > 1.7e9 && e->scalars == 2);
        cr_assert(strcmp(e->tags[0], "loss/test") == 0 && strcmp(e->tags[1], "rate") == 0);
        cr_assert(e->values[0] == 0.5F * (float)step && e->values[1] == 1e-3F);
    }
}

Test(report, events_are_read_back)
{
    cr_assert(event_file_begin(".", 0), "%s", vt_error_message());
    add_steps(1, 5);
    expect_steps(5);
}

Test(report, steps_above_127_are_kept)
{
    read_event events[MOST_EVENTS];
    cr_assert(event_file_begin(".", 0));
    add_steps(1000000, 1000001);
    cr_assert(event_file_begin(".", 1000000) && read_events(EVENT_FILE, events) == 2 && events[1].step == 1000000);
}

Test(report, events_go_on_where_a_run_is_resumed)
{
    cr_assert(event_file_begin(".", 0));
    add_steps(1, 5);
    cr_assert(event_file_begin(".", 3));
    expect_steps(3);
    add_steps(4, 6);
    expect_steps(6);
    cr_assert(event_file_begin(".", 0));
    expect_steps(0);
}

Test(report, what_was_cut_off_from_events_goes)
{
    size_t size;
    cr_assert(event_file_begin(".", 0));
    add_steps(1, 3);
    free(read_test_file(EVENT_FILE, &size));
    cr_assert(truncate(EVENT_FILE, (off_t)size - 7) == 0 && event_file_begin(".", 3));
    expect_steps(2);
    write_test_file(EVENT_FILE, "of another kind", 15);
    cr_assert(event_file_begin(".", 3));
    expect_steps(0);
}

Test(report, events_without_a_folder_are_an_error)
{
    cr_assert(!event_file_begin("gone", 0));
    REFUSED(VT_ERROR_FILE, "cannot write gone/events.out.tfevents.vitro: No such file or directory");
}
