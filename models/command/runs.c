/* runs.c - vitro runs: lists and compares the training runs in a folder. */
#include "command/command.h"
#include "program/csv_text.h"
#include "program/failure.h"
#include "program/json_file.h"
#include "program/json_text.h"
#include "program/number_list.h"
#include "program/output_folder.h"
#include "report/run_list.h"
#include "report/runs_drawing.h"
#include "report/runs_page.h"
#include <math.h>
#include <string.h>

typedef struct options {
    const char *folder, *out, *reach;
    bool csv, json;
} options;

static const command_option table[] = {
    { OPTION_ARGUMENT, "DIR", OPTION_FIELD(folder), .required = true,
      .help = "The folder that the runs' folders are in, or that of one run" },
    { OPTION_FLAG, "csv", OPTION_FIELD(csv), .help = "Print comma-separated values" },
    { OPTION_FLAG, "json", OPTION_FIELD(json), .help = "Print JSON: with all options, and each epoch" },
    { OPTION_TEXT, "reach", OPTION_FIELD(reach), "LIST", .otherwise = "no time is told",
      .help = "How long each run trained until its test reached so many percent, such as 60,70,80" },
    { OPTION_TEXT, "out", OPTION_FIELD(out), "DIR", .otherwise = "nothing is drawn",
      .help = "Write the curves over one another into this folder: runs.html, runs.svg and runs.png" },
    { 0 },
};
static const command_line line = {
    .version = "vitro runs " VITRO_VERSION,
    .doc = "Lists the training runs in a folder, the best on the test first, with the options in which they differ. "
           "Folders that are no runs, and damaged ones, are named and passed over.",
    .tables = { table },
    .no_models = true,
};

/* -- Lines --------------------------------------------------------------------------------------------------------- */

/* Nothing in it moves the cursor. */
static void print_text(const char *text, int width)
{
    int printed = 0;
    for (; *text; text++) {
        putchar((unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
        printed += ((unsigned char)*text & 0xc0) != 0x80; /* characters of UTF-8 */
    }
    for (; printed < width; printed++) putchar(' ');
}

/* A dash where it is not known. */
static void print_time(double seconds)
{
    const long long s = isfinite(seconds) ? (long long)(seconds + 0.5) : 0;
    char text[32] = "-";
    if (isfinite(seconds) && s < 3600)
        snprintf(text, sizeof text, "%lld:%02lld", s / 60, s % 60);
    else if (isfinite(seconds))
        snprintf(text, sizeof text, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    printf(" %9s", text);
}

static int widest_name(const run_list *list)
{
    size_t widest = strlen("run");
    for (int i = 0; i < list->count; i++)
        if (strlen(list->runs[i].name) > widest) widest = strlen(list->runs[i].name);
    return widest < 40 ? (int)widest : 40;
}

/* To accuracy i of those to be reached; NaN: it was not. */
static double seconds_to(const run *r, const number_list *reach, int i)
{
    return run_seconds_to(r, (double)reach->number[i] / 100);
}

/* A number, or a dash where it is not known. */
static void print_number(const json_t *value, int width, const char *format, double factor)
{
    char text[32] = "-";
    if (json_is_number(value)) snprintf(text, sizeof text, format, factor * json_number_value(value));
    printf(" %*s", width, text);
}

static void print_row(const run *of, const json_t *r, const number_list *reach, int width)
{
    print_text(json_string_value(json_object_get(r, "name")), width);
    print_number(json_object_get(r, "best_test_accuracy"), 8, "%.2f%%", 100);
    print_number(json_object_get(r, "best_epoch"), 6, "%.0f", 1);
    print_number(json_object_get(r, "epochs_done"), 6, "%.0f", 1);
    print_number(json_object_get(r, "test_loss"), 8, "%.4f", 1);
    print_time(json_number_value(json_object_get(r, "seconds")));
    print_number(json_object_get(r, "images_per_second"), 8, "%.0f", 1);
    for (int i = 0; i < reach->count; i++) print_time(seconds_to(of, reach, i));
    printf("  ");
    print_text(json_string_value(json_object_get(r, "differs")), 0);
    putchar('\n');
}

static void print_head(const number_list *reach, int width)
{
    printf("%-*s %8s %6s %6s %8s %9s %8s", width, "run", "best", "epoch", "of", "loss", "time", "images/s");
    for (int i = 0; i < reach->count; i++) {
        char text[32];
        snprintf(text, sizeof text, "to %lld%%", (long long)reach->number[i]);
        printf(" %9s", text);
    }
    printf("  what differs\n");
}

/* -- For programs -------------------------------------------------------------------------------------------------- */

static const char *const columns[] = {
    "name",       "model",     "data",    "parameters",        "epochs",  "epochs_done", "best_test_accuracy",
    "best_epoch", "test_loss", "seconds", "images_per_second", "differs", NULL
};

static void print_csv_head(const number_list *reach)
{
    for (int c = 0; columns[c]; c++) printf("%s%s", c ? "," : "", columns[c]);
    for (int i = 0; i < reach->count; i++) printf(",seconds_to_%lld", (long long)reach->number[i]);
    putchar('\n');
}

static void print_csv_value(const json_t *value)
{
    if (json_is_integer(value)) printf("%lld", (long long)json_integer_value(value));
    if (json_is_real(value)) printf("%.9g", json_real_value(value));
    if (json_is_string(value)) csv_print_text(stdout, json_string_value(value));
}

static void print_csv_row(const run *of, const json_t *r, const number_list *reach)
{
    for (int c = 0; columns[c]; c++) {
        if (c) putchar(',');
        print_csv_value(json_object_get(r, columns[c]));
    }
    for (int i = 0; i < reach->count; i++) {
        const double seconds = seconds_to(of, reach, i);
        putchar(',');
        if (isfinite(seconds)) printf("%.9g", seconds);
    }
    putchar('\n');
}

/* {"60": 512.5, "70": null} */
static json_t *reached(const run *r, const number_list *reach)
{
    json_t *seconds = json_object();
    for (int i = 0; i < reach->count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%lld", (long long)reach->number[i]);
        json_object_set_new(seconds, name, json_of_number(seconds_to(r, reach, i)));
    }
    return seconds;
}

static void print_json(const run_list *list, const number_list *reach)
{
    json_t *all = run_list_json(list);
    for (int i = 0; reach->count && i < list->count; i++)
        json_object_set_new(json_array_get(all, (size_t)i), "seconds_to", reached(&list->runs[i], reach));
    json_print(all);
    json_decref(all);
}

/* -- The command --------------------------------------------------------------------------------------------------- */

static void print_lines(const run_list *list, const number_list *reach, bool csv)
{
    const int width = widest_name(list);
    if (csv)
        print_csv_head(reach);
    else
        print_head(reach, width);
    for (int i = 0; i < list->count; i++) {
        json_t *r = run_describe(&list->runs[i]);
        if (csv)
            print_csv_row(&list->runs[i], r, reach);
        else
            print_row(&list->runs[i], r, reach, width);
        json_decref(r);
    }
}

static bool draw(const options *o, const run_list *list)
{
    return output_folder_prepare(o->out) && runs_page_write(o->out, o->folder, list) &&
           runs_drawing_write(o->out, list);
}

/* None where none are asked for. */
static bool parse_reach(const char *text, number_list *reach)
{
    reach->count = 0;
    if (text && !number_list_parse(reach, "reach", text, "")) return false;
    for (int i = 0; i < reach->count; i++)
        if (reach->number[i] < 1 || reach->number[i] > 100)
            vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "--reach has %lld; percents are from 1 to 100",
                           (long long)reach->number[i]);
    return !vt_failed();
}

static int run_command(int argc, char **argv)
{
    options o = { 0 };
    number_list reach;
    run_list list;
    command_line_parse(&line, argc, argv, &o);
    if (!parse_reach(o.reach, &reach)) return failure_report();
    if (!run_list_read(&list, o.folder, stderr)) return failure_report();
    if (list.count == 0)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "there is no run in %s: a run's folder has a log.csv", o.folder);
    if (!vt_failed() && o.json) print_json(&list, &reach);
    if (!vt_failed() && !o.json) print_lines(&list, &reach, o.csv);
    if (!vt_failed() && o.out) draw(&o, &list);
    run_list_free(&list);
    return vt_failed() ? failure_report() : 0;
}

const command command_runs = { "runs", "list and compare training runs", &line, run_command };
