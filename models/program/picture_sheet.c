/* picture_sheet.c - a sheet of pictures as training gets them. */
#include "program/picture_sheet.h"
#include "explain/sheet.h"
#include "program/mix_batch.h"
#include <math.h>
#include <stdlib.h>

enum { MOST_COLUMNS = 8, LEAST_SIDE = 96 };

/* Pictures of a batch [count, channels, height, width] and the probabilities of their classes. */
typedef struct view {
    const pictures *from;
    int64_t count, classes;
    int channels, height, width;
    float *pixels, *targets;
} view;

/* By a whole number, so that small pictures can be seen, and captions read. */
static int64_t enlargement(const view *v)
{
    const int64_t side = v->height < v->width ? v->height : v->width;
    return side < LEAST_SIDE ? (LEAST_SIDE + side - 1) / side : 1;
}

/* Picture i as it was before it was normalised. */
static void draw(const view *v, int64_t i, int64_t times, const vt_picture *to)
{
    const data_set *set = v->from->set;
    const int64_t plane = (int64_t)v->height * v->width;
    for (int64_t k = 0; k < to->height * to->width; k++) {
        const int64_t from = k / to->width / times * v->width + k % to->width / times;
        for (int c = 0; c < 3; c++) {
            const int channel = c % v->channels;
            const float x = v->pixels[(i * v->channels + channel) * plane + from];
            const float value = 255 * (x * set->std[channel] + set->mean[channel]);
            to->pixels[3 * k + c] = (uint8_t)lrintf(fminf(fmaxf(value, 0), 255));
        }
    }
}

/* The class of the largest share, but for one. */
static int64_t largest(const float *share, int64_t classes, int64_t but)
{
    int64_t most = but == 0;
    for (int64_t c = 0; c < classes; c++)
        if (c != but && share[c] > share[most]) most = c;
    return most;
}

/* "cat", or "cat + 30 % dog" */
static void name_classes(const view *v, int64_t i, char *text, size_t size)
{
    const float *share = v->targets + i * v->classes;
    const char *const *names = v->from->train->class_names;
    const int64_t first = largest(share, v->classes, -1), second = largest(share, v->classes, first);
    const int percent = (int)lrintf(100 * share[second]);
    if (percent > 0)
        snprintf(text, size, "%s + %d %% %s", names[first], percent, names[second]);
    else
        snprintf(text, size, "%s", names[first]);
}

static bool draw_sheet(const view *v, const char *path)
{
    const int64_t times = enlargement(v), columns = v->count < MOST_COLUMNS ? v->count : MOST_COLUMNS;
    vt_picture one = { times * v->height, times * v->width,
                       malloc((size_t)(3 * times * times * v->height * v->width)) };
    sheet s = { 0 };
    bool ok = one.pixels && sheet_new(&s, &one, (int)((v->count + columns - 1) / columns), (int)columns);
    for (int64_t i = 0; ok && i < v->count; i++) {
        char caption[512];
        draw(v, i, times, &one);
        name_classes(v, i, caption, sizeof caption);
        sheet_add_view(&s, (int)(i / columns), (int)(i % columns), caption);
    }
    ok = ok && vt_picture_write_png(path, &s.paper);
    if (!one.pixels) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a sheet of pictures");
    sheet_free(&s);
    free(one.pixels);
    return ok;
}

static bool read_view(view *v, vt_mixed mixed, int64_t classes)
{
    const int64_t pixels = v->count * v->channels * v->height * v->width;
    v->classes = classes;
    v->pixels = calloc((size_t)pixels, sizeof *v->pixels);
    v->targets = calloc((size_t)(v->count * classes), sizeof *v->targets);
    if (!v->pixels || !v->targets)
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for %lld pictures", (long long)v->count);
    vt_tensor targets = vt_rank(mixed.targets) == 2 ? mixed.targets : vt_one_hot(mixed.targets, classes);
    return !vt_failed() && vt_read(mixed.images, v->pixels, pixels, VT_F32) &&
           vt_read(targets, v->targets, v->count * classes, VT_F32);
}

bool picture_sheet_write(const pictures *p, const options *o, int64_t count, int64_t epoch, const char *path)
{
    VT_SCOPE;
    vt_batch batch;
    vt_loader *loader =
        vt_loader_open(p->train, .batch = count, .shuffle = true, .augment = o->augment, .repeats = (int)o->repeats,
                       .seed = (uint64_t)o->seed, .mean = p->set->mean, .std = p->set->std, .workers = 0);
    vt_seed((uint64_t)o->seed);
    bool ok = loader && vt_loader_seek(loader, epoch, 0) && vt_loader_next_tensors(loader, &batch);
    if (ok) {
        view v = { .from = p,
                   .count = batch.count,
                   .channels = p->train->channels,
                   .height = p->train->height,
                   .width = p->train->width };
        ok = read_view(&v, mix_batch(o, epoch, batch.images, batch.labels, p->train->classes), p->train->classes) &&
             draw_sheet(&v, path);
        free(v.pixels);
        free(v.targets);
    }
    vt_loader_close(loader);
    return ok;
}
