/* picture_sheet.c - a sheet of pictures as training gets them. */
#include "program/picture_sheet.h"
#include "explain/sheet.h"
#include "program/mix_batch.h"
#include <math.h>
#include <stdlib.h>

enum { MOST_COLUMNS = 8, LEAST_SIDE = 96 };

/* Pictures [count, channels, height, width] and the probabilities of their classes. */
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

static bool view_begin(view *v, const pictures *p, int64_t count)
{
    const vt_dataset *d = p->train;
    *v = (view){ .from = p, .classes = d->classes, .channels = d->channels, .height = d->height, .width = d->width };
    const size_t pixels = (size_t)d->channels * (size_t)d->height * (size_t)d->width;
    v->pixels = calloc((size_t)count * pixels, sizeof *v->pixels);
    v->targets = calloc((size_t)(count * v->classes), sizeof *v->targets);
    if (!v->pixels || !v->targets)
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for %lld pictures", (long long)count);
    return !vt_failed();
}

static void view_end(view *v)
{
    free(v->pixels);
    free(v->targets);
}

/* Adds the first pictures of a batch, at most so many. */
static bool view_add(view *v, const options *o, const vt_batch *batch, int64_t most)
{
    const int64_t count = batch->count < most ? batch->count : most;
    const int64_t pixels = (int64_t)v->channels * v->height * v->width;
    const vt_mixed mixed = mix_batch(o, batch, batch->images, v->classes);
    vt_tensor targets = vt_rank(mixed.targets) == 2 ? mixed.targets : vt_one_hot(mixed.targets, v->classes);
    const bool ok =
        vt_read(vt_slice(mixed.images, 0, 0, count), v->pixels + v->count * pixels, count * pixels, VT_F32) &&
        vt_read(vt_slice(targets, 0, 0, count), v->targets + v->count * v->classes, count * v->classes, VT_F32);
    v->count += count;
    return ok;
}

/* What a picture is mixed with depends on its batch, which is training's then. */
static vt_loader *open_loader(const pictures *p, const options *o, int64_t count, int64_t epoch)
{
    const int64_t batch = mixes_batches(o, epoch) ? o->batch : count;
    vt_loader *loader =
        vt_loader_open(p->train, .batch = batch, .shuffle = true, .augment = o->augment, .repeats = (int)o->repeats,
                       .seed = (uint64_t)o->seed, .mean = p->set->mean, .std = p->set->std, .workers = 0);
    if (loader) vt_loader_seek(loader, epoch, 0);
    return loader;
}

/* All there are, where they are fewer. */
static bool view_fill(view *v, const options *o, vt_loader *loader, int64_t count)
{
    bool more = true;
    while (more && v->count < count) {
        VT_SCOPE;
        vt_batch batch;
        more = vt_loader_next_tensors(loader, &batch) && view_add(v, o, &batch, count - v->count);
    }
    return !vt_failed();
}

bool picture_sheet_write(const pictures *p, const options *o, int64_t count, int64_t epoch, const char *path)
{
    view v;
    vt_loader *loader = open_loader(p, o, count, epoch);
    const bool ok = view_begin(&v, p, count) && view_fill(&v, o, loader, count) && draw_sheet(&v, path);
    view_end(&v);
    vt_loader_close(loader);
    return ok;
}
