/* image_folder.c - pictures in a folder for each class. */
#include "core/base/error.h"
#include "core/graph/refuse.h"
#include "data/dataset.h"
#include "data/directory.h"
#include "data/file_check.h"
#include "data/random.h"

#include <vitro/picture.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096, MOST_SIDE = 16384 };

/* What is opened, and what was found of it. */
typedef struct opening {
    const vt_image_folder_args *args;
    char train[PATH_BYTES], test[PATH_BYTES]; /* the same where each class is split */
    bool split;
    name_list classes;
    int64_t count, room;
    char **paths; /* [count] */
    int64_t *labels;
    int64_t skipped;
} opening;

static bool join_path(vt_site at, char path[PATH_BYTES], const char *folder, const char *name)
{
    return snprintf(path, PATH_BYTES, "%s/%s", folder, name) < PATH_BYTES ||
           raise_error(VT_ERROR_ARGUMENT, at, "the path of %s is longer than %d bytes", name, PATH_BYTES - 1);
}

/* ---- where the classes are ---- */

/* Sets `test` to the folder of pictures for testing; false without an error where there is none. */
static bool find_test_folder(opening *o)
{
    static const char *const names[] = { "val", "validation", "valid", "test", NULL };
    for (const char *const *name = names; *name; name++)
        if (join_path(o->args->at_, o->test, o->args->dir, *name) && is_directory(o->test)) return true;
    return false;
}

static bool has_folders(vt_site at, const char *folder)
{
    name_list list;
    const bool any = list_folders(at, folder, &list) && list.count > 0;
    name_list_free(&list);
    return any;
}

/* A class may be called "train", too: then it has pictures, and no classes. */
static bool find_folders(opening *o)
{
    const char *dir = o->args->dir;
    const vt_site at = o->args->at_;
    if (!is_directory(dir)) return raise_error(VT_ERROR_FILE, at, "there is no directory %s", dir);
    if (!join_path(at, o->train, dir, "train")) return false;
    const bool trains = is_directory(o->train), tests = find_test_folder(o);
    if (vt_failed() || (trains && tests)) return !vt_failed();
    if (trains && has_folders(at, o->train))
        return raise_error(VT_ERROR_FILE, at, "%s has a folder train, but none of val, validation, valid and test",
                           dir);
    o->split = true;
    snprintf(o->train, sizeof o->train, "%s", dir);
    snprintf(o->test, sizeof o->test, "%s", dir);
    return !vt_failed();
}

static bool find_classes(opening *o)
{
    const vt_site at = o->args->at_;
    if (!list_folders(at, o->train, &o->classes)) return false;
    if (o->classes.count == 0)
        return raise_error(VT_ERROR_FILE, at, "%s has no folders; it wants one with pictures for each class", o->train);
    if (o->classes.count == 1)
        return raise_error(VT_ERROR_FILE, at, "%s has one class alone, %s; there must be two or more", o->train,
                           o->classes.names[0]);
    return o->classes.count <= INT32_MAX ||
           raise_error(VT_ERROR_FILE, at, "%s has %" PRId64 " classes", o->train, o->classes.count);
}

static bool has(const name_list *list, const char *name)
{
    for (int64_t i = 0; i < list->count; i++)
        if (strcmp(list->names[i], name) == 0) return true;
    return false;
}

/* The first of a folder's classes that the other folder lacks is named. */
static bool all_are_in(const opening *o, const name_list *some, const char *folder, const name_list *others,
                       const char *other)
{
    for (int64_t i = 0; i < some->count; i++)
        if (!has(others, some->names[i]))
            return raise_error(VT_ERROR_FILE, o->args->at_, "%s has the class %s, which %s has not", folder,
                               some->names[i], other);
    return true;
}

static bool classes_are_the_same(const opening *o)
{
    name_list tested;
    if (o->split) return true;
    if (!list_folders(o->args->at_, o->test, &tested)) return false;
    const bool same = all_are_in(o, &o->classes, o->train, &tested, o->test) &&
                      all_are_in(o, &tested, o->test, &o->classes, o->train);
    name_list_free(&tested);
    return same;
}

/* ---- which pictures they have ---- */

static bool make_room(opening *o)
{
    if (o->count < o->room) return true;
    o->room = o->room ? 2 * o->room : 1024;
    char **paths = realloc(o->paths, (size_t)o->room * sizeof *paths);
    if (paths) o->paths = paths;
    int64_t *labels = realloc(o->labels, (size_t)o->room * sizeof *labels);
    if (labels) o->labels = labels;
    return paths && labels;
}

static bool add(opening *o, const char *folder, const char *name, int64_t label)
{
    char path[PATH_BYTES];
    if (!join_path(o->args->at_, path, folder, name)) return false;
    char *copy = make_room(o) ? strdup(path) : NULL;
    if (!copy) return raise_error(VT_ERROR_MEMORY, o->args->at_, "no memory for the names of pictures");
    o->paths[o->count] = copy;
    o->labels[o->count++] = label;
    return true;
}

/* How many of a class are for testing where it is split: it has one for each part at least. */
static int64_t held_out(const opening *o, int64_t count)
{
    const int64_t wanted = llround(o->args->validation_fraction * (double)count);
    return wanted < 1 ? 1 : wanted > count - 1 ? count - 1 : wanted;
}

/* Adds the pictures of a class that are for what is opened: all, or those that the split gives to it. */
static bool add_class(opening *o, int64_t label, const char *folder, const name_list *pictures)
{
    const int64_t tested = o->split ? held_out(o, pictures->count) : 0;
    const permutation order = permutation_make(o->args->seed, random_stream(RANDOM_SPLIT, label), pictures->count);
    bool ok = true;
    for (int64_t i = 0; ok && i < pictures->count; i++) {
        const bool for_test = o->split && permutation_at(&order, i) < tested;
        if (!o->split || for_test != o->args->train) ok = add(o, folder, pictures->names[i], label);
    }
    return ok;
}

static bool list_class(opening *o, int64_t label)
{
    const vt_site at = o->args->at_;
    char folder[PATH_BYTES];
    name_list pictures;
    if (!join_path(at, folder, o->args->train ? o->train : o->test, o->classes.names[label]) ||
        !list_pictures(at, folder, o->args->skip_bad, &pictures))
        return false;
    bool ok = true;
    if (pictures.count == 0)
        ok = raise_error(VT_ERROR_FILE, at, "%s has no pictures: no file in it ends in .jpg, .jpeg or .png", folder);
    else if (o->split && pictures.count == 1)
        ok = raise_error(VT_ERROR_FILE, at, "%s has one picture; a class is split into two parts, of 1 at least",
                         folder);
    ok = ok && add_class(o, label, folder, &pictures);
    name_list_free(&pictures);
    return ok;
}

/* ---- which of them are kept ---- */

/* Keeps the pictures for which keep[i], and frees the others. */
static void keep_some(opening *o, const bool *keep)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < o->count; i++) {
        if (!keep[i]) {
            free(o->paths[i]);
            continue;
        }
        o->paths[kept] = o->paths[i];
        o->labels[kept++] = o->labels[i];
    }
    o->count = kept;
}

/* So many of all, at equal distances, so that each class keeps its share. */
static bool keep_limit(opening *o)
{
    const int64_t limit = o->args->limit;
    if (limit == VT_AUTO || limit >= o->count) return true;
    bool *keep = calloc((size_t)o->count, sizeof *keep);
    if (!keep) return raise_error(VT_ERROR_MEMORY, o->args->at_, "no memory for the names of pictures");
    for (int64_t i = 0; i < limit; i++) keep[i * o->count / limit] = true;
    keep_some(o, keep);
    free(keep);
    return true;
}

/* With a limit, a class may have lost all of its pictures to it. */
static bool each_class_is_left(const opening *o)
{
    if (o->count == 0)
        return raise_error(VT_ERROR_FILE, o->args->at_, "%s has no picture that can be read", o->args->dir);
    bool *left = calloc((size_t)o->classes.count, sizeof *left);
    if (!left) return raise_error(VT_ERROR_MEMORY, o->args->at_, "no memory for the classes of pictures");
    for (int64_t i = 0; i < o->count; i++) left[o->labels[i]] = true;
    bool ok = true;
    for (int64_t i = 0; ok && o->args->limit == VT_AUTO && i < o->classes.count; i++)
        if (!left[i])
            ok = raise_error(VT_ERROR_FILE, o->args->at_, "%s/%s has no picture that can be read",
                             o->args->train ? o->train : o->test, o->classes.names[i]);
    free(left);
    return ok;
}

static void report_bad(opening *o, char **why, bool *keep)
{
    for (int64_t i = 0; i < o->count; i++) {
        keep[i] = !why[i];
        o->skipped += !keep[i];
        if (why[i] && o->args->report) fprintf(o->args->report, "%s\n", why[i]);
        free(why[i]);
    }
}

static bool keep_readable(opening *o)
{
    if (!o->args->skip_bad) return true;
    char **why = calloc((size_t)o->count, sizeof *why);
    bool *keep = calloc((size_t)o->count, sizeof *keep);
    bool ok = why && keep;
    if (!ok) raise_error(VT_ERROR_MEMORY, o->args->at_, "no memory to check pictures");
    if (ok) {
        ok = file_check(o->args->at_, o->paths, o->count, why);
        report_bad(o, why, keep);
        keep_some(o, keep);
    }
    free(why);
    free(keep);
    return ok && each_class_is_left(o);
}

/* ---- opening ---- */

static bool options_fit(const vt_image_folder_args *a)
{
    if (!a->dir) return raise_error(VT_ERROR_ARGUMENT, a->at_, "image_folder_open: dir is NULL");
    if (a->height < 1 || a->height > MOST_SIDE || a->width < 1 || a->width > MOST_SIDE)
        return raise_error(VT_ERROR_ARGUMENT, a->at_, "image_folder_open: height is %d and width %d; they are 1 to %d",
                           a->height, a->width, MOST_SIDE);
    if (!(a->validation_fraction > 0 && a->validation_fraction < 1))
        return raise_error(VT_ERROR_ARGUMENT, a->at_,
                           "image_folder_open: validation_fraction is %g; it must be above 0 and below 1",
                           a->validation_fraction);
    return a->limit == VT_AUTO || a->limit >= 1 ||
           raise_error(VT_ERROR_ARGUMENT, a->at_, "image_folder_open: limit is %" PRId64 "; it must be 1 or more",
                       a->limit);
}

static bool list_all(opening *o)
{
    if (!find_folders(o) || !find_classes(o) || !classes_are_the_same(o)) return false;
    for (int64_t i = 0; i < o->classes.count; i++)
        if (!list_class(o, i)) return false;
    return keep_limit(o) && keep_readable(o);
}

static void forget_pictures(opening *o)
{
    for (int64_t i = 0; i < o->count; i++) free(o->paths[i]);
    free(o->paths);
    free(o->labels);
}

vt_dataset *vt_image_folder_open_with(const vt_image_folder_args *a)
{
    NEED_ARGUMENTS("image_folder_open", a, NULL);
    if (vt_failed() || !options_fit(a)) return NULL;
    opening o = { .args = a };
    dataset *d = NULL;
    if (list_all(&o))
        d = dataset_new_of_files(a->at_, o.paths, o.labels, o.count, a->height, a->width, (int)o.classes.count,
                                 o.classes.names);
    else
        forget_pictures(&o);
    if (d) d->seen.skipped = o.skipped;
    name_list_free(&o.classes);
    return d ? &d->seen : NULL;
}
