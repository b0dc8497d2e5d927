/* test_augmentation.c - what loaders do to pictures at random: that it is what torchvision could have done, as often as
 * it should be, and the same for any number of workers. */
#include "data/augmentation.h"
#include "data/operation.h"
#include "fixture.h"
#include "refused.h"

#include <criterion/criterion.h>
#include <vitro/vitro.h>

#define FULL_STACK "resized-crop:0.2,flip,jitter,randaugment:2:9,trivial,autoaugment,autoaugment-cifar,erase:0.5"

enum { HEIGHT = 16, WIDTH = 20, BYTES = 3 * HEIGHT * WIDTH, PICTURES = 40 };

static const float zero[3] = { 0 }, one[3] = { 1, 1, 1 };

/* Pictures that differ; each is of its own class, which tells which one it is. */
static vt_dataset drawn(void)
{
    static uint8_t images[PICTURES * BYTES];
    static int64_t labels[PICTURES];
    for (int i = 0; i < PICTURES * BYTES; i++) {
        const int c = i / (HEIGHT * WIDTH) % 3, y = i / WIDTH % HEIGHT, x = i % WIDTH, picture = i / BYTES;
        images[i] = (uint8_t)(30 + (x * x + 5 * y + 40 * c + x * y * (picture + 1)) % 190);
        labels[picture] = picture;
    }
    return (vt_dataset){ .count = PICTURES,
                         .channels = 3,
                         .height = HEIGHT,
                         .width = WIDTH,
                         .images = images,
                         .labels = labels,
                         .classes = PICTURES };
}

typedef struct epochs {
    int count;
    int64_t labels[4 * PICTURES];
    uint8_t pixels[4 * PICTURES][BYTES];
} epochs;

/* All pictures of some epochs, as bytes. */
static void read_epochs(const vt_dataset *d, const char *augment, int number, int workers, int repeats, epochs *e)
{
    vt_loader *loader = vt_loader_open(d, .augment = augment, .batch = 7, .shuffle = true, .workers = workers,
                                       .repeats = repeats, .mean = zero, .std = one, .seed = 3);
    cr_assert(loader, "%s", vt_error_message());
    e->count = 0;
    for (int epoch = 0; epoch < number; epoch++)
        for (vt_host_batch b; vt_loader_next(loader, &b);)
            for (int64_t i = 0; i < b.count; i++) {
                e->labels[e->count] = b.labels[i];
                for (int k = 0; k < BYTES; k++) e->pixels[e->count][k] = (uint8_t)lrintf(255 * b.images[i * BYTES + k]);
                e->count++;
            }
    cr_assert(!vt_failed(), "%s", vt_error_message());
    vt_loader_close(loader);
}

static const uint8_t *original(const vt_dataset *d, const epochs *e, int i)
{
    return d->images + e->labels[i] * BYTES;
}

/* -- All stages ---------------------------------------------------------------------------------------------------- */

Test(augmentation, is_the_same_for_any_number_of_workers)
{
    static epochs alone, others;
    const vt_dataset d = drawn();
    read_epochs(&d, FULL_STACK, 2, 0, 1, &alone);
    for (int workers = 1; workers <= 5; workers += 2) {
        read_epochs(&d, FULL_STACK, 2, workers, 1, &others);
        cr_assert(alone.count == 80 && memcmp(&alone, &others, sizeof alone) == 0, "%d workers", workers);
    }
}

Test(augmentation, differs_between_epochs_and_pictures)
{
    static epochs e;
    const vt_dataset d = drawn();
    read_epochs(&d, FULL_STACK, 2, 0, 1, &e);
    int same = 0;
    for (int i = 0; i < PICTURES; i++)
        for (int k = PICTURES; k < 2 * PICTURES; k++)
            same += e.labels[i] == e.labels[k] && memcmp(e.pixels[i], e.pixels[k], BYTES) == 0;
    cr_assert(same <= 1, "%d pictures are the same in both epochs", same);
}

Test(augmentation, repeats_have_each_picture_of_an_epoch_so_often_each_time_in_another_way)
{
    static epochs e;
    const vt_dataset d = drawn();
    read_epochs(&d, "resized-crop,flip", 1, 2, 4, &e);
    int times[PICTURES] = { 0 }, different = 0;
    cr_assert(e.count == PICTURES);
    for (int i = 0; i < PICTURES; i++) {
        times[e.labels[i]]++;
        cr_assert(e.labels[i] == e.labels[i / 4 * 4]);
        different += i % 4 > 0 && memcmp(e.pixels[i], e.pixels[i - 1], BYTES) != 0;
    }
    cr_assert(different == 30, "%d differ", different);
    for (int i = 0; i < PICTURES; i++) cr_assert(times[i] == 0 || times[i] == 4);
}

Test(augmentation, is_of_grey_pictures_too)
{
    vt_dataset d = drawn();
    d.channels = 1;
    vt_loader *loader = vt_loader_open(&d, .augment = FULL_STACK, .mean = zero, .std = one);
    vt_host_batch b;
    cr_assert(loader && vt_loader_next(loader, &b), "%s", vt_error_message());
    vt_loader_close(loader);
}

/* -- Single stages ------------------------------------------------------------------------------------------------- */

Test(augmentation, flip_mirrors_always_never_and_at_even_odds)
{
    static epochs e;
    const vt_dataset d = drawn();
    static const struct {
        const char *text;
        int least, most;
    } odds[] = { { "flip:1", 160, 160 }, { "flip:0", 0, 0 }, { "flip", 55, 105 }, { "none", 0, 0 } };
    for (int k = 0; k < 4; k++) {
        int flipped = 0;
        read_epochs(&d, odds[k].text, 4, 0, 1, &e);
        for (int i = 0; i < e.count; i++) {
            uint8_t mirrored[BYTES];
            memcpy(mirrored, original(&d, &e, i), BYTES);
            vt_image_flip(mirrored, 3, HEIGHT, WIDTH);
            flipped += memcmp(mirrored, e.pixels[i], BYTES) == 0;
            cr_assert(memcmp(mirrored, e.pixels[i], BYTES) == 0 ||
                      memcmp(original(&d, &e, i), e.pixels[i], BYTES) == 0);
        }
        cr_assert(flipped >= odds[k].least && flipped <= odds[k].most, "%s: %d of 160", odds[k].text, flipped);
    }
}

/* Rows and columns that are of the colour alone. */
Test(augmentation, erase_fills_one_rectangle_of_its_area_with_the_mean)
{
    const vt_dataset d = drawn();
    vt_loader *loader = vt_loader_open(&d, .augment = "erase:1:0.1:0.3", .batch = PICTURES,
                                       .mean = (float[]){ 0.9F, 0.95F, 1 }, .std = one, .seed = 1);
    vt_host_batch b;
    int64_t erased = 0;
    cr_assert(loader && vt_loader_next(loader, &b));
    for (int64_t i = 0; i < b.count; i++) {
        int top = HEIGHT, bottom = 0, left = WIDTH, right = 0, count = 0;
        for (int k = 0; k < HEIGHT * WIDTH; k++) {
            const float *pixel = b.images + i * BYTES + k;
            /* No picture has so light a pixel. */
            if (fabsf(pixel[0]) > 0.002F || fabsf(pixel[2 * HEIGHT * WIDTH]) > 0.002F) continue;
            const int y = k / WIDTH, x = k % WIDTH;
            top = y < top ? y : top, bottom = y >= bottom ? y + 1 : bottom;
            left = x < left ? x : left, right = x >= right ? x + 1 : right;
            count++;
        }
        cr_assert(count == 0 || count == (bottom - top) * (right - left));
        cr_assert(count == 0 || (count > 0.07 * HEIGHT * WIDTH && count < 0.35 * HEIGHT * WIDTH), "%d", count);
        erased += count > 0;
    }
    cr_assert(erased > PICTURES * 3 / 4, "%d", (int)erased);
    vt_loader_close(loader);
}

Test(augmentation, resized_crop_chooses_windows_of_its_areas_and_shapes)
{
    augmentation a;
    double areas = 0;
    int upright = 0;
    enum { DRAWS = 4000 };
    cr_assert(augmentation_parse(VT_HERE, "resized-crop:0.2:0.6", &a));
    for (int i = 0; i < DRAWS; i++) {
        draws d = { .seed = 5, .epoch = 1, .picture = i };
        window w;
        cr_assert(augmentation_window(&a, 300, 400, &d, &w));
        const double area = (double)(w.height * w.width) / (300 * 400), shape = (double)w.width / (double)w.height;
        cr_assert(w.top >= 0 && w.left >= 0 && w.top + w.height <= 300 && w.left + w.width <= 400);
        cr_assert(area > 0.19 && area < 0.61 && shape > 0.74 && shape < 1.35, "area %g, shape %g", area, shape);
        areas += area;
        upright += shape < 1;
    }
    cr_assert(fabs(areas / DRAWS - 0.4) < 0.015, "%g", areas / DRAWS);
    cr_assert(abs(upright - DRAWS / 2) < 150, "%d", upright);
}

Test(augmentation, resized_crop_of_a_picture_that_no_window_fits_is_its_middle)
{
    augmentation a;
    draws d = { .seed = 5 };
    window w;
    cr_assert(augmentation_parse(VT_HERE, "resized-crop:1:1", &a) && augmentation_window(&a, 30, 300, &d, &w));
    cr_assert(w.top == 0 && w.height == 30 && w.width == 40 && w.left == 130);
}

Test(augmentation, windows_are_resized_with_the_bits_of_torchvision)
{
    safetensors *file = open_fixture("augmentation");
    static uint8_t pixels[3 * 32 * 32];
    const vt_picture whole = { 32, 32, pixels };
    int seen = 0;
    for (int y = 0, i = 0; y < 32; y++)
        for (int x = 0; x < 32; x++)
            for (int c = 0; c < 3; c++) pixels[i++] = (uint8_t)(x * x * 7 + y * x * 13 + y * 29 + c * 91 + (x ^ y) * 5);
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const safetensors_entry *e = &safetensors_entries(file)[i];
        int top, left, height, width;
        vt_picture part, resized;
        if (sscanf(e->name, "cut/%d,%d,%d,%d", &top, &left, &height, &width) != 4) continue;
        cr_assert(vt_picture_crop(&whole, top, left, height, width, &part));
        cr_assert(vt_picture_resize(&part, 24, 24, VT_FILTER_BICUBIC, &resized));
        uint8_t *want = load_entry(file, e);
        for (int k = 0; k < 24 * 24 * 3; k++)
            cr_assert(resized.pixels[k] == want[k % 3 * 24 * 24 + k / 3], "%s", e->name);
        free(want);
        vt_picture_free(&part);
        vt_picture_free(&resized);
        seen++;
    }
    cr_assert(seen == 3);
    safetensors_close(file);
}

/* Those of a loader are the crop and the resize of the window that is drawn. */
Test(augmentation, resized_crop_is_the_window_resized)
{
    static epochs e;
    augmentation a;
    const vt_dataset d = drawn();
    read_epochs(&d, "resized-crop:0.3", 1, 0, 1, &e);
    cr_assert(augmentation_parse(VT_HERE, "resized-crop:0.3", &a));
    for (int i = 0; i < PICTURES; i++) {
        draws from = { .seed = 3, .epoch = 0, .picture = e.labels[i] };
        window w;
        uint8_t pixels[BYTES];
        vt_picture whole = { HEIGHT, WIDTH, pixels }, part, resized;
        for (int k = 0; k < BYTES; k++) pixels[k] = original(&d, &e, i)[k % 3 * HEIGHT * WIDTH + k / 3];
        cr_assert(augmentation_window(&a, HEIGHT, WIDTH, &from, &w));
        cr_assert(vt_picture_crop(&whole, w.top, w.left, w.height, w.width, &part));
        cr_assert(vt_picture_resize(&part, HEIGHT, WIDTH, VT_FILTER_BICUBIC, &resized));
        for (int k = 0; k < BYTES; k++)
            cr_assert(resized.pixels[k] == e.pixels[i][k % 3 * HEIGHT * WIDTH + k / 3], "picture %d", i);
        vt_picture_free(&part);
        vt_picture_free(&resized);
    }
}

/* -- Policies: each outcome is one that torchvision could have had ------------------------------------------------- */

/* The picture by an operation of a strength of so many steps, and of a sign. */
static void operate(const char *name, int step, int steps, bool wide, bool negated, uint8_t *pixels)
{
    const image of = { 3, HEIGHT, WIDTH, NULL, NULL };
    const operation *o = operation_called(name);
    const double magnitude = operation_magnitude(o, &of, (double)step / steps, wide);
    cr_assert(vt_image_operate(name, negated && o->both_ways ? -magnitude : magnitude, pixels, 3, HEIGHT, WIDTH));
}

static bool is_outcome(const uint8_t *before, const uint8_t *after, const char *name, int step, bool wide)
{
    for (int sign = 0; sign < 2; sign++) {
        uint8_t pixels[BYTES];
        memcpy(pixels, before, BYTES);
        operate(name, step, 30, wide, sign, pixels);
        if (memcmp(pixels, after, BYTES) == 0) return true;
    }
    return false;
}

Test(augmentation, randaugment_applies_each_operation_about_equally_often)
{
    static epochs e;
    const vt_dataset d = drawn();
    int times[32] = { 0 }, chosen = 0;
    read_epochs(&d, "randaugment:1:9", 4, 2, 1, &e);
    for (int i = 0; i < e.count; i++) {
        int which = 0;
        while (vt_image_operation(which) &&
               !is_outcome(original(&d, &e, i), e.pixels[i], vt_image_operation(which), 9, 0))
            which++;
        cr_assert(vt_image_operation(which) && operations[which].chosen, "picture %d is of no operation", i);
        times[which]++;
    }
    for (int i = 0; operations[i].name; i++) {
        chosen += times[i] > 0;
        cr_assert(times[i] < 30, "%s came %d times of 160", operations[i].name, times[i]);
    }
    cr_assert(chosen >= 12, "%d operations of 14", chosen);
}

Test(augmentation, trivial_applies_one_operation_of_any_magnitude)
{
    static epochs e;
    const vt_dataset d = drawn();
    read_epochs(&d, "trivial", 1, 0, 1, &e);
    for (int i = 0; i < e.count; i++) {
        bool found = false;
        for (int which = 0; !found && vt_image_operation(which); which++)
            for (int step = 0; !found && step <= 30; step++)
                found = operations[which].chosen &&
                        is_outcome(original(&d, &e, i), e.pixels[i], vt_image_operation(which), step, true);
        cr_assert(found, "picture %d is of no operation", i);
    }
}

/* Both parts of a pair, or one, or none; where the magnitude has a sign, of both signs. */
static bool is_outcome_of_pair(const uint8_t *before, const uint8_t *after, const double *pair)
{
    for (int how = 0; how < 16; how++) {
        uint8_t pixels[BYTES];
        bool possible = true;
        memcpy(pixels, before, BYTES);
        for (int part = 0; part < 2; part++) {
            const double *p = pair + 3 * part;
            const bool applied = how >> part & 1;
            possible &= applied ? p[1] > 0 : p[1] < 1;
            if (applied) operate(vt_image_operation((int)p[0]), (int)p[2], 9, false, how >> (2 + part) & 1, pixels);
        }
        if (possible && memcmp(pixels, after, BYTES) == 0) return true;
    }
    return false;
}

static void expect_pairs(const char *stage, const char *fixture)
{
    static epochs e;
    const vt_dataset d = drawn();
    safetensors *file = open_fixture("augmentation");
    int64_t count;
    int reached[25] = { 0 }, pairs = 0;
    double *policy = entry_values(file, fixture, &count);
    cr_assert(count == 25 * 2 * 3);
    read_epochs(&d, stage, 4, 0, 1, &e);
    for (int i = 0; i < e.count; i++) {
        bool found = false;
        for (int k = 0; k < 25; k++) {
            const bool fits = is_outcome_of_pair(original(&d, &e, i), e.pixels[i], policy + 6 * k);
            reached[k] += fits;
            found |= fits;
        }
        cr_assert(found, "%s: picture %d is of no pair", stage, i);
    }
    for (int k = 0; k < 25; k++) pairs += reached[k] > 0;
    cr_assert(pairs == 25, "%s: %d pairs of 25", stage, pairs);
    free(policy);
    safetensors_close(file);
}

Test(augmentation, autoaugment_applies_the_pairs_of_torchvision)
{
    expect_pairs("autoaugment", "policy/imagenet");
    expect_pairs("autoaugment-cifar", "policy/cifar10");
}

/* -- What is refused ----------------------------------------------------------------------------------------------- */

static void expect_refused(const char *augment, const char *text)
{
    const vt_dataset d = drawn();
    cr_assert(!vt_loader_open(&d, .augment = augment), "%s", augment);
    cr_assert(strstr(vt_error_message(), text), "%s: %s", augment, vt_error_message());
    vt_error_clear();
}

Test(augmentation, refuses_stages_and_numbers_that_there_are_not)
{
    expect_refused("crop,melt", "there is no augmentation \"melt\"; there are: crop, resized-crop, flip, jitter");
    expect_refused("", "there is no augmentation \"\"");
    expect_refused("flip,", "there is no augmentation \"\"");
    expect_refused("flip:2", "augmentation flip: number 1 is from 0 to 1, not \"2\"");
    expect_refused("flip:nan", "augmentation flip: number 1 is from 0 to 1, not \"nan\"");
    expect_refused("randaugment:2:31", "augmentation randaugment: number 2 is from 0 to 30, not \"31\"");
    expect_refused("randaugment:2:9:1", "augmentation randaugment takes 2 numbers alone");
    expect_refused("trivial:1", "augmentation trivial takes 0 numbers alone");
    expect_refused("erase:x", "number 1 is from 0 to 1, not \"x\"");
    expect_refused("erase:0.1x", "augmentation erase: what is \"x\"?");
    expect_refused("flip,resized-crop", "augmentation resized-crop: it is the first stage, or none");
    expect_refused("flip,flip,flip,flip,flip,flip,flip,flip,flip", "an augmentation has 8 stages at most");
}

Test(augmentation, refuses_repeats_and_residence_that_do_not_fit)
{
    vt_dataset d = drawn();
    cr_assert(!vt_loader_open(&d, .repeats = 0));
    REFUSED(VT_ERROR_ARGUMENT, "repeats is 0, but 40 pictures have 1 to 40");
    cr_assert(!vt_loader_open(&d, .resident = true, .augment = "crop,flip,erase"));
    REFUSED(VT_ERROR_ARGUMENT, "resident pictures can be augmented by \"crop,flip\" alone, not by \"crop,flip,erase\"");
    d.channels = 2;
    cr_assert(!vt_loader_open(&d, .augment = "trivial", .mean = zero, .std = one));
    REFUSED(VT_ERROR_ARGUMENT, "augmentation is of pictures of 1 channel or 3, not 2");
}
