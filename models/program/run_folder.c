/* run_folder.c - what a training run leaves in its output folder. */
#include "program/run_folder.h"
#include "program/model_card.h"
#include "program/option_differences.h"
#include "program/path.h"
#include "program/picture_sheet.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the checkpoint ---- */

enum { FIXED, EPOCH, BATCH, LOSS_SUM, CORRECT, SEEN, SECONDS, USED, TEST_SECONDS, BEST, BEST_EPOCH, NOTES };
static const char *const keys[NOTES] = {
    [FIXED] = "run.options",
    [EPOCH] = "run.epoch",
    [BATCH] = "run.batch",
    [LOSS_SUM] = "run.loss_sum",
    [CORRECT] = "run.correct",
    [SEEN] = "run.seen",
    [SECONDS] = "run.seconds",
    [USED] = "run.used",
    [TEST_SECONDS] = "run.test_seconds",
    [BEST] = "run.best_accuracy",
    [BEST_EPOCH] = "run.best_epoch",
};

static void write_note(vt_note *note, const char *format, ...) VT_PRINTF(2, 3);
static void write_note(vt_note *note, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(note->value, sizeof note->value, format, list);
    va_end(list);
}

static const char CHECKPOINT[] = "checkpoint.safetensors";

static bool save_checkpoint(const trainer *t, const char *name)
{
    char path[PATH_SIZE];
    vt_note notes[NOTES];
    for (int i = 0; i < NOTES; i++) notes[i].key = keys[i];
    write_note(&notes[FIXED], "%s", t->fixed);
    write_note(&notes[EPOCH], "%" PRId64, t->epoch);
    write_note(&notes[BATCH], "%" PRId64, t->batch);
    write_note(&notes[LOSS_SUM], "%a", t->metrics.loss_sum);
    write_note(&notes[CORRECT], "%" PRId64, t->metrics.correct);
    write_note(&notes[SEEN], "%" PRId64, t->metrics.seen);
    write_note(&notes[SECONDS], "%a", t->seconds);
    write_note(&notes[USED], "%a", budget_used(&t->budget));
    write_note(&notes[TEST_SECONDS], "%a", t->budget.test_seconds);
    write_note(&notes[BEST], "%a", t->budget.best_accuracy);
    write_note(&notes[BEST_EPOCH], "%" PRId64, t->budget.best_epoch);
    return vt_checkpoint_save(path_join(path, t->options->out, name), t->net->model, t->optimizer, notes, NOTES);
}

bool run_folder_checkpoint(const trainer *t)
{
    return save_checkpoint(t, CHECKPOINT);
}

/* ---- its history ---- */

int64_t run_folder_epoch_of(const char *name)
{
    long long epoch;
    int length = 0;
    const bool read = sscanf(name, "checkpoint-%lld.safetensors%n", &epoch, &length) == 1;
    return read && length > 0 && !name[length] ? epoch : -1;
}

/* Of epochs that are no longer kept, and of an earlier run's that this one has not come to. */
static void remove_old(const trainer *t)
{
    char path[PATH_SIZE];
    DIR *folder = opendir(t->options->out);
    for (const struct dirent *e; folder && (e = readdir(folder));) {
        const int64_t epoch = run_folder_epoch_of(e->d_name);
        if (epoch < 0 || (epoch > t->epoch - t->options->keep && epoch <= t->epoch)) continue;
        if (path_join(path, t->options->out, e->d_name)) unlink(path);
    }
    if (folder) closedir(folder);
}

static bool keep_checkpoint(const trainer *t)
{
    char name[64];
    if (t->options->keep == 0) return true;
    snprintf(name, sizeof name, "checkpoint-%lld.safetensors", (long long)t->epoch);
    if (!save_checkpoint(t, name)) return false;
    remove_old(t);
    return true;
}

static bool same_options(const char *path, const char *saved, const char *wanted)
{
    char differences[DIFFERENCES_SIZE];
    if (strcmp(saved, wanted) == 0) return true;
    option_differences(saved, wanted, differences, sizeof differences);
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%s is of a run with %s; a run is resumed with what it began with", path,
                   differences);
    return false;
}

/* False with an error. */
static bool find_checkpoint(char path[PATH_SIZE], const char *folder)
{
    if (path_join(path, folder, CHECKPOINT) && !path_exists(folder, CHECKPOINT))
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "there is nothing to resume: no %s; leave --resume out to begin", path);
    return !vt_failed();
}

bool run_folder_batch(const char *folder, int64_t *batch)
{
    char path[PATH_SIZE];
    vt_note note = { .key = keys[FIXED] };
    if (!find_checkpoint(path, folder) || !vt_checkpoint_notes(path, &note, 1)) return false;
    static const char batch_line[] = "batch=";
    const char *line = option_line(note.value, batch_line);
    if (*line) *batch = strtoll(line + strlen(batch_line), NULL, 10);
    if (!*line || *batch < 1) vt_error_raise(VT_ERROR_FILE, VT_HERE, "%s does not say of which batch it is", path);
    return !vt_failed();
}

bool run_folder_resume(trainer *t)
{
    char path[PATH_SIZE];
    vt_note notes[NOTES];
    for (int i = 0; i < NOTES; i++) notes[i].key = keys[i];
    if (!find_checkpoint(path, t->options->out) || !vt_checkpoint_notes(path, notes, NOTES)) return false;
    if (!same_options(path, notes[FIXED].value, t->fixed) || !vt_checkpoint_load(path, t->net->model, t->optimizer))
        return false;
    t->epoch = strtoll(notes[EPOCH].value, NULL, 10);
    t->batch = strtoll(notes[BATCH].value, NULL, 10);
    t->metrics.loss_sum = strtod(notes[LOSS_SUM].value, NULL);
    t->metrics.correct = strtoll(notes[CORRECT].value, NULL, 10);
    t->metrics.seen = strtoll(notes[SEEN].value, NULL, 10);
    t->seconds = strtod(notes[SECONDS].value, NULL);
    t->budget.used_before = strtod(notes[USED].value, NULL);
    t->budget.test_seconds = strtod(notes[TEST_SECONDS].value, NULL);
    t->budget.best_accuracy = strtod(notes[BEST].value, NULL);
    t->budget.best_epoch = strtoll(notes[BEST_EPOCH].value, NULL, 10);
    return true;
}

/* ---- after an epoch ---- */

/* A build without cairo trains all the same, and leaves no curves. */
static bool draw_curves(const trainer *t, const vt_training_log *log)
{
    char path[PATH_SIZE];
    bool ok = vt_training_log_plot(log, t->options->model, path_join(path, t->options->out, "curves.svg")) &&
              vt_training_log_plot(log, t->options->model, path_join(path, t->options->out, "curves.png"));
    if (!ok && vt_error_status() == VT_ERROR_UNSUPPORTED) {
        vt_error_clear();
        return true;
    }
    return ok;
}

static bool save_weights(const trainer *t, const char *name)
{
    char path[PATH_SIZE];
    return model_card_save(path_join(path, t->options->out, name), t->net, &t->pictures, t->class_names);
}

/* The last weights; their average apart, where one is kept beside them; and the best of what was tested. */
static bool save_all_weights(const trainer *t, bool is_best)
{
    bool has_average = t->options->ema > 0, ok = !has_average || save_weights(t, "model.safetensors");
    vt_optimizer_evaluate(t->optimizer, true);
    ok = ok && save_weights(t, has_average ? "model-ema.safetensors" : "model.safetensors") &&
         (!is_best || save_weights(t, "model-best.safetensors"));
    vt_optimizer_evaluate(t->optimizer, false);
    return ok && !vt_failed();
}

bool run_folder_finish_epoch(const trainer *t, const vt_epoch *row, const evaluation *tested, bool is_best)
{
    char path[PATH_SIZE];
    vt_training_log log = { 0 };
    bool ok = path_join(path, t->options->out, "log.csv") && vt_training_log_append(path, row) &&
              vt_training_log_read(path, &log) && draw_curves(t, &log) && run_report_epoch(&t->report, &log, tested);
    vt_training_log_free(&log);
    return ok && save_all_weights(t, is_best) && run_folder_checkpoint(t) && keep_checkpoint(t);
}

bool run_folder_show_pictures(const pictures *p, const options *o)
{
    enum { SHOWN = 24 };
    char path[PATH_SIZE];
    bool ok = path_join(path, o->out, "pictures.png") && picture_sheet_write(p, o, SHOWN, 0, path);
    if (!ok && vt_error_status() == VT_ERROR_UNSUPPORTED) {
        vt_error_clear();
        return true;
    }
    return ok;
}

void run_folder_report(const char *folder)
{
    static const char *const results[] = {
        "log.csv",    "model.safetensors", "model-ema.safetensors", "model-best.safetensors", "curves.svg",
        "curves.png", "report.html"
    };
    printf("results:");
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (path_exists(folder, results[i])) printf(" %s/%s", folder, results[i]);
    printf("\n");
}
