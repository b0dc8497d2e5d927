/* test_data.c - datasets, the loader and its random numbers. */
#include "data/random.h"

#include <vitro/data.h>
#include <vitro/error.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- random numbers ---- */

Test(philox, gives_the_known_answers_of_random123)
{
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } known[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        uint32_t out[4];
        philox4x32(known[i].counter, known[i].key, out);
        cr_assert(memcmp(out, known[i].answer, sizeof out) == 0, "answer %zu is %08x %08x %08x %08x", i, out[0], out[1],
                  out[2], out[3]);
    }
}

Test(philox, block_takes_seed_stream_and_block_low_word_first)
{
    uint32_t out[4];
    philox_block(UINT64_C(0x299f31d0a4093822), UINT64_C(0x0370734413198a2e), UINT64_C(0x85a308d3243f6a88), out);
    cr_assert(out[0] == 0xd16cfe09 && out[1] == 0x94fdcceb && out[2] == 0x5001e420 && out[3] == 0x24126ea1);
}

Test(philox, uniform_covers_zero_to_below_one)
{
    cr_assert(philox_uniform(0) == 0.0F);
    cr_assert(philox_uniform(UINT32_C(0x80000000)) == 0.5F);
    cr_assert(philox_uniform(UINT32_MAX) == 1 - 0x1p-24F);
}

Test(permutation, holds_every_number_once)
{
    for (int64_t count = 1; count <= 300; count++) {
        bool seen[300] = { false };
        const permutation p = permutation_make(7, 3, count);
        for (int64_t i = 0; i < count; i++) {
            const int64_t x = permutation_at(&p, i);
            cr_assert(x >= 0 && x < count && !seen[x], "of %d: position %d holds %d", (int)count, (int)i, (int)x);
            seen[x] = true;
        }
    }
}

Test(permutation, puts_every_number_everywhere_equally_often)
{
    enum { COUNT = 10, STREAMS = 10000 };
    static int held[COUNT][COUNT];
    for (int stream = 0; stream < STREAMS; stream++) {
        const permutation p = permutation_make(1, (uint64_t)stream, COUNT);
        for (int i = 0; i < COUNT; i++) held[i][permutation_at(&p, i)]++;
    }
    double chi_squared = 0;
    for (int i = 0; i < COUNT * COUNT; i++) {
        const double expected = (double)STREAMS / COUNT, off = held[i / COUNT][i % COUNT] - expected;
        chi_squared += off * off / expected;
    }
    /* 81 degrees of freedom: mean 81, standard deviation 12.7; this is four of them */
    cr_assert(chi_squared < 132, "chi squared is %g", chi_squared);
}

Test(permutation, gives_every_order_equally_often)
{
    enum { COUNT = 4, ORDERS = 24, STREAMS = 24000 };
    static int times[1 << (2 * COUNT)];
    for (int stream = 0; stream < STREAMS; stream++) {
        const permutation p = permutation_make(1, (uint64_t)stream, COUNT);
        int order = 0;
        for (int i = 0; i < COUNT; i++) order = order << 2 | (int)permutation_at(&p, i);
        times[order]++;
    }
    double chi_squared = 0;
    int orders = 0;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        const double expected = (double)STREAMS / ORDERS, off = times[i] - expected;
        if (times[i] > 0) chi_squared += off * off / expected, orders++;
    }
    cr_assert(orders == ORDERS, "only %d orders of %d", orders, ORDERS);
    /* 23 degrees of freedom: mean 23, standard deviation 6.8; this is four of them */
    cr_assert(chi_squared < 50, "chi squared is %g", chi_squared);
}

/* ---- CIFAR-10's files ---- */

enum { RECORD = 3073, RECORDS = 10000 };

static char directory[64];

static void make_directory(void)
{
    snprintf(directory, sizeof directory, "/tmp/vitro-test-data-XXXXXX");
    if (!mkdtemp(directory)) abort(); /* Criterion ignores assertions in fixtures */
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void remove_directory(void)
{
    static const char *const names[] = { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                                         "data_batch_5.bin", "test_batch.bin",   "batches.meta.txt" };
    char path[160];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "cifar-10-batches-bin/%s", names[i]);
        unlink(path_of(path));
        unlink(path_of(names[i]));
    }
    rmdir(path_of("cifar-10-batches-bin"));
    if (rmdir(directory) != 0) abort();
}

TestSuite(cifar10, .init = make_directory, .fini = remove_directory);

/* The byte that tells which file, record and position a pixel comes from. */
static uint8_t pixel(int file, int64_t record, int64_t i)
{
    return (uint8_t)(file * 50 + record * 7 + i / 1024 * 16 + i % 1024);
}

/* A batch file of 100 records of label = record % 10 at its start, and otherwise black pictures of label 0. */
static void write_batch(const char *name, int file, off_t size)
{
    FILE *f = fopen(path_of(name), "wb");
    cr_assert(f);
    for (int64_t record = 0; record < 100; record++) {
        uint8_t bytes[RECORD] = { (uint8_t)(record % 10) };
        for (int64_t i = 0; i < RECORD - 1; i++) bytes[1 + i] = pixel(file, record, i);
        cr_assert(fwrite(bytes, sizeof bytes, 1, f) == 1);
    }
    cr_assert(fflush(f) == 0 && ftruncate(fileno(f), size) == 0);
    fclose(f);
}

static void write_train_batches(int files)
{
    for (int i = 0; i < files; i++) {
        char name[32];
        snprintf(name, sizeof name, "data_batch_%d.bin", i + 1);
        write_batch(name, i + 1, RECORDS * RECORD);
    }
}

static void write_text(const char *name, const char *text)
{
    FILE *f = fopen(path_of(name), "w");
    cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void poke(const char *name, long offset, uint8_t value)
{
    FILE *f = fopen(path_of(name), "r+b");
    cr_assert(f && fseek(f, offset, SEEK_SET) == 0 && fputc(value, f) != EOF && fclose(f) == 0);
}

static void assert_records(const vt_dataset *d, int64_t first, int file, int64_t count)
{
    for (int64_t record = 0; record < count; record++) {
        cr_assert(d->labels[first + record] == record % 10);
        const uint8_t *image = d->images + (first + record) * (RECORD - 1);
        for (int64_t i = 0; i < RECORD - 1; i++) cr_assert(image[i] == pixel(file, record, i));
    }
}

/* The standing error is of this status and its message has all of these parts; clears it. */
static void assert_error_(vt_status status, const char *const *parts)
{
    cr_assert(vt_error_status() == status, "status %d: %s", (int)vt_error_status(), vt_error_message());
    for (; *parts; parts++) cr_assert(strstr(vt_error_message(), *parts), "no '%s' in: %s", *parts, vt_error_message());
    vt_error_clear();
}
#define assert_error(status, ...) assert_error_(status, (const char *const[]){ __VA_ARGS__, "test_data.c", NULL })

Test(cifar10, reads_all_five_training_files_in_order)
{
    write_train_batches(5);
    vt_dataset *d = vt_cifar10_open(directory, true);
    cr_assert(d, "%s", vt_error_message());
    cr_assert(d->count == 50000 && d->channels == 3 && d->height == 32 && d->width == 32 && d->classes == 10);
    for (int i = 0; i < 5; i++) assert_records(d, (int64_t)i * RECORDS, i + 1, 100);
    vt_dataset_close(d);
}

Test(cifar10, reads_the_test_file_alone_for_testing)
{
    write_batch("test_batch.bin", 9, RECORDS * RECORD);
    vt_dataset *d = vt_cifar10_open(directory, false);
    cr_assert(d && d->count == 10000, "%s", vt_error_message());
    assert_records(d, 0, 9, 100);
    vt_dataset_close(d);
}

Test(cifar10, finds_the_child_directory_of_the_archive)
{
    cr_assert(mkdir(path_of("cifar-10-batches-bin"), 0700) == 0);
    write_batch("cifar-10-batches-bin/test_batch.bin", 9, RECORDS * RECORD);
    vt_dataset *d = vt_cifar10_open(directory, false, .limit = 20);
    cr_assert(d, "%s", vt_error_message());
    assert_records(d, 0, 9, 20);
    vt_dataset_close(d);
}

Test(cifar10, limit_keeps_the_first_pictures_and_needs_only_their_files)
{
    write_train_batches(2);
    vt_dataset *d = vt_cifar10_open(directory, true, .limit = 10050);
    cr_assert(d && d->count == 10050, "%s", vt_error_message());
    assert_records(d, 0, 1, 100);
    assert_records(d, 10000, 2, 50);
    vt_dataset_close(d);
}

Test(cifar10, limit_above_the_count_keeps_all)
{
    write_batch("test_batch.bin", 9, RECORDS * RECORD);
    vt_dataset *d = vt_cifar10_open(directory, false, .limit = 1000000);
    cr_assert(d && d->count == 10000, "%s", vt_error_message());
    vt_dataset_close(d);
}

Test(cifar10, names_the_classes_without_a_file_of_names)
{
    write_batch("test_batch.bin", 9, RECORDS * RECORD);
    vt_dataset *d = vt_cifar10_open(directory, false, .limit = 1);
    cr_assert(d && strcmp(d->class_names[0], "airplane") == 0 && strcmp(d->class_names[9], "truck") == 0);
    vt_dataset_close(d);
}

Test(cifar10, takes_class_names_from_the_file_of_names)
{
    write_batch("test_batch.bin", 9, RECORDS * RECORD);
    write_text("batches.meta.txt", "a\nbee\nc\nd\ne\nf\ng\nh\ni\njay\n\n");
    vt_dataset *d = vt_cifar10_open(directory, false, .limit = 1);
    cr_assert(d && strcmp(d->class_names[1], "bee") == 0 && strcmp(d->class_names[9], "jay") == 0);
    vt_dataset_close(d);
}

Test(cifar10, refuses_a_file_of_too_few_names)
{
    write_batch("test_batch.bin", 9, RECORDS * RECORD);
    write_text("batches.meta.txt", "a\nb\nc\n");
    cr_assert(!vt_cifar10_open(directory, false, .limit = 1));
    assert_error(VT_ERROR_FILE, "batches.meta.txt", "3 classes", "10");
}

Test(cifar10, says_which_directory_is_missing_and_how_to_get_it)
{
    cr_assert(!vt_cifar10_open(path_of("nowhere"), true));
    assert_error(VT_ERROR_FILE, directory, "nowhere", "tools/get-cifar10");
}

Test(cifar10, says_which_file_is_missing_and_how_to_get_it)
{
    write_train_batches(1);
    cr_assert(!vt_cifar10_open(directory, true));
    assert_error(VT_ERROR_FILE, directory, "data_batch_2.bin", "No such file", "tools/get-cifar10");
}

Test(cifar10, says_the_size_of_a_truncated_file_and_what_it_should_be)
{
    write_batch("test_batch.bin", 9, 5 * RECORD + 100);
    cr_assert(!vt_cifar10_open(directory, false));
    assert_error(VT_ERROR_FILE, "test_batch.bin", "15465 bytes", "30730000", "10000 records of 3073",
                 "tools/get-cifar10");
}

Test(cifar10, refuses_a_file_that_is_too_long_even_under_a_limit)
{
    write_batch("test_batch.bin", 9, RECORDS * RECORD + 1);
    cr_assert(!vt_cifar10_open(directory, false, .limit = 1));
    assert_error(VT_ERROR_FILE, "test_batch.bin", "30730001 bytes", "30730000");
}

Test(cifar10, refuses_a_directory_in_place_of_a_file)
{
    cr_assert(mkdir(path_of("test_batch.bin"), 0700) == 0);
    cr_assert(!vt_cifar10_open(directory, false));
    assert_error(VT_ERROR_FILE, "test_batch.bin");
    rmdir(path_of("test_batch.bin"));
}

Test(cifar10, says_which_record_has_a_label_above_nine)
{
    write_batch("test_batch.bin", 9, RECORDS * RECORD);
    poke("test_batch.bin", 123 * RECORD, 10);
    cr_assert(!vt_cifar10_open(directory, false));
    assert_error(VT_ERROR_FILE, "test_batch.bin", "record 123", "label 10", "0 to 9", "tools/get-cifar10");
}

Test(cifar10, refuses_a_negative_limit_and_no_directory)
{
    cr_assert(!vt_cifar10_open(directory, true, .limit = -1));
    assert_error(VT_ERROR_ARGUMENT, "limit", "-1");
    cr_assert(!vt_cifar10_open(NULL, true));
    assert_error(VT_ERROR_ARGUMENT, "dir is NULL");
}

Test(cifar10, opens_nothing_while_an_error_stands)
{
    write_batch("test_batch.bin", 9, RECORDS * RECORD);
    vt_error_raise(VT_ERROR_NUMERIC, VT_HERE, "the first error");
    cr_assert(!vt_cifar10_open(directory, false, .limit = 1));
    cr_assert(!vt_synthetic_open(false, .limit = 1));
    assert_error(VT_ERROR_NUMERIC, "the first error");
}

/* ---- the drawn pictures ---- */

static size_t bytes_of(const vt_dataset *d)
{
    return (size_t)d->count * (size_t)d->channels * (size_t)d->height * (size_t)d->width;
}

Test(synthetic, first_pictures_do_not_depend_on_the_limit)
{
    vt_dataset *few = vt_synthetic_open(true, .limit = 30, .seed = 5),
               *more = vt_synthetic_open(true, .limit = 70, .seed = 5);
    cr_assert(few && more && few->count == 30 && more->count == 70);
    cr_assert(memcmp(few->images, more->images, bytes_of(few)) == 0);
    cr_assert(memcmp(few->labels, more->labels, 30 * sizeof *few->labels) == 0);
    vt_dataset_close(few);
    vt_dataset_close(more);
}

Test(synthetic, pictures_differ_by_seed_split_and_index)
{
    vt_dataset *d[] = { vt_synthetic_open(true, .limit = 20, .seed = 5),
                        vt_synthetic_open(true, .limit = 20, .seed = 6),
                        vt_synthetic_open(false, .limit = 20, .seed = 5) };
    for (int i = 0; i < 60; i++) {
        for (int j = 0; j < i; j++) {
            const uint8_t *a = d[i / 20]->images + i % 20 * 3072, *b = d[j / 20]->images + j % 20 * 3072;
            cr_assert(memcmp(a, b, 3072) != 0, "pictures %d and %d are the same", i, j);
        }
    }
    for (int i = 0; i < 3; i++) vt_dataset_close(d[i]);
}

Test(synthetic, every_ten_pictures_hold_each_class_once_in_changing_order)
{
    vt_dataset *d = vt_synthetic_open(true, .limit = 1000);
    cr_assert(d && d->classes == 10);
    int same_as_first = 0;
    for (int64_t i = 0; i < d->count; i += 10) {
        int held = 0;
        for (int64_t j = i; j < i + 10; j++) held |= 1 << d->labels[j];
        cr_assert(held == 1023);
        same_as_first += memcmp(d->labels, d->labels + i, 10 * sizeof *d->labels) == 0;
    }
    cr_assert(same_as_first == 1, "%d tens of 100 have one order", same_as_first);
    vt_dataset_close(d);
}

Test(synthetic, draws_the_same_bits_on_every_machine)
{
    vt_dataset *d = vt_synthetic_open(true, .limit = 200);
    cr_assert(d);
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < bytes_of(d); i++) hash = (hash ^ d->images[i]) * UINT64_C(0x100000001b3);
    cr_assert(hash == UINT64_C(0x0f3167c98114720e), "the pictures hash to %#llx", (unsigned long long)hash);
    vt_dataset_close(d);
}

Test(synthetic, comes_in_its_documented_sizes)
{
    vt_dataset *train = vt_synthetic_open(true), *test = vt_synthetic_open(false);
    cr_assert(train && train->count == 10000 && train->channels == 3 && train->height == 32 && train->width == 32);
    cr_assert(test && test->count == 2000);
    vt_dataset_close(train);
    vt_dataset_close(test);
}

Test(synthetic, refuses_sizes_that_cannot_be)
{
    cr_assert(!vt_synthetic_open(true, .limit = -3));
    assert_error(VT_ERROR_ARGUMENT, "limit is -3");
    cr_assert(!vt_synthetic_open(true, .limit = INT64_MAX));
    assert_error(VT_ERROR_MEMORY, "9223372036854775807 pictures [3, 32, 32]");
}

/* ---- single pictures ---- */

enum { CHANNELS = 2, HEIGHT = 5, WIDTH = 7, PICTURE = CHANNELS * HEIGHT * WIDTH };

static void fill_picture(uint8_t image[PICTURE])
{
    for (int i = 0; i < PICTURE; i++) image[i] = (uint8_t)(i + 1);
}

static uint8_t pixel_or_black(const uint8_t *image, int height, int width, int c, int y, int x)
{
    return y < 0 || y >= height || x < 0 || x >= width ? 0 : image[(c * height + y) * width + x];
}

Test(image, crop_is_the_window_with_black_outside)
{
    uint8_t image[PICTURE], out[CHANNELS * 6 * 4];
    fill_picture(image);
    for (int top = -8; top <= 8; top++) {
        for (int left = -9; left <= 9; left++) {
            memset(out, 255, sizeof out);
            vt_image_crop(image, CHANNELS, HEIGHT, WIDTH, top, left, out, 6, 4);
            for (int i = 0; i < CHANNELS * 6 * 4; i++) {
                const int c = i / 24, y = i / 4 % 6, x = i % 4;
                cr_assert(out[i] == pixel_or_black(image, HEIGHT, WIDTH, c, top + y, left + x),
                          "window at (%d, %d): pixel (%d, %d, %d) is %d", top, left, c, y, x, out[i]);
            }
        }
    }
}

Test(image, crop_of_a_window_at_the_ends_of_int_is_black)
{
    uint8_t image[PICTURE], out[4];
    fill_picture(image);
    const int ends[] = { INT32_MIN, INT32_MAX };
    for (int i = 0; i < 4; i++) {
        memset(out, 255, sizeof out);
        vt_image_crop(image, 1, HEIGHT, WIDTH, ends[i / 2], ends[i % 2], out, 2, 2);
        cr_assert(out[0] == 0 && out[1] == 0 && out[2] == 0 && out[3] == 0);
    }
}

Test(image, flip_mirrors_left_to_right_for_odd_and_even_widths)
{
    for (int width = 1; width <= 7; width++) {
        uint8_t image[PICTURE], flipped[PICTURE];
        fill_picture(image);
        fill_picture(flipped);
        vt_image_flip(flipped, CHANNELS, HEIGHT, width);
        for (int i = 0; i < CHANNELS * HEIGHT * width; i++)
            cr_assert(flipped[i] == image[i / width * width + width - 1 - i % width]);
        cr_assert(memcmp(flipped + CHANNELS * HEIGHT * width, image + CHANNELS * HEIGHT * width,
                         (size_t)(CHANNELS * HEIGHT * (WIDTH - width))) == 0);
    }
}

Test(image, normalize_subtracts_the_mean_and_divides_by_the_deviation_of_each_channel)
{
    uint8_t image[PICTURE];
    float out[PICTURE];
    fill_picture(image);
    const float mean[CHANNELS] = { .25F, .75F }, std[CHANNELS] = { .5F, 2 };
    vt_image_normalize(image, CHANNELS, HEIGHT, WIDTH, mean, std, out);
    for (int i = 0; i < PICTURE; i++) {
        const int c = i / (HEIGHT * WIDTH);
        const double expected = (image[i] / 255.0 - (double)mean[c]) / (double)std[c];
        cr_assert(fabs((double)out[i] - expected) < 1e-6, "out[%d] is %g, not %g", i, (double)out[i], expected);
    }
}

/* ---- the loader ---- */

enum { SIDE = 6, IMAGE = 3 * SIDE * SIDE, MOST = 500 };

static uint8_t pictures[MOST * IMAGE];
static int64_t numbers[MOST];

/* Pictures without a black pixel, each of a class of its own, so that its label tells which one it is. */
static vt_dataset numbered(int64_t count)
{
    for (int64_t i = 0; i < MOST * IMAGE; i++) pictures[i] = (uint8_t)(1 + (i * i + i / IMAGE * 31) % 255);
    for (int64_t i = 0; i < MOST; i++) numbers[i] = i;
    return (vt_dataset){ .count = count,
                         .channels = 3,
                         .height = SIDE,
                         .width = SIDE,
                         .images = pictures,
                         .labels = numbers,
                         .classes = (int)count };
}

/* Labels of one epoch, in order. */
static int64_t read_epoch(vt_loader *loader, int64_t labels[MOST])
{
    int64_t count = 0;
    for (vt_host_batch batch; vt_loader_next(loader, &batch); count += batch.count) {
        cr_assert(count + batch.count <= MOST);
        memcpy(labels + count, batch.labels, (size_t)batch.count * sizeof *labels);
    }
    return count;
}

Test(loader, gives_every_picture_once_an_epoch)
{
    static const struct {
        int64_t count, batch;
    } sizes[] = { { 1, 1 }, { 7, 7 }, { 100, 10 }, { 103, 10 }, { 9, 64 }, { 500, 33 } };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        const vt_dataset d = numbered(sizes[i].count);
        vt_loader *loader =
            vt_loader_open(&d, .batch = sizes[i].batch, .shuffle = true, .augment = "crop,flip", .seed = i);
        cr_assert(loader, "%s", vt_error_message());
        for (int epoch = 0; epoch < 3; epoch++) {
            int64_t labels[MOST];
            bool seen[MOST] = { false };
            const int64_t count = read_epoch(loader, labels);
            cr_assert(count == d.count, "epoch %d of %d pictures had %d", epoch, (int)d.count, (int)count);
            for (int64_t j = 0; j < count; j++) {
                cr_assert(labels[j] >= 0 && labels[j] < d.count && !seen[labels[j]]);
                seen[labels[j]] = true;
            }
        }
        vt_loader_close(loader);
    }
}

Test(loader, batches_are_full_but_for_the_last_of_the_epoch)
{
    const vt_dataset d = numbered(103);
    vt_loader *loader = vt_loader_open(&d, .batch = 10);
    cr_assert(vt_loader_batches(loader) == 11);
    for (int64_t epoch = 0; epoch < 2; epoch++) {
        vt_host_batch batch;
        for (int64_t i = 0; i < 11; i++) {
            cr_assert(vt_loader_next(loader, &batch));
            cr_assert(batch.epoch == epoch && batch.index == i && batch.count == (i < 10 ? 10 : 3));
            cr_assert(batch.channels == 3 && batch.height == SIDE && batch.width == SIDE);
        }
        cr_assert(!vt_loader_next(loader, &batch));
    }
    vt_loader_close(loader);
}

Test(loader, drop_last_leaves_out_the_short_batch)
{
    const vt_dataset d = numbered(103);
    vt_loader *loader = vt_loader_open(&d, .batch = 10, .drop_last = true);
    int64_t labels[MOST];
    cr_assert(vt_loader_batches(loader) == 10 && read_epoch(loader, labels) == 100);
    vt_loader_close(loader);
}

Test(loader, keeps_the_order_of_the_dataset_unless_told_to_shuffle)
{
    const vt_dataset d = numbered(100);
    vt_loader *loader = vt_loader_open(&d, .batch = 16, .augment = "crop,flip", .seed = 3);
    for (int epoch = 0; epoch < 2; epoch++) {
        int64_t labels[MOST];
        read_epoch(loader, labels);
        cr_assert(memcmp(labels, numbers, 100 * sizeof *labels) == 0);
    }
    vt_loader_close(loader);
}

static void read_order(const vt_dataset *d, uint64_t seed, int64_t epoch, int64_t batch, int64_t labels[MOST])
{
    vt_loader *loader = vt_loader_open(d, .batch = batch, .shuffle = true, .seed = seed);
    cr_assert(vt_loader_seek(loader, epoch, 0));
    read_epoch(loader, labels);
    vt_loader_close(loader);
}

Test(loader, order_is_a_function_of_seed_and_epoch_alone)
{
    const vt_dataset d = numbered(100);
    const size_t size = 100 * sizeof(int64_t);
    int64_t order[MOST], again[MOST], other_seed[MOST], other_epoch[MOST];
    read_order(&d, 4, 2, 16, order);
    read_order(&d, 4, 2, 7, again);
    read_order(&d, 5, 2, 16, other_seed);
    read_order(&d, 4, 3, 16, other_epoch);
    cr_assert(memcmp(order, again, size) == 0);
    cr_assert(memcmp(order, numbers, size) != 0);
    cr_assert(memcmp(order, other_seed, size) != 0);
    cr_assert(memcmp(order, other_epoch, size) != 0);
}

/* All that a loader gives until `batches` have come, one after the other. */
typedef struct record {
    int64_t count;
    float images[3 * MOST * IMAGE];
    int64_t labels[3 * MOST];
} record;

static void record_batches(vt_loader *loader, int64_t batches, record *r)
{
    r->count = 0;
    while (batches > 0) {
        vt_host_batch batch;
        if (!vt_loader_next(loader, &batch)) continue;
        memcpy(r->images + r->count * IMAGE, batch.images, (size_t)batch.count * IMAGE * sizeof(float));
        memcpy(r->labels + r->count, batch.labels, (size_t)batch.count * sizeof(int64_t));
        r->count += batch.count;
        batches--;
    }
}

static bool same_records(const record *a, const record *b)
{
    return a->count == b->count && memcmp(a->images, b->images, (size_t)a->count * IMAGE * sizeof(float)) == 0 &&
           memcmp(a->labels, b->labels, (size_t)a->count * sizeof(int64_t)) == 0;
}

static record first, second;

Test(loader, number_of_workers_does_not_change_a_bit)
{
    const vt_dataset d = numbered(500);
    vt_loader *alone = vt_loader_open(&d, .batch = 7, .shuffle = true, .augment = "crop,flip", .seed = 9, .workers = 0);
    record_batches(alone, 3 * vt_loader_batches(alone), &first);
    vt_loader_close(alone);
    cr_assert(first.count == 1500);
    for (int workers = 1; workers <= 8; workers++) {
        vt_loader *loader =
            vt_loader_open(&d, .batch = 7, .shuffle = true, .augment = "crop,flip", .seed = 9, .workers = workers);
        record_batches(loader, 3 * vt_loader_batches(loader), &second);
        vt_loader_close(loader);
        cr_assert(same_records(&first, &second), "%d workers", workers);
    }
}

static vt_loader *open_for_seeking(const vt_dataset *d)
{
    return vt_loader_open(d, .batch = 10, .shuffle = true, .augment = "crop,flip", .seed = 2, .workers = 2);
}

Test(loader, seeking_equals_running_to_there)
{
    const vt_dataset d = numbered(103);
    vt_loader *sought = open_for_seeking(&d);
    /* backwards and forwards, to the start, the middle and the last batch of an epoch */
    static const int64_t places[][2] = { { 2, 4 }, { 0, 0 }, { 1, 10 }, { 3, 1 }, { 0, 7 } };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const int64_t before = places[i][0] * 11 + places[i][1];
        vt_loader *run = open_for_seeking(&d);
        record_batches(run, before, &first);
        record_batches(run, 13, &first);
        cr_assert(vt_loader_seek(sought, places[i][0], places[i][1]));
        record_batches(sought, 13, &second);
        cr_assert(same_records(&first, &second), "batch %d of epoch %d", (int)places[i][1], (int)places[i][0]);
        vt_loader_close(run);
    }
    vt_loader_close(sought);
}

Test(loader, seeking_while_workers_are_busy_gives_the_batches_sought)
{
    vt_dataset *d =
        vt_synthetic_open(true, .limit = 400); /* large enough that a seek finds workers in the midst of a batch */
    vt_loader *alone = vt_loader_open(d, .batch = 100, .shuffle = true, .augment = "crop,flip", .workers = 0);
    vt_loader *loader = vt_loader_open(d, .batch = 100, .shuffle = true, .augment = "crop,flip", .workers = 3);
    for (int64_t i = 0; i < 300; i++) {
        const int64_t epoch = i * 7919 % 5, index = i * 31 % 4;
        vt_host_batch a, b;
        cr_assert(vt_loader_seek(alone, epoch, index) && vt_loader_next(alone, &a));
        cr_assert(vt_loader_seek(loader, epoch, index) && vt_loader_next(loader, &b));
        cr_assert(a.count == b.count && memcmp(a.labels, b.labels, (size_t)a.count * sizeof *a.labels) == 0);
        cr_assert(memcmp(a.images, b.images, (size_t)a.count * 3072 * sizeof(float)) == 0, "seek %d", (int)i);
    }
    vt_loader_close(alone);
    vt_loader_close(loader);
    vt_dataset_close(d);
}

Test(loader, seeking_to_the_end_of_an_epoch_ends_it_first)
{
    const vt_dataset d = numbered(103);
    vt_loader *loader = open_for_seeking(&d);
    vt_host_batch batch;
    cr_assert(vt_loader_seek(loader, 5, 11));
    cr_assert(!vt_loader_next(loader, &batch));
    cr_assert(vt_loader_next(loader, &batch) && batch.epoch == 6 && batch.index == 0);
    vt_loader_close(loader);
}

Test(loader, refuses_to_seek_outside_of_the_epochs)
{
    const vt_dataset d = numbered(103);
    vt_loader *loader = open_for_seeking(&d);
    static const int64_t places[][2] = { { -1, 0 }, { 0, -1 }, { 0, 12 }, { INT64_C(1) << 31, 0 } };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        cr_assert(!vt_loader_seek(loader, places[i][0], places[i][1]));
        assert_error(VT_ERROR_ARGUMENT, "loader", "0 to 11");
    }
    vt_host_batch batch;
    cr_assert(vt_loader_next(loader, &batch) && batch.epoch == 0 && batch.index == 0);
    vt_loader_close(loader);
}

Test(loader, normalises_with_the_statistics_of_cifar10_by_default)
{
    const vt_dataset d = numbered(4);
    vt_loader *loader = vt_loader_open(&d);
    vt_host_batch batch;
    cr_assert(vt_loader_next(loader, &batch) && batch.count == 4);
    const double mean[] = { .4914, .4822, .4465 }, std[] = { .2470, .2435, .2616 };
    for (int i = 0; i < 4 * IMAGE; i++) {
        const int c = i / (SIDE * SIDE) % 3;
        cr_assert(fabs((double)batch.images[i] - (pictures[i] / 255.0 - mean[c]) / std[c]) < 1e-5);
    }
    vt_loader_close(loader);
}

Test(loader, copies_the_statistics_it_is_given)
{
    const vt_dataset d = numbered(4);
    float mean[] = { 0, .5F, 1 }, std[] = { 1, 1, 2 };
    vt_loader *loader = vt_loader_open(&d, .mean = mean, .std = std, .workers = 0);
    std[0] = std[1] = std[2] = 100;
    vt_host_batch batch;
    cr_assert(vt_loader_next(loader, &batch));
    for (int i = 0; i < 4 * IMAGE; i++) {
        const int c = i / (SIDE * SIDE) % 3;
        const double expected = (pictures[i] / 255.0 - .5 * c) / (c == 2 ? 2 : 1);
        cr_assert(fabs((double)batch.images[i] - expected) < 1e-6);
    }
    vt_loader_close(loader);
}

/* Which crop and flip of a picture an augmented one is: 162 possibilities; -1: none of them. */
static int find_augmentation(const uint8_t *image, const float *augmented)
{
    for (int which = 0; which < 162; which++) {
        const int top = which / 18 - 4, left = which / 2 % 9 - 4;
        bool same = true;
        for (int i = 0; same && i < IMAGE; i++) {
            const int c = i / (SIDE * SIDE), y = i / SIDE % SIDE, x = which % 2 ? SIDE - 1 - i % SIDE : i % SIDE;
            same = lrintf(augmented[i] * 255) == pixel_or_black(image, SIDE, SIDE, c, top + y, left + x);
        }
        if (same) return which;
    }
    return -1;
}

Test(loader, augments_by_every_crop_and_flip_about_equally_often)
{
    const vt_dataset d = numbered(500);
    vt_loader *loader = vt_loader_open(&d, .augment = "crop,flip", .mean = (float[]){ 0, 0, 0 },
                                       .std = (float[]){ 1, 1, 1 }, .seed = 1);
    int times[162] = { 0 };
    for (int epoch = 0; epoch < 10; epoch++) {
        for (vt_host_batch batch; vt_loader_next(loader, &batch);) {
            for (int64_t i = 0; i < batch.count; i++) {
                const int which = find_augmentation(pictures + batch.labels[i] * IMAGE, batch.images + i * IMAGE);
                cr_assert(which >= 0, "picture %d is no crop and flip of itself", (int)batch.labels[i]);
                times[which]++;
            }
        }
    }
    for (int i = 0; i < 162; i++) /* 31 expected, standard deviation 5.5 */
        cr_assert(times[i] > 8 && times[i] < 60, "augmentation %d came %d times", i, times[i]);
    vt_loader_close(loader);
}

Test(loader, augmentation_does_not_depend_on_order_or_batch)
{
    const vt_dataset d = numbered(100);
    vt_loader *straight = vt_loader_open(&d, .batch = 100, .augment = "crop,flip", .seed = 6);
    vt_loader *shuffled = vt_loader_open(&d, .batch = 9, .augment = "crop,flip", .seed = 6, .shuffle = true);
    vt_host_batch all;
    cr_assert(vt_loader_next(straight, &all) && all.count == 100);
    for (vt_host_batch batch; vt_loader_next(shuffled, &batch);)
        for (int64_t i = 0; i < batch.count; i++)
            cr_assert(memcmp(batch.images + i * IMAGE, all.images + batch.labels[i] * IMAGE, IMAGE * sizeof(float)) ==
                      0);
    vt_loader_close(straight);
    vt_loader_close(shuffled);
}

Test(loader, gives_nothing_while_an_error_stands_and_goes_on_after)
{
    const vt_dataset d = numbered(100);
    vt_loader *loader = vt_loader_open(&d, .batch = 10);
    vt_host_batch batch;
    cr_assert(vt_loader_next(loader, &batch));
    vt_error_raise(VT_ERROR_NUMERIC, VT_HERE, "stop");
    cr_assert(!vt_loader_next(loader, &batch) && !vt_loader_seek(loader, 0, 5) && !vt_loader_open(&d));
    vt_error_clear();
    cr_assert(vt_loader_next(loader, &batch) && batch.epoch == 0 && batch.index == 1);
    vt_loader_close(loader);
}

Test(loader, no_loader_is_inert)
{
    vt_host_batch batch;
    cr_assert(!vt_loader_next(NULL, &batch) && !vt_loader_seek(NULL, 0, 0) && vt_loader_batches(NULL) == 0);
    cr_assert(!vt_failed());
    vt_loader_close(NULL);
    vt_dataset_close(NULL);
}

Test(loader, closes_at_any_moment)
{
    const vt_dataset d = numbered(500);
    for (int taken = 0; taken < 40; taken++) {
        vt_loader *loader =
            vt_loader_open(&d, .batch = 5, .shuffle = true, .augment = "crop,flip", .workers = 1 + taken % 4);
        vt_host_batch batch;
        for (int i = 0; i < taken; i++) cr_assert(vt_loader_next(loader, &batch));
        vt_loader_close(loader);
    }
}

Test(loader, refuses_datasets_that_do_not_fit)
{
    cr_assert(!vt_loader_open(NULL));
    assert_error(VT_ERROR_ARGUMENT, "no dataset");

    vt_dataset d = numbered(0);
    cr_assert(!vt_loader_open(&d));
    assert_error(VT_ERROR_ARGUMENT, "0 pictures [3, 6, 6]");

    d = numbered(INT64_MAX);
    cr_assert(!vt_loader_open(&d));
    assert_error(VT_ERROR_ARGUMENT, "9223372036854775807 pictures");

    d = numbered(10);
    d.images = NULL;
    cr_assert(!vt_loader_open(&d));
    assert_error(VT_ERROR_ARGUMENT, "no images");

    d = numbered(10);
    d.classes = 8;
    cr_assert(!vt_loader_open(&d));
    assert_error(VT_ERROR_ARGUMENT, "picture 8", "label 8", "0 to 7");

    d = numbered(10);
    d.channels = 1;
    cr_assert(!vt_loader_open(&d, .mean = (float[]){ 0 }));
    assert_error(VT_ERROR_ARGUMENT, "1 channels", "mean and std");
}

Test(loader, refuses_options_that_do_not_fit)
{
    const vt_dataset d = numbered(10);
    cr_assert(!vt_loader_open(&d, .batch = -1));
    assert_error(VT_ERROR_ARGUMENT, "batch is -1");
    cr_assert(!vt_loader_open(&d, .workers = -1));
    assert_error(VT_ERROR_ARGUMENT, "workers -1");
    cr_assert(!vt_loader_open(&d, .workers = 100000));
    assert_error(VT_ERROR_ARGUMENT, "workers 100000", "256");
    cr_assert(!vt_loader_open(&d, .drop_last = true));
    assert_error(VT_ERROR_ARGUMENT, "batch of 64", "drop_last", "10 pictures");
    cr_assert(!vt_loader_open(&d, .std = (float[]){ 1, 0, 1 }));
    assert_error(VT_ERROR_ARGUMENT, "std[1] is 0");
}
