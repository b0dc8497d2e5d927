/* old_run.c - a run whose folder another begins in. */
#include "program/old_run.h"
#include "program/path.h"
#include "program/run_folder.h"
#include "report/event_file.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const files[] = {
    "checkpoint.safetensors",
    "model.safetensors",
    "model-{best,ema}.safetensors",
    "{log,confusion,per_class}.csv",
    "{curves,confusion,per_class,calibration,mistakes}.{svg,png}",
    "pictures.png",
    "report.html",
    "settings.json",
};

static bool is_of_a_run(const char *name)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (vt_name_matches(name, files[i])) return true;
    return run_folder_epoch_of(name) >= 0;
}

static bool are_same_file(const char *path, const char *other)
{
    struct stat a, b;
    return other && stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool is_not_read(const options *o, const char *path)
{
    if (!are_same_file(path, o->weights) && !are_same_file(path, o->teacher)) return true;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "%s is of the run in %s, whose place this one would take; --out names another folder", path, o->out);
    return false;
}

static bool remove_file(const options *o, const char *path)
{
    if (unlink(path) == 0) return true;
    vt_error_raise(VT_ERROR_FILE, VT_HERE, "cannot remove %s, of the run that was in %s: %s", path, o->out,
                   strerror(errno));
    return false;
}

/* Until one says false. */
static bool for_each_file(const options *o, bool (*act)(const options *o, const char *path))
{
    char path[PATH_SIZE];
    bool ok = true;
    DIR *folder = opendir(o->out);
    for (const struct dirent *e; folder && ok && (e = readdir(folder));)
        if (is_of_a_run(e->d_name)) ok = path_join(path, o->out, e->d_name) && act(o, path);
    if (folder) closedir(folder);
    return ok;
}

bool old_run_remove(const options *o, FILE *report)
{
    if (!path_exists(o->out, EVENT_FILE)) return true; /* a run has it from its beginning on, and nothing else does */
    if (!for_each_file(o, is_not_read) || !for_each_file(o, remove_file)) return false;
    if (report) fprintf(report, "removed: the run that was in %s\n", o->out);
    return true;
}
