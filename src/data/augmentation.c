/* augmentation.c - what a loader does to pictures at random: the stages that there are, a row each, and the text that
 * lists them. */
#include "data/augmentation.h"
#include "core/base/error.h"
#include "data/policy.h"

#include <vitro/data.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number that a stage may be given. */
typedef struct number_kind {
    double otherwise, low, high;
} number_kind;

struct stage_kind {
    const char *name;
    void (*apply)(const augmentation *a, const double *number, image *x, draws *d);
    number_kind numbers[AUGMENTATION_NUMBERS]; /* those it has are in front; the others have no range */
};

/* ---- moving: one block of words, apart from the others ---- */

static moved draw_moved(int padding, double flip, const draws *d)
{
    uint32_t word[4];
    philox_block(d->seed, random_stream(RANDOM_AUGMENT, d->epoch), (uint64_t)d->picture, word);
    return (moved){ random_below(word[0], 2 * padding + 1) - padding, random_below(word[1], 2 * padding + 1) - padding,
                    (double)word[2] * 0x1p-32 >= 1 - flip };
}

static void crop(const augmentation *a, const double *number, image *x, draws *d)
{
    (void)a;
    const moved m = draw_moved((int)number[0], 0, d);
    vt_image_crop(x->pixels, x->channels, x->height, x->width, m.top, m.left, x->spare, x->height, x->width);
    image_swap(x);
}

static void flip(const augmentation *a, const double *number, image *x, draws *d)
{
    (void)a;
    if (draw_moved(0, number[0], d).flipped) vt_image_flip(x->pixels, x->channels, x->height, x->width);
}

/* ---- windows ---- */

enum { TRIES = 10 };

/* The sides of a part of the area with an aspect ratio in [ratio, 1 / ratio], drawn evenly along its logarithm. */
static void draw_sides(double area, double low, double high, double ratio, draws *d, int64_t *height, int64_t *width)
{
    const double part = area * draw_between(d, low, high), aspect = exp(draw_between(d, log(ratio), -log(ratio)));
    *height = llrint(sqrt(part / aspect));
    *width = llrint(sqrt(part * aspect));
}

/* The whole picture; of one that is longer than 4 to 3, the middle of that shape. */
static window middle_of(int64_t height, int64_t width)
{
    const int64_t tallest = llrint((double)width * 4 / 3), widest = llrint((double)height * 4 / 3);
    window w = { 0, 0, height > tallest ? tallest : height, width > widest ? widest : width };
    w.top = (height - w.height) / 2;
    w.left = (width - w.width) / 2;
    return w;
}

static int64_t draw_place(draws *d, int64_t room)
{
    return (int64_t)draw_between(d, 0, (double)room + 1);
}

static void resized_crop(const augmentation *a, const double *number, image *x, draws *d)
{
    (void)a, (void)number, (void)x, (void)d; /* by augmentation_window, before the picture has its size */
}

bool augmentation_has_window(const augmentation *a)
{
    return a->count > 0 && a->stage[0].kind->apply == resized_crop;
}

bool augmentation_window(const augmentation *a, int64_t height, int64_t width, draws *d, window *w)
{
    if (!augmentation_has_window(a)) return false;
    const double *scale = a->stage[0].number;
    for (int i = 0; i < TRIES; i++) {
        draw_sides((double)height * (double)width, scale[0], scale[1], 3.0 / 4, d, &w->height, &w->width);
        if (w->height < 1 || w->height > height || w->width < 1 || w->width > width) continue;
        w->top = draw_place(d, height - w->height);
        w->left = draw_place(d, width - w->width);
        return true;
    }
    *w = middle_of(height, width);
    return true;
}

static void fill(const augmentation *a, image *x, const window *w)
{
    for (int c = 0; c < x->channels; c++)
        for (int64_t i = w->top; i < w->top + w->height; i++)
            memset(x->pixels + c * image_plane(x) + i * x->width + w->left, a->erased[c], (size_t)w->width);
}

static void erase(const augmentation *a, const double *number, image *x, draws *d)
{
    window w;
    if (!draw_chance(d, number[0])) return;
    for (int i = 0; i < TRIES; i++) {
        draw_sides((double)image_plane(x), number[1], number[2], 0.3, d, &w.height, &w.width);
        if (w.height >= x->height || w.width >= x->width) continue;
        w.top = draw_place(d, x->height - w.height);
        w.left = draw_place(d, x->width - w.width);
        fill(a, x, &w);
        return;
    }
}

/* ---- colours ---- */

static double draw_factor(draws *d, double spread)
{
    return draw_between(d, fmax(0, 1 - spread), 1 + spread);
}

/* In any order. */
static void jitter(const augmentation *a, const double *number, image *x, draws *d)
{
    (void)a;
    static void (*const changes[4])(image *, double) = { image_brightness, image_contrast, image_saturation,
                                                         image_hue };
    int order[4] = { 0, 1, 2, 3 };
    for (int i = 3; i > 0; i--) {
        const int other = draw_below(d, i + 1), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    for (int i = 0; i < 4; i++) {
        const int which = order[i];
        const double spread = number[which];
        const double factor = which == 3 ? draw_between(d, -spread, spread) : draw_factor(d, spread);
        if (spread > 0) changes[which](x, factor);
    }
}

static void randaugment(const augmentation *a, const double *number, image *x, draws *d)
{
    (void)a;
    policy_randaugment(x, (int)number[0], number[1], d);
}

static void trivial(const augmentation *a, const double *number, image *x, draws *d)
{
    (void)a, (void)number;
    policy_trivial(x, d);
}

static void autoaugment(const augmentation *a, const double *number, image *x, draws *d)
{
    (void)a, (void)number;
    policy_autoaugment_imagenet(x, d);
}

static void autoaugment_cifar(const augmentation *a, const double *number, image *x, draws *d)
{
    (void)a, (void)number;
    policy_autoaugment_cifar10(x, d);
}

/* ---- the stages ---- */

static const stage_kind kinds[] = {
    { "crop", crop, { { 4, 0, 1024 } } },
    { "resized-crop", resized_crop, { { 0.08, 0.001, 1 }, { 1, 0.001, 1 } } },
    { "flip", flip, { { 0.5, 0, 1 } } },
    { "jitter", jitter, { { 0.4, 0, 1 }, { 0.4, 0, 1 }, { 0.4, 0, 1 }, { 0.1, 0, 0.5 } } },
    { "randaugment", randaugment, { { 2, 1, 16 }, { 9, 0, POLICY_STEPS } } },
    { .name = "trivial", .apply = trivial },
    { .name = "autoaugment", .apply = autoaugment },
    { .name = "autoaugment-cifar", .apply = autoaugment_cifar },
    { "erase", erase, { { 0.25, 0, 1 }, { 0.02, 0.001, 1 }, { 0.33, 0.001, 1 } } },
    { .name = NULL },
};

static bool is_given(const number_kind *n)
{
    return n->high > n->low;
}

static const stage_kind *kind_called(const char *name, size_t length)
{
    for (const stage_kind *k = kinds; k->name; k++)
        if (strlen(k->name) == length && strncmp(k->name, name, length) == 0) return k;
    return NULL;
}

static bool refuse_name(vt_site at, const char *text, int length)
{
    char known[256] = "";
    for (const stage_kind *k = kinds; k->name; k++) {
        strcat(known, k == kinds ? "" : ", ");
        strcat(known, k->name);
    }
    return raise_error(VT_ERROR_ARGUMENT, at, "there is no augmentation \"%.*s\"; there are: %s", length, text, known);
}

/* The number behind a colon, where there is one. Moves the text behind it. */
static bool parse_number(vt_site at, const char **text, const stage_kind *k, int i, double *number)
{
    const number_kind *n = &k->numbers[i];
    *number = n->otherwise;
    if (**text != ':') return true;
    char *end;
    *number = strtod(*text + 1, &end);
    if (!is_given(n) || end == *text + 1 || !(*number >= n->low && *number <= n->high))
        return is_given(n)
                   ? raise_error(VT_ERROR_ARGUMENT, at, "augmentation %s: number %d is from %g to %g, not \"%.*s\"",
                                 k->name, i + 1, n->low, n->high, (int)strcspn(*text + 1, ":,"), *text + 1)
                   : raise_error(VT_ERROR_ARGUMENT, at, "augmentation %s takes %d numbers alone", k->name, i);
    *text = end;
    return true;
}

/* "randaugment:2:9". Moves the text behind it. */
static bool parse_stage(vt_site at, const char **text, augmentation *a)
{
    const size_t length = strcspn(*text, ":,");
    const stage_kind *k = kind_called(*text, length);
    if (!k) return refuse_name(at, *text, (int)(length < 64 ? length : 64));
    if (a->count == AUGMENTATION_STAGES)
        return raise_error(VT_ERROR_ARGUMENT, at, "an augmentation has %d stages at most", AUGMENTATION_STAGES);
    if (k->apply == resized_crop && a->count > 0)
        return raise_error(VT_ERROR_ARGUMENT, at, "augmentation %s: it is the first stage, or none", k->name);
    *text += length;
    a->stage[a->count].kind = k;
    for (int i = 0; i < AUGMENTATION_NUMBERS; i++)
        if (!parse_number(at, text, k, i, &a->stage[a->count].number[i])) return false;
    a->count++;
    return **text == ',' || !**text ||
           raise_error(VT_ERROR_ARGUMENT, at, "augmentation %s: what is \"%.64s\"?", k->name, *text);
}

bool augmentation_parse(vt_site at, const char *text, augmentation *a)
{
    *a = (augmentation){ 0 };
    if (!text || strcmp(text, "none") == 0) return true;
    do {
        if (a->count > 0) text++;
        if (!parse_stage(at, &text, a)) return false;
    } while (*text == ',');
    return true;
}

bool augmentation_is_for(const augmentation *a, int channels)
{
    bool moves = true;
    for (int i = 0; i < a->count; i++) moves &= a->stage[i].kind->apply == crop || a->stage[i].kind->apply == flip;
    return moves || channels == 1 || channels == 3;
}

void augmentation_apply(const augmentation *a, image *x, draws *d)
{
    for (int i = 0; i < a->count; i++) a->stage[i].kind->apply(a, a->stage[i].number, x, d);
}

bool augmentation_only_moves(const augmentation *a)
{
    return a->count == 2 && a->stage[0].kind->apply == crop && a->stage[1].kind->apply == flip;
}

moved augmentation_moved(const augmentation *a, const draws *d)
{
    return draw_moved((int)a->stage[0].number[0], a->stage[1].number[0], d);
}
