/* test_image_folder.c - pictures in folders of classes: which are found, what loaders make of them, and what is refused
 * by name. */
#include "compare/trained.h"
#include "left_behind.h"
#include "program/model_card.h"
#include "refused.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <math.h>
#include <vitro/vitro.h>

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

static void leave(void)
{
    if (chdir("/") != 0 || nftw(temporary_folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0) abort();
    expect_nothing_left();
}

TestSuite(image_folder, .init = enter_folder, .fini = leave);

/* ---- folders of pictures ---- */

static void make_folder(const char *path)
{
    cr_assert(mkdir(path, 0700) == 0 || access(path, F_OK) == 0, "%s", path);
}

/* A picture of one colour, which tells it from others: red says which. */
static void write_picture(const char *path, int red, int height, int width)
{
    uint8_t pixels[3 * 64 * 64];
    for (int i = 0; i < height * width; i++) {
        pixels[3 * i] = (uint8_t)red;
        pixels[3 * i + 1] = 100;
        pixels[3 * i + 2] = 200;
    }
    const vt_picture picture = { height, width, pixels };
    cr_assert(vt_picture_write_png(path, &picture), "%s", vt_error_message());
}

/* root/class/0.png ..., red = first, first + 1, ..., of different sizes. */
static void write_class(const char *root, const char *class, int first, int count)
{
    char path[512];
    make_folder(root);
    snprintf(path, sizeof path, "%s/%s", root, class);
    make_folder(path);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s/%d.png", root, class, i);
        write_picture(path, first + i, 5 + i % 7, 5 + i % 3 * 10);
    }
}

static void write_both(void)
{
    write_class("train", "dog", 100, 5);
    write_class("train", "ant", 0, 4);
    write_class("train", "cat", 50, 3);
    write_class("val", "ant", 10, 1);
    write_class("val", "cat", 60, 2);
    write_class("val", "dog", 110, 1);
}

static vt_dataset *open_small(bool train)
{
    vt_dataset *d = vt_image_folder_open(".", train, .height = 4, .width = 6);
    cr_assert(d, "%s", vt_error_message());
    return d;
}

static const float zero[3] = { 0 }, one[3] = { 1, 1, 1 };

/* The reds of an epoch, which are the numbers of its pictures; all of each picture is of its colour. */
static int read_reds(vt_loader *loader, int reds[64])
{
    int count = 0;
    for (vt_host_batch batch; vt_loader_next(loader, &batch);) {
        const int plane = batch.height * batch.width;
        for (int64_t i = 0; i < batch.count; i++, count++) {
            const float *image = batch.images + i * 3 * plane;
            reds[count] = (int)lrintf(255 * image[0]);
            for (int k = 0; k < 3 * plane; k++)
                cr_assert(lrintf(255 * image[k]) == (k < plane ? reds[count] : k < 2 * plane ? 100 : 200));
        }
    }
    cr_assert(!vt_failed(), "%s", vt_error_message());
    return count;
}

Test(image_folder, has_classes_and_pictures_in_the_order_of_their_names)
{
    write_both();
    static const int reds[] = { 0, 1, 2, 3, 50, 51, 52, 100, 101, 102, 103, 104 };
    static const int64_t labels[] = { 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2 };
    vt_dataset *d = open_small(true);
    cr_assert(d->count == 12 && d->classes == 3 && d->channels == 3 && d->height == 4 && d->width == 6);
    cr_assert(!strcmp(d->class_names[0], "ant") && !strcmp(d->class_names[1], "cat") &&
              !strcmp(d->class_names[2], "dog"));
    cr_assert(memcmp(d->labels, labels, sizeof labels) == 0);
    vt_loader *loader = vt_loader_open(d, .batch = 5, .mean = zero, .std = one);
    int got[64];
    cr_assert(read_reds(loader, got) == 12 && memcmp(got, reds, sizeof reds) == 0);
    vt_loader_close(loader);
    vt_dataset_close(d);
}

Test(image_folder, tests_on_the_pictures_of_val)
{
    write_both();
    vt_dataset *d = open_small(false);
    vt_loader *loader = vt_loader_open(d, .mean = zero, .std = one);
    int got[64];
    cr_assert(read_reds(loader, got) == 4 && got[0] == 10 && got[1] == 60 && got[2] == 61 && got[3] == 110);
    cr_assert(d->labels[0] == 0 && d->labels[1] == 1 && d->labels[3] == 2);
    vt_loader_close(loader);
    vt_dataset_close(d);
}

Test(image_folder, finds_the_folder_for_testing_by_each_of_its_names)
{
    static const char *const names[] = { "test", "valid", "validation", "val" }; /* the later goes before the earlier */
    write_both();
    cr_assert(rename("val", "before") == 0);
    for (int i = 0; i < 4; i++) {
        write_class(names[i], "ant", 0, 1);
        write_class(names[i], "cat", 0, 1);
        write_class(names[i], "dog", 0, 1 + i);
        vt_dataset *d = open_small(false);
        cr_assert(d->count == 3 + i, "%s", names[i]);
        vt_dataset_close(d);
    }
}

Test(image_folder, splits_one_folder_of_classes_into_parts_that_have_each_picture_once)
{
    write_class("all", "a", 0, 20);
    write_class("all", "b", 20, 7);
    write_class("all", "train", 27, 2);
    int first[64] = { 0 }, other = 0;
    for (int seed = 0; seed < 3; seed++) {
        int times[64] = { 0 }, got[64];
        for (int part = 0; part < 2; part++) {
            vt_dataset *d = vt_image_folder_open("all", part == 0, .height = 2, .width = 2, .seed = (uint64_t)seed,
                                                 .validation_fraction = 0.25);
            cr_assert(d, "%s", vt_error_message());
            vt_loader *loader = vt_loader_open(d, .mean = zero, .std = one);
            const int count = read_reds(loader, got);
            cr_assert(count == (part == 0 ? 15 + 5 + 1 : 5 + 2 + 1), "part %d has %d", part, count);
            for (int i = 0; i < count; i++) {
                times[got[i]]++;
                cr_assert(d->labels[i] == (got[i] < 20 ? 0 : got[i] < 27 ? 1 : 2));
            }
            if (part == 1 && seed == 0) memcpy(first, got, sizeof first);
            if (part == 1 && seed > 0) other += memcmp(first, got, 8 * sizeof *got) != 0;
            vt_loader_close(loader);
            vt_dataset_close(d);
        }
        for (int i = 0; i < 29; i++) cr_assert(times[i] == 1, "picture %d is there %d times", i, times[i]);
    }
    cr_assert(other > 0, "each seed splits alike");
}

/* What programs are told of the folder `all`. */
static options options_of(int64_t seed, int64_t split_seed)
{
    return (options){ .data = "all",
                      .image_size = VT_AUTO,
                      .train_limit = VT_AUTO,
                      .test_limit = VT_AUTO,
                      .validation_fraction = 0.25,
                      .seed = seed,
                      .split_seed = split_seed,
                      .workers = 1 };
}

/* The pictures for testing that a program of a seed has, by their reds. */
static int reds_for_testing(int64_t seed, int64_t split_seed, int reds[64])
{
    options o = options_of(seed, split_seed);
    pictures p = { 0 };
    o.image_size = 2;
    cr_assert(pictures_open(&p, &o), "%s", vt_error_message());
    vt_loader *loader = vt_loader_open(p.test, .mean = zero, .std = one);
    const int count = read_reds(loader, reds);
    vt_loader_close(loader);
    pictures_close(&p);
    return count;
}

Test(image_folder, programs_of_all_seeds_test_on_the_same_pictures_of_a_split_folder)
{
    write_class("all", "a", 0, 20);
    write_class("all", "b", 20, 20);
    int first[64], got[64];
    cr_assert(reds_for_testing(1, 1, first) == 10);
    for (int64_t seed = 2; seed < 5; seed++) {
        cr_assert(reds_for_testing(seed, 1, got) == 10);
        cr_assert(memcmp(got, first, 10 * sizeof *got) == 0, "seed %d", (int)seed);
    }
    cr_assert(reds_for_testing(1, 2, got) == 10 && memcmp(got, first, 10 * sizeof *got) != 0);
}

static uint64_t fingerprint_of_all(void)
{
    options o = options_of(1, 1);
    pictures p = { 0 };
    o.image_size = 2;
    cr_assert(pictures_open(&p, &o), "%s", vt_error_message());
    const uint64_t fingerprint = pictures_fingerprint(&p);
    pictures_close(&p);
    return fingerprint;
}

Test(image_folder, programs_tell_other_pictures_of_equal_number_and_classes)
{
    write_class("all", "a", 0, 4);
    write_class("all", "b", 4, 4);
    const uint64_t fingerprint = fingerprint_of_all();
    cr_assert(fingerprint_of_all() == fingerprint);
    write_class("all", "b", 5, 4);
    cr_assert(fingerprint_of_all() != fingerprint);
    write_class("all", "b", 4, 4);
    cr_assert(fingerprint_of_all() == fingerprint);
    cr_assert(rename("all/b", "all/c") == 0 && fingerprint_of_all() != fingerprint);
}

Test(image_folder, weights_are_tested_on_pictures_of_the_size_that_they_were_trained_for)
{
    static const char *const names[] = { "a", "b" };
    const options o = options_of(1, 1);
    write_class("all", "a", 0, 4);
    write_class("all", "b", 4, 4);
    classifier *net = classifier_new("vit_nano_patch4_32", .classes = 2, .image_size = 48);
    cr_assert(net && model_card_save("weights.safetensors", net, net->pictures, names), "%s", vt_error_message());
    classifier_free(net);
    trained t;
    cr_assert(trained_open(&t, "weights.safetensors", "vit_nano_patch4_32", &o, 2), "%s", vt_error_message());
    const vt_dataset *test = t.pictures.test;
    cr_assert(test->count == 2 && test->height == 48 && test->width == 48);
    cr_assert(t.net->config->height == 48);
    trained_close(&t);
}

Test(image_folder, a_limit_keeps_pictures_of_all_classes)
{
    write_class("train", "a", 0, 20);
    write_class("train", "b", 20, 20);
    write_class("test", "a", 0, 1);
    write_class("test", "b", 0, 1);
    vt_dataset *d = vt_image_folder_open(".", true, .limit = 10, .height = 2, .width = 2);
    cr_assert(d && d->count == 10);
    for (int i = 0; i < 10; i++) cr_assert(d->labels[i] == i / 5);
    vt_dataset_close(d);
}

/* ---- what loaders make of them ---- */

static bool epochs_are_the_same(vt_loader *a, vt_loader *b, int batches)
{
    for (int i = 0; i < batches; i++) {
        vt_host_batch x, y;
        if (vt_loader_next(a, &x) != vt_loader_next(b, &y)) return false;
        if (i % 4 == 3) continue;
        const size_t bytes = sizeof(float) * 3 * (size_t)(x.count * x.height * x.width);
        if (x.count != y.count || memcmp(x.images, y.images, bytes) != 0) return false;
    }
    return true;
}

Test(image_folder, gives_the_same_bits_for_any_number_of_workers_and_from_any_place)
{
    write_both();
    vt_dataset *d = open_small(true);
    for (int workers = 1; workers <= 6; workers++) {
        vt_loader *alone = vt_loader_open(d, .batch = 4, .shuffle = true, .augment = "crop,flip", .workers = 0);
        vt_loader *loader = vt_loader_open(d, .batch = 4, .shuffle = true, .augment = "crop,flip", .workers = workers);
        cr_assert(epochs_are_the_same(alone, loader, 12));
        cr_assert(vt_loader_seek(alone, 5, 1) && vt_loader_seek(loader, 5, 1));
        vt_host_batch x, y;
        cr_assert(vt_loader_next(alone, &x) && vt_loader_next(loader, &y) && x.epoch == 5 && y.index == 1);
        cr_assert(memcmp(x.images, y.images, sizeof(float) * 4 * 3 * 4 * 6) == 0);
        vt_loader_close(alone);
        vt_loader_close(loader);
    }
    vt_dataset_close(d);
}

/* 9 by 6, of which the middle 6 by 6 are pixels of one kind. */
static bool read_wide(void *user, int64_t i, vt_picture *picture)
{
    const int *beside = user;
    *picture = (vt_picture){ 6, 9 + i, malloc((size_t)(3 * 6 * (9 + i))) };
    for (int64_t k = 0; picture->pixels && k < 3 * 6 * (9 + i); k++) {
        const int64_t column = k / 3 % (9 + i);
        picture->pixels[k] = (uint8_t)(column >= (3 + i) / 2 && column < (3 + i) / 2 + 6 ? 77 : *beside);
    }
    return picture->pixels != NULL;
}

Test(image_folder, pictures_of_a_reader_are_cut_to_the_middle_and_resized)
{
    static const int64_t labels[2] = { 0 };
    static int beside = 9;
    const vt_dataset d = { .count = 2,
                           .channels = 3,
                           .height = 3,
                           .width = 3,
                           .labels = labels,
                           .classes = 1,
                           .read = read_wide,
                           .user = &beside };
    vt_loader *loader = vt_loader_open(&d, .mean = zero, .std = one);
    vt_host_batch batch;
    cr_assert(vt_loader_next(loader, &batch) && batch.count == 2, "%s", vt_error_message());
    for (int k = 0; k < 2 * 27; k++) cr_assert(lrintf(255 * batch.images[k]) == 77);
    vt_loader_close(loader);
}

Test(image_folder, gives_single_pictures_as_the_loader_does)
{
    write_both();
    vt_dataset *d = open_small(true);
    uint8_t image[3 * 4 * 6];
    cr_assert(vt_dataset_image(d, 8, image) && image[0] == 101 && image[23] == 101 && image[24] == 100 &&
              image[71] == 200);
    cr_assert(!vt_dataset_image(d, 12, image));
    REFUSED(VT_ERROR_ARGUMENT, "there is no picture 12");
    write_test_file("train/ant/0.png", "", 0);
    cr_assert(!vt_dataset_image(d, 0, image));
    REFUSED(VT_ERROR_FILE, "./train/ant/0.png cannot be read: it is empty");
    vt_dataset_close(d);
}

static bool read_badly(void *user, int64_t i, vt_picture *picture)
{
    const int *how = user;
    (void)i, (void)picture;
    if (*how == 1) vt_error_raise(VT_ERROR_NUMERIC, VT_HERE, "no picture today");
    return *how == 2;
}

Test(image_folder, a_reader_that_fails_is_an_error_of_the_loader_with_and_without_workers)
{
    static const int64_t labels[2] = { 0 };
    for (int how = 0; how < 3; how++)
        for (int workers = 0; workers < 3; workers++) {
            const vt_dataset d = { .count = 2,
                                   .channels = 3,
                                   .height = 3,
                                   .width = 3,
                                   .labels = labels,
                                   .classes = 1,
                                   .read = read_badly,
                                   .user = &how };
            vt_loader *loader = vt_loader_open(&d, .workers = workers);
            vt_host_batch batch;
            for (int again = 0; again < 2; again++) {
                cr_assert(!vt_loader_next(loader, &batch));
                if (how == 1)
                    REFUSED(VT_ERROR_NUMERIC, "no picture today");
                else
                    REFUSED(VT_ERROR_FILE, "picture 0 of the dataset was not read");
            }
            vt_loader_close(loader);
        }
}

Test(image_folder, is_not_resident)
{
    write_both();
    vt_dataset *d = open_small(true);
    cr_assert(!vt_loader_open(d, .resident = true));
    REFUSED(VT_ERROR_ARGUMENT, "only pictures in memory can be resident");
    vt_dataset_close(d);
}

/* ---- pictures that cannot be read ---- */

static void write_bad(void)
{
    size_t size;
    write_both();
    char *whole = read_test_file("train/dog/1.png", &size);
    write_test_file("train/dog/1.png", whole, size / 2);
    free(whole);
    write_test_file("train/ant/text.jpg", "no picture", 10);
    write_test_file("train/ant/empty.JPEG", "", 0);
    write_test_file("train/ant/notes.txt", "passed over", 11);
    write_test_file("train/ant/.hidden.jpg", "passed over", 11);
}

Test(image_folder, a_bad_picture_is_named_when_it_is_met_and_the_rest_can_be_had)
{
    write_bad();
    for (int workers = 0; workers < 3; workers++) {
        vt_dataset *d = open_small(true);
        vt_loader *loader = vt_loader_open(d, .batch = 7, .workers = workers);
        vt_host_batch batch;
        cr_assert(d->count == 14 && !vt_loader_next(loader, &batch));
        REFUSED(VT_ERROR_FILE, "./train/ant/empty.JPEG cannot be read: it is empty");
        cr_assert(!vt_loader_next(loader, &batch));
        REFUSED(VT_ERROR_FILE, "./train/ant/empty.JPEG cannot be read: it is empty");
        cr_assert(vt_loader_seek(loader, 0, 1) && !vt_loader_next(loader, &batch));
        REFUSED(VT_ERROR_FILE, "./train/dog/1.png cannot be read: it is truncated");
        write_picture("train/dog/1.png", 101, 9, 9);
        cr_assert(vt_loader_seek(loader, 0, 1) && vt_loader_next(loader, &batch) && batch.count == 7);
        write_test_file("train/dog/1.png", "\x89PNG\r\n\x1a\n", 8);
        vt_loader_close(loader);
        vt_dataset_close(d);
    }
}

Test(image_folder, skip_bad_leaves_them_out_counts_them_and_says_why)
{
    write_bad();
    write_test_file("train/cat/new.webp", "RIFF", 4);
    char *text = NULL;
    size_t size = 0;
    FILE *report = open_memstream(&text, &size);
    vt_dataset *d = vt_image_folder_open(".", true, .height = 4, .width = 6, .skip_bad = true, .report = report);
    fclose(report);
    cr_assert(d && d->count == 11 && d->skipped == 4, "%s", vt_error_message());
    cr_assert(strstr(text, "./train/ant/empty.JPEG cannot be read: it is empty\n"), "%s", text);
    cr_assert(strstr(text, "./train/ant/text.jpg cannot be read: it is neither a JPEG nor a PNG file\n"), "%s", text);
    cr_assert(strstr(text, "./train/cat/new.webp cannot be read: it is neither"), "%s", text);
    cr_assert(strstr(text, "./train/dog/1.png cannot be read: it is truncated\n"), "%s", text);
    vt_loader *loader = vt_loader_open(d, .mean = zero, .std = one);
    int got[64];
    cr_assert(read_reds(loader, got) == 11 && got[7] == 100 && got[8] == 102);
    vt_loader_close(loader);
    vt_dataset_close(d);
    free(text);
}

Test(image_folder, a_class_of_bad_pictures_alone_is_named)
{
    write_both();
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "train/cat/%d.png", i);
        write_test_file(path, "", 0);
    }
    cr_assert(!vt_image_folder_open(".", true, .skip_bad = true));
    REFUSED(VT_ERROR_FILE, "./train/cat has no picture that can be read");
}

Test(image_folder, a_picture_of_another_type_is_named)
{
    write_both();
    write_test_file("val/cat/new.WebP", "RIFF", 4);
    cr_assert(!vt_image_folder_open(".", false));
    REFUSED(VT_ERROR_FILE, "./val/cat/new.WebP is neither a JPEG nor a PNG file; convert it");
}

/* ---- folders that do not fit ---- */

Test(image_folder, refuses_no_folder_no_class_and_one_class)
{
    cr_assert(!vt_image_folder_open("nowhere", true));
    REFUSED(VT_ERROR_FILE, "there is no directory nowhere");
    cr_assert(!vt_image_folder_open(".", true));
    REFUSED(VT_ERROR_FILE, ". has no folders; it wants one with pictures for each class");
    write_class("all", "a", 0, 3);
    cr_assert(!vt_image_folder_open("all", true));
    REFUSED(VT_ERROR_FILE, "all has one class alone, a; there must be two or more");
}

Test(image_folder, refuses_an_empty_class_and_one_that_cannot_be_split)
{
    write_class("all", "a", 0, 3);
    write_class("all", "b", 0, 0);
    cr_assert(!vt_image_folder_open("all", true));
    REFUSED(VT_ERROR_FILE, "all/b has no pictures: no file in it ends in .jpg, .jpeg or .png");
    write_class("all", "b", 0, 1);
    cr_assert(!vt_image_folder_open("all", false));
    REFUSED(VT_ERROR_FILE, "all/b has one picture; a class is split into two parts");
}

Test(image_folder, refuses_a_class_that_is_in_one_part_alone)
{
    write_both();
    write_class("train", "eel", 0, 1);
    cr_assert(!vt_image_folder_open(".", false));
    REFUSED(VT_ERROR_FILE, "./train has the class eel, which ./val has not");
    write_class("val", "eel", 0, 1);
    write_class("val", "fly", 0, 1);
    cr_assert(!vt_image_folder_open(".", true));
    REFUSED(VT_ERROR_FILE, "./val has the class fly, which ./train has not");
}

Test(image_folder, refuses_a_folder_for_training_alone)
{
    write_class("train", "a", 0, 3);
    write_class("train", "b", 0, 3);
    cr_assert(!vt_image_folder_open(".", true));
    REFUSED(VT_ERROR_FILE, ". has a folder train, but none of val, validation, valid and test");
}

Test(image_folder, refuses_options_out_of_range)
{
    cr_assert(!vt_image_folder_open(NULL, true));
    REFUSED(VT_ERROR_ARGUMENT, "dir is NULL");
    cr_assert(!vt_image_folder_open(".", true, .height = 0));
    REFUSED(VT_ERROR_ARGUMENT, "height is 0 and width 224; they are 1 to 16384");
    cr_assert(!vt_image_folder_open(".", true, .validation_fraction = 1));
    REFUSED(VT_ERROR_ARGUMENT, "validation_fraction is 1; it must be above 0 and below 1");
    cr_assert(!vt_image_folder_open(".", true, .limit = 0));
    REFUSED(VT_ERROR_ARGUMENT, "limit is 0");
}
