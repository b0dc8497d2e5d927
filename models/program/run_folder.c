/* run_folder.c - what a training run leaves in its output folder. */
#include "program/run_folder.h"
#include "program/model_card.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static const char *file_in(const char *folder, const char *name, char path[PATH_SIZE])
{
    if (snprintf(path, PATH_SIZE, "%s/%s", folder, name) >= PATH_SIZE)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "the name of the output folder is too long");
    return path;
}

/* ---- the checkpoint ---- */

enum { RECIPE, EPOCH, BATCH, LOSS_SUM, CORRECT, SEEN, SECONDS, NOTES };
static const char *const keys[NOTES] = {
    [RECIPE] = "run.recipe",   [EPOCH] = "run.epoch", [BATCH] = "run.batch",     [LOSS_SUM] = "run.loss_sum",
    [CORRECT] = "run.correct", [SEEN] = "run.seen",   [SECONDS] = "run.seconds",
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

bool run_folder_checkpoint(const trainer *t)
{
    char path[PATH_SIZE];
    vt_note notes[NOTES];
    for (int i = 0; i < NOTES; i++) notes[i].key = keys[i];
    write_note(&notes[RECIPE], "%s", t->recipe);
    write_note(&notes[EPOCH], "%" PRId64, t->epoch);
    write_note(&notes[BATCH], "%" PRId64, t->batch);
    write_note(&notes[LOSS_SUM], "%a", t->metrics.loss_sum);
    write_note(&notes[CORRECT], "%" PRId64, t->metrics.correct);
    write_note(&notes[SEEN], "%" PRId64, t->metrics.seen);
    write_note(&notes[SECONDS], "%a", t->seconds);
    return vt_checkpoint_save(file_in(t->options->out, CHECKPOINT, path), t->net->model, t->optimizer, notes, NOTES);
}

/* An error names the first of the words that differ. */
static bool same_recipe(const char *path, const char *saved, const char *wanted)
{
    if (strcmp(saved, wanted) == 0) return true;
    size_t word = 0, i = 0;
    for (; saved[i] && saved[i] == wanted[i]; i++)
        if (saved[i] == ' ') word = i + 1;
    saved += word;
    wanted += word;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "%s is of a run with %.*s, not %.*s: a run is resumed with the options it began with", path,
                   (int)strcspn(saved, " "), saved, (int)strcspn(wanted, " "), wanted);
    return false;
}

bool run_folder_resume(trainer *t)
{
    char path[PATH_SIZE];
    vt_note notes[NOTES];
    for (int i = 0; i < NOTES; i++) notes[i].key = keys[i];
    file_in(t->options->out, CHECKPOINT, path);
    if (!vt_failed() && access(path, F_OK) != 0)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "there is nothing to resume: no %s; leave --resume out to begin", path);
    if (!vt_checkpoint_notes(path, notes, NOTES)) return false;
    if (!same_recipe(path, notes[RECIPE].value, t->recipe) || !vt_checkpoint_load(path, t->net->model, t->optimizer))
        return false;
    t->epoch = strtoll(notes[EPOCH].value, NULL, 10);
    t->batch = strtoll(notes[BATCH].value, NULL, 10);
    t->metrics.loss_sum = strtod(notes[LOSS_SUM].value, NULL);
    t->metrics.correct = strtoll(notes[CORRECT].value, NULL, 10);
    t->metrics.seen = strtoll(notes[SEEN].value, NULL, 10);
    t->seconds = strtod(notes[SECONDS].value, NULL);
    return true;
}

/* ---- after an epoch ---- */

/* A build without cairo trains all the same, and leaves no curves. */
static bool draw_curves(const trainer *t, const vt_training_log *log)
{
    char path[PATH_SIZE];
    bool ok = vt_training_log_plot(log, t->options->model, file_in(t->options->out, "curves.svg", path)) &&
              vt_training_log_plot(log, t->options->model, file_in(t->options->out, "curves.png", path));
    if (!ok && vt_error_status() == VT_ERROR_UNSUPPORTED) {
        vt_error_clear();
        return true;
    }
    return ok;
}

bool run_folder_finish_epoch(const trainer *t, const vt_epoch *row, const evaluation *tested)
{
    char path[PATH_SIZE];
    vt_training_log log = { 0 };
    file_in(t->options->out, "log.csv", path);
    bool ok = vt_training_log_append(path, row) && vt_training_log_read(path, &log) && draw_curves(t, &log) &&
              run_report_epoch(&t->report, &log, tested);
    vt_training_log_free(&log);
    return ok &&
           model_card_save(file_in(t->options->out, "model.safetensors", path), t->net, &t->pictures, t->class_names) &&
           run_folder_checkpoint(t);
}

void run_folder_report(const char *folder)
{
    static const char *const results[] = { "log.csv", "model.safetensors", "curves.svg", "curves.png", "report.html" };
    char path[PATH_SIZE];
    printf("results:");
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (access(file_in(folder, results[i], path), F_OK) == 0) printf(" %s", path);
    printf("\n");
}
