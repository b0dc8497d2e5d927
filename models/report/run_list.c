/* run_list.c - the training runs whose folders are in a folder. */
#include "report/run_list.h"
#include "program/json_text.h"
#include "program/path.h"
#include "report/epoch_json.h"
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_SETTINGS = 16 << 20 };

static void no_memory(void)
{
    vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the list of runs");
}

static void free_run(run *r)
{
    free(r->name);
    free(r->differs);
    vt_training_log_free(&r->log);
    json_decref(r->settings);
    *r = (run){ 0 };
}

/* -- One run ------------------------------------------------------------------------------------------------------- */

/* The message of the standing error, without its place; then there is none. */
static void tell(FILE *report, const char *name)
{
    const char *message = vt_error_message(), *place = strstr(message, "  at ");
    fprintf(report, "vitro: %s is passed over: %.*s\n", name, place ? (int)(place - message) : (int)strlen(message),
            message);
    vt_error_clear();
}

/* No settings are no error: they may be of an older program. */
static bool read_settings(run *r, const char *path)
{
    json_error_t error;
    struct stat status;
    if (stat(path, &status) != 0) return true;
    if (S_ISREG(status.st_mode) && status.st_size <= MOST_SETTINGS) r->settings = json_load_file(path, 0, &error);
    if (!json_is_object(json_object_get(r->settings, "options")))
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "%s are no settings of a run", path);
    return !vt_failed();
}

static int64_t best_row(const vt_training_log *log)
{
    int64_t best = -1;
    for (size_t i = 0; i < log->count; i++)
        if (isfinite(log->epochs[i].test_accuracy) &&
            (best < 0 || log->epochs[i].test_accuracy > log->epochs[best].test_accuracy))
            best = (int64_t)i;
    return best;
}

static bool read_run(run *r, const char *folder, const char *name)
{
    char path[PATH_SIZE];
    *r = (run){ .name = strdup(name) };
    if (!r->name) no_memory();
    if (!path_join(path, folder, "log.csv") || !vt_training_log_read(path, &r->log)) return false;
    if (r->log.count == 0) vt_error_raise(VT_ERROR_FILE, VT_HERE, "%s has no epoch", path);
    r->best = best_row(&r->log);
    return !vt_failed() && path_join(path, folder, "settings.json") && read_settings(r, path);
}

/* -- The list ------------------------------------------------------------------------------------------------------ */

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* A run that is damaged is told of; what runs out of memory is an error. */
static void add_run(run_list *list, const char *folder, const char *name, FILE *report)
{
    run *grown = realloc(list->runs, (size_t)(list->count + 1) * sizeof *grown);
    if (!grown) {
        no_memory();
        return;
    }
    list->runs = grown;
    if (read_run(&grown[list->count], folder, name)) {
        list->count++;
        return;
    }
    free_run(&grown[list->count]);
    if (vt_error_status() != VT_ERROR_MEMORY) tell(report, folder);
}

static int compare_runs(const void *left, const void *right)
{
    const run *a = left, *b = right;
    const double first = a->best < 0 ? -1 : a->log.epochs[a->best].test_accuracy;
    const double second = b->best < 0 ? -1 : b->log.epochs[b->best].test_accuracy;
    return first != second ? (first < second) - (first > second) : strcmp(a->name, b->name);
}

static void add_entries(run_list *list, const char *folder, DIR *entries, FILE *report)
{
    for (const struct dirent *e; !vt_failed() && (e = readdir(entries));) {
        char path[PATH_SIZE];
        if (e->d_name[0] == '.' || snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= PATH_SIZE) continue;
        if (!is_folder(path)) continue;
        if (path_exists(path, "log.csv"))
            add_run(list, path, e->d_name, report);
        else
            fprintf(report, "vitro: %s is passed over: it is no run, which has a log.csv\n", path);
    }
}

/* -- What differs -------------------------------------------------------------------------------------------------- */

/* Where results go, and how they are told of, is of no result. */
static bool is_told(const char *option)
{
    static const char *const left_out[] = { "out", "resume", "quiet", "json" };
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (strcmp(option, left_out[i]) == 0) return false;
    return true;
}

static const json_t *option_of(const run *r, const char *name)
{
    return json_object_get(json_object_get(r->settings, "options"), name);
}

static bool differs(const run_list *list, const char *name, const json_t *value)
{
    for (int i = 0; i < list->count; i++) {
        const json_t *other = option_of(&list->runs[i], name);
        if (list->runs[i].settings && !json_equal(other, value) && !(json_is_null(value) && !other)) return true;
    }
    return false;
}

static void print_option(FILE *stream, const char *name, const json_t *value)
{
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    fprintf(stream, "%s%s=%s", ftell(stream) > 0 ? " " : "", name, text ? text : json_string_value(value));
    free(text);
}

static char *list_differences(const run_list *list, const run *r)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    const char *name;
    json_t *value;
    if (!stream) return NULL;
    json_object_foreach(json_object_get(r->settings, "options"), name,
                        value) if (is_told(name) && differs(list, name, value)) print_option(stream, name, value);
    if (fclose(stream) == 0) return text;
    free(text);
    return NULL;
}

bool run_list_read(run_list *list, const char *folder, FILE *report)
{
    *list = (run_list){ 0 };
    DIR *entries = opendir(folder);
    if (!entries) {
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "cannot read the folder %s: %s", folder, strerror(errno));
        return false;
    }
    if (path_exists(folder, "log.csv")) add_run(list, folder, folder, report);
    add_entries(list, folder, entries, report);
    closedir(entries);
    if (list->count) qsort(list->runs, (size_t)list->count, sizeof *list->runs, compare_runs);
    for (int i = 0; i < list->count && !vt_failed(); i++)
        if (!(list->runs[i].differs = list_differences(list, &list->runs[i]))) no_memory();
    if (vt_failed()) run_list_free(list);
    return !vt_failed();
}

void run_list_free(run_list *list)
{
    for (int i = 0; i < list->count; i++) free_run(&list->runs[i]);
    free(list->runs);
    *list = (run_list){ 0 };
}

/* -- As JSON ------------------------------------------------------------------------------------------------------- */

/* Null where it is not there, or of another type. */
static json_t *setting(const run *r, const char *part, const char *name, json_type type)
{
    json_t *value = json_object_get(json_object_get(r->settings, part), name);
    return value && json_typeof(value) == type ? json_incref(value) : json_null();
}

/* How many were asked for; a run of a given time has as many as it takes. */
static json_t *epochs_asked(const run *r)
{
    return json_number_value(option_of(r, "time")) > 0 ? json_null() : setting(r, "options", "epochs", JSON_INTEGER);
}

static int compare_numbers(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median_speed(const vt_training_log *log)
{
    double *speeds = malloc(log->count * sizeof *speeds), median = NAN;
    size_t count = 0;
    for (size_t i = 0; speeds && i < log->count; i++)
        if (isfinite(log->epochs[i].images_per_second)) speeds[count++] = log->epochs[i].images_per_second;
    if (count) {
        qsort(speeds, count, sizeof *speeds, compare_numbers);
        median = count % 2 ? speeds[count / 2] : (speeds[count / 2 - 1] + speeds[count / 2]) / 2;
    }
    free(speeds);
    return median;
}

/* Of training, in the first so many rows. */
static double seconds_of(const vt_training_log *log, size_t rows)
{
    double seconds = 0;
    for (size_t i = 0; i < rows; i++)
        if (isfinite(log->epochs[i].seconds)) seconds += log->epochs[i].seconds;
    return seconds;
}

double run_seconds_to(const run *r, double accuracy)
{
    for (size_t i = 0; i < r->log.count; i++)
        if (r->log.epochs[i].test_accuracy >= accuracy) return seconds_of(&r->log, i + 1);
    return NAN;
}

json_t *run_describe(const run *r)
{
    const vt_epoch *best = r->best < 0 ? NULL : &r->log.epochs[r->best];
    return json_pack("{so so so so so sI so so so so so ss so}", "name", json_of_text(r->name), "model",
                     setting(r, "model", "name", JSON_STRING), "data", setting(r, "data", "name", JSON_STRING),
                     "parameters", setting(r, "model", "parameters", JSON_INTEGER), "epochs", epochs_asked(r),
                     "epochs_done", (json_int_t)r->log.epochs[r->log.count - 1].epoch, "best_test_accuracy",
                     json_of_number(best ? best->test_accuracy : NAN), "best_epoch",
                     best ? json_integer(best->epoch) : json_null(), "test_loss",
                     json_of_number(best ? best->test_loss : NAN), "seconds",
                     json_of_number(seconds_of(&r->log, r->log.count)), "images_per_second",
                     json_of_number(median_speed(&r->log)), "differs", r->differs, "options",
                     r->settings ? json_incref(json_object_get(r->settings, "options")) : json_null());
}

json_t *run_list_json(const run_list *list)
{
    json_t *runs = json_array();
    for (int i = 0; i < list->count; i++) {
        json_t *one = run_describe(&list->runs[i]);
        json_object_set_new(one, "log", epochs_json(&list->runs[i].log));
        json_array_append_new(runs, one);
    }
    return runs;
}
