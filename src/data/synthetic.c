/* synthetic.c - a data set drawn by a program: ten shapes and textures that differ in form alone.
 *
 * Colours, place, size and rotation are random, and the shapes cover about the same area, so that neither a pixel, nor
 * a mean, nor a histogram tells the class. Only +, -, *, /, sqrt and floor are used, which IEEE 754 rounds exactly, so
 * that every machine draws the same bits. */
#include "core/graph/refuse.h"
#include "data/dataset.h"
#include "data/random.h"

#include <vitro/error.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF /* gcc has it off in ISO C; a fused multiply-add would change bits */
#endif

enum {
    CLASSES = 10,
    SIDE = 32,
    PLANE = SIDE * SIDE,
    TRAIN_COUNT = 10000,
    TEST_COUNT = 2000,
};

typedef struct point {
    float x, y;
} point;

typedef struct color {
    float channel[3]; /* 0 to 1 */
} color;

/* Signed distances from a shape's outline, negative inside, for a shape of about unit radius around the origin. */

static float length(point p)
{
    return sqrtf(p.x * p.x + p.y * p.y);
}

static float box(point p, float half_width, float half_height)
{
    return fmaxf(fabsf(p.x) - half_width, fabsf(p.y) - half_height);
}

static float disc(point p)
{
    return length(p) - .8F;
}

static float ring(point p)
{
    return fabsf(length(p) - .76F) - .24F;
}

static float square(point p)
{
    return box(p, .72F, .72F);
}

static float frame(point p)
{
    return fabsf(box(p, .68F, .68F)) - .2F;
}

static float triangle(point p)
{
    const float half_sqrt3 = .8660254F, sides = half_sqrt3 * fabsf(p.x) + .5F * p.y;
    return fmaxf(sides, -p.y) - .58F;
}

static float cross(point p)
{
    return fminf(box(p, 1, .3F), box(p, .3F, 1));
}

static float crescent(point p)
{
    return fmaxf(length(p) - .95F, .72F - length((point){ p.x - .48F, p.y }));
}

static float twins(point p)
{
    return length((point){ fabsf(p.x) - .6F, p.y }) - .5F;
}

static float stripes(point p)
{
    const float period = .62F, across = p.x / period - floorf(p.x / period);
    return fmaxf(box(p, .95F, .95F), (fabsf(across - .5F) - .25F) * period);
}

static float checks(point p)
{
    const float cell = .48F, u = floorf(p.x / cell), v = floorf(p.y / cell);
    const point from_middle = { p.x - (u + .5F) * cell, p.y - (v + .5F) * cell };
    const float inside_cell = box(from_middle, .5F * cell, .5F * cell);
    const bool dark = (u + v) * .5F == floorf((u + v) * .5F);
    return fmaxf(box(p, .95F, .95F), dark ? inside_cell : -inside_cell);
}

static const char *const class_names[CLASSES] = { "disc",  "ring",     "square", "frame",   "triangle",
                                                  "cross", "crescent", "twins",  "stripes", "checks" };
static float (*const outlines[CLASSES])(point) = { disc,  ring,     square, frame,   triangle,
                                                   cross, crescent, twins,  stripes, checks };

/* The numbers of one stream, one after the other. A statement rolls once: C leaves open in which order the arguments of
 * a call and the members of an initialiser are evaluated. */
typedef struct dice {
    uint64_t seed, stream, rolled;
    uint32_t word[4];
} dice;

static float roll(dice *d, float low, float high)
{
    if (d->rolled % 4 == 0) philox_block(d->seed, d->stream, d->rolled / 4, d->word);
    return low + (high - low) * philox_uniform(d->word[d->rolled++ % 4]);
}

static color roll_color(dice *d)
{
    color c;
    for (int i = 0; i < 3; i++) c.channel[i] = roll(d, 0, 1);
    return c;
}

static float contrast(color a, color b)
{
    float sum = 0;
    for (int i = 0; i < 3; i++) sum += fabsf(a.channel[i] - b.channel[i]);
    return sum;
}

static color roll_color_against(dice *d, color ground)
{
    color c;
    do {
        c = roll_color(d);
    } while (contrast(c, ground) < 1.1F);
    return c;
}

/* A direction, even over the circle: a point of the disc, moved to its rim. */
static point roll_direction(dice *d)
{
    point p;
    do {
        p.x = roll(d, -1, 1);
        p.y = roll(d, -1, 1);
    } while (length(p) > 1 || length(p) < .1F);
    return (point){ p.x / length(p), p.y / length(p) };
}

/* Where a shape lies in the picture, in pixels. */
typedef struct pose {
    point centre, direction;
    float radius;
} pose;

static pose roll_pose(dice *d, float smallest, float largest, float margin)
{
    pose p = { .radius = roll(d, smallest, largest) };
    p.direction = roll_direction(d);
    const float reach = p.radius * margin;
    p.centre.x = roll(d, reach, SIDE - reach);
    p.centre.y = roll(d, reach, SIDE - reach);
    return p;
}

/* Paints a shape, its edge smoothed over one pixel. */
static void paint_shape(float picture[3][PLANE], float (*outline)(point), pose at, color paint)
{
    for (int i = 0; i < PLANE; i++) {
        const float dx = (float)(i % SIDE) + .5F - at.centre.x, dy = (float)(i / SIDE) + .5F - at.centre.y;
        const point p = { (dx * at.direction.x + dy * at.direction.y) / at.radius,
                          (dy * at.direction.x - dx * at.direction.y) / at.radius };
        const float cover = fminf(fmaxf(.5F - outline(p) * at.radius, 0), 1);
        for (int c = 0; c < 3; c++) picture[c][i] += cover * (paint.channel[c] - picture[c][i]);
    }
}

/* A ground that goes from one colour to another, in any direction. */
static void paint_ground(float picture[3][PLANE], dice *d, color ground)
{
    const color other = roll_color(d);
    const point direction = roll_direction(d);
    for (int i = 0; i < PLANE; i++) {
        const float along =
            direction.x * ((float)(i % SIDE) / SIDE - .5F) + direction.y * ((float)(i / SIDE) / SIDE - .5F);
        for (int c = 0; c < 3; c++)
            picture[c][i] = ground.channel[c] + .5F * along * (other.channel[c] - ground.channel[c]);
    }
}

static float blob(point p)
{
    return length(p) - 1;
}

static float stroke(point p)
{
    return box(p, 1, .18F);
}

/* Small things that belong to no class. */
static void paint_distractors(float picture[3][PLANE], dice *d, int count)
{
    for (int i = 0; i < count; i++) {
        float (*const outline)(point) = roll(d, 0, 1) < .5F ? blob : stroke;
        const pose at = outline == blob ? roll_pose(d, 1, 2.2F, 1) : roll_pose(d, 3, 6, .5F);
        paint_shape(picture, outline, at, roll_color(d));
    }
}

static void add_noise(float picture[3][PLANE], dice *d)
{
    const float amplitude = roll(d, .02F, .10F);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < PLANE; i++) picture[c][i] += roll(d, -amplitude, amplitude);
}

static void draw(uint8_t *pixels, int label, dice *d)
{
    float picture[3][PLANE];
    const color ground = roll_color(d);
    paint_ground(picture, d, ground);
    paint_distractors(picture, d, 1);
    const pose at = roll_pose(d, 9, 12.5F, 1);
    const color paint = roll_color_against(d, ground);
    paint_shape(picture, outlines[label], at, paint);
    paint_distractors(picture, d, 1);
    add_noise(picture, d);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < PLANE; i++)
            pixels[c * PLANE + i] = (uint8_t)(fminf(fmaxf(picture[c][i], 0), 1) * 255 + .5F);
}

/* Every ten pictures hold each class once, in a random order. */
static int64_t label_of(int64_t picture, bool train, uint64_t seed)
{
    const random_purpose purpose = train ? RANDOM_TRAIN_LABELS : RANDOM_TEST_LABELS;
    const permutation order = permutation_make(seed, random_stream(purpose, picture / CLASSES), CLASSES);
    return permutation_at(&order, picture % CLASSES);
}

vt_dataset *vt_synthetic_open_with(const vt_synthetic_args *a)
{
    NEED_ARGUMENTS("synthetic_open", a, NULL);
    const int64_t count = a->limit != VT_AUTO ? a->limit : a->train ? TRAIN_COUNT : TEST_COUNT;
    if (vt_failed()) return NULL;
    if (count < 1) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "synthetic: limit is %" PRId64 "; it must be 1 or more", count);
        return NULL;
    }
    dataset *d = dataset_new(a->at_, "synthetic", count, 3, SIDE, SIDE, CLASSES, class_names);
    if (!d) return NULL;
    for (int64_t i = 0; i < count; i++) {
        const random_purpose purpose = a->train ? RANDOM_TRAIN_SET : RANDOM_TEST_SET;
        dice own = { .seed = a->seed, .stream = random_stream(purpose, i) };
        d->labels[i] = label_of(i, a->train, a->seed);
        draw(d->images + (size_t)i * image_size(&d->seen), (int)d->labels[i], &own);
    }
    return &d->seen;
}
