/* test_data_sets.c - the files of CIFAR-100 and MNIST, written by the tests, and some of the classes of a data set.
 * CIFAR-10's are in test_data.c. */
#include "program/class_range.h"
#include "program/resident_pictures.h"
#include "refused.h"
#include "temporary.h"

#include <vitro/data.h>

/* ---- CIFAR-100 ---- */

enum { RECORD = 2 + 3072, TEST_RECORDS = 10000, TRAIN_RECORDS = 50000 };

TestSuite(cifar100, .init = enter_folder, .fini = leave_folder);

static uint8_t pixel(int64_t record, int64_t i)
{
    return (uint8_t)(record * 7 + i / 1024 * 16 + i % 1024);
}

/* A file of records of group record % 20 and class 99 - record at its start, and otherwise zeros. */
static void write_records(const char *name, int records, off_t size)
{
    FILE *f = fopen(name, "wb");
    cr_assert(f);
    for (int record = 0; record < records; record++) {
        uint8_t bytes[RECORD] = { (uint8_t)(record % 20), (uint8_t)(99 - record) };
        for (int i = 0; i < RECORD - 2; i++) bytes[2 + i] = pixel(record, i);
        cr_assert(fwrite(bytes, sizeof bytes, 1, f) == 1);
    }
    cr_assert(fflush(f) == 0 && ftruncate(fileno(f), size) == 0 && fclose(f) == 0);
}

static void write_text(const char *name, const char *text)
{
    write_test_file(name, text, strlen(text));
}

static void expect_records(const vt_dataset *d, int records)
{
    cr_assert(d, "%s", vt_error_message());
    cr_assert(d->channels == 3 && d->height == 32 && d->width == 32 && d->classes == 100);
    for (int record = 0; record < records; record++) {
        cr_assert(d->labels[record] == 99 - record);
        for (int i = 0; i < RECORD - 2; i++) cr_assert(d->images[record * (RECORD - 2) + i] == pixel(record, i));
    }
}

Test(cifar100, reads_the_fine_labels_and_pictures_of_the_test_file)
{
    write_records("test.bin", 100, TEST_RECORDS * RECORD);
    vt_dataset *d = vt_cifar100_open(".", false);
    expect_records(d, 100);
    cr_assert(d->count == TEST_RECORDS);
    vt_dataset_close(d);
}

Test(cifar100, reads_the_first_pictures_of_the_training_file)
{
    write_records("train.bin", 100, (off_t)TRAIN_RECORDS * RECORD);
    vt_dataset *d = vt_cifar100_open(".", true, .limit = 30);
    expect_records(d, 30);
    cr_assert(d->count == 30);
    vt_dataset_close(d);
}

Test(cifar100, finds_the_child_directory_of_the_archive)
{
    cr_assert(mkdir("cifar-100-binary", 0700) == 0);
    write_records("cifar-100-binary/test.bin", 3, TEST_RECORDS * RECORD);
    vt_dataset *d = vt_cifar100_open(".", false, .limit = 3);
    expect_records(d, 3);
    vt_dataset_close(d);
    cr_assert(remove("cifar-100-binary/test.bin") == 0);
}

Test(cifar100, names_the_classes_without_a_file_of_names)
{
    write_records("test.bin", 1, TEST_RECORDS * RECORD);
    vt_dataset *d = vt_cifar100_open(".", false, .limit = 1);
    cr_assert(d && strcmp(d->class_names[0], "apple") == 0 && strcmp(d->class_names[50], "mouse") == 0 &&
              strcmp(d->class_names[99], "worm") == 0);
    vt_dataset_close(d);
}

Test(cifar100, takes_class_names_from_the_file_of_names)
{
    char text[100 * 12] = "";
    write_records("test.bin", 1, TEST_RECORDS * RECORD);
    for (int i = 0; i < 100; i++) snprintf(text + strlen(text), sizeof text - strlen(text), "class_%d\n", i);
    write_text("fine_label_names.txt", text);
    vt_dataset *d = vt_cifar100_open(".", false, .limit = 1);
    cr_assert(d && strcmp(d->class_names[0], "class_0") == 0 && strcmp(d->class_names[99], "class_99") == 0);
    vt_dataset_close(d);
}

Test(cifar100, refuses_a_file_of_too_few_names)
{
    write_records("test.bin", 1, TEST_RECORDS * RECORD);
    write_text("fine_label_names.txt", "a\nb\n");
    cr_assert(!vt_cifar100_open(".", false, .limit = 1));
    REFUSED(VT_ERROR_FILE, "cifar100: ./fine_label_names.txt names 2 classes, but should name 100");
}

Test(cifar100, refuses_files_that_are_missing_or_of_another_size)
{
    cr_assert(!vt_cifar100_open("nowhere", false));
    REFUSED(VT_ERROR_FILE, "cifar100: there is no directory nowhere; get the files by unpacking cifar-100-binary");
    cr_assert(!vt_cifar100_open(".", true));
    REFUSED(VT_ERROR_FILE, "cannot open ./train.bin: No such file");
    write_records("test.bin", 1, TEST_RECORDS * RECORD - 1);
    cr_assert(!vt_cifar100_open(".", false, .limit = 1));
    REFUSED(VT_ERROR_FILE, "./test.bin has 30739999 bytes, but should have 30740000 (10000 records of 3074)");
}

Test(cifar100, refuses_labels_out_of_range)
{
    write_records("test.bin", 100, TEST_RECORDS * RECORD);
    FILE *f = fopen("test.bin", "r+b");
    cr_assert(f && fseek(f, 5 * RECORD + 1, SEEK_SET) == 0 && fputc(100, f) == 100 && fflush(f) == 0);
    cr_assert(!vt_cifar100_open(".", false));
    REFUSED(VT_ERROR_FILE, "./test.bin: record 5 has label 100, but labels are 0 to 99");
    cr_assert(fseek(f, 2 * RECORD, SEEK_SET) == 0 && fputc(20, f) == 20 && fclose(f) == 0);
    cr_assert(!vt_cifar100_open(".", false));
    REFUSED(VT_ERROR_FILE, "./test.bin: record 2 has label 20, but labels are 0 to 19");
}

Test(cifar100, refuses_a_negative_limit_and_no_directory)
{
    cr_assert(!vt_cifar100_open(".", true, .limit = -1));
    REFUSED(VT_ERROR_ARGUMENT, "limit is -1");
    cr_assert(!vt_cifar100_open(NULL, true));
    REFUSED(VT_ERROR_ARGUMENT, "dir is NULL");
}

/* ---- MNIST ---- */

enum { HEIGHT = 3, WIDTH = 5, AREA = HEIGHT * WIDTH, COUNT = 7 };

TestSuite(idx, .init = enter_folder, .fini = leave_folder);

/* An idx file of a magic number, extents (0: no more) and bytes that count up from `first`. */
static void write_idx(const char *name, uint32_t magic, const uint32_t extents[3], int bytes, int first)
{
    uint8_t file[256];
    size_t size = 0;
    const uint32_t words[] = { magic, extents[0], extents[1], extents[2] };
    for (int i = 0; i < 4 && (i < 2 || words[i]); i++)
        for (int shift = 24; shift >= 0; shift -= 8) file[size++] = (uint8_t)(words[i] >> shift);
    for (int i = 0; i < bytes; i++) file[size++] = (uint8_t)(first + i);
    write_test_file(name, file, size);
}

static void write_pictures(const char *name)
{
    write_idx(name, 0x803, (const uint32_t[]){ COUNT, HEIGHT, WIDTH }, COUNT * AREA, 40);
}

static void write_labels(const char *name, int first)
{
    write_idx(name, 0x801, (const uint32_t[]){ COUNT, 0, 0 }, COUNT, first);
}

static void write_tests(void)
{
    write_pictures("t10k-images-idx3-ubyte");
    write_labels("t10k-labels-idx1-ubyte", 2);
}

static void expect_pictures(vt_dataset *d, int count)
{
    cr_assert(d, "%s", vt_error_message());
    cr_assert(d->count == count && d->channels == 1 && d->height == HEIGHT && d->width == WIDTH && d->classes == 10);
    for (int i = 0; i < count; i++) cr_assert(d->labels[i] == 2 + i);
    for (int i = 0; i < count * AREA; i++) cr_assert(d->images[i] == 40 + i);
    vt_dataset_close(d);
}

Test(idx, reads_the_pictures_and_labels_for_testing)
{
    write_tests();
    expect_pictures(vt_idx_open(".", false), COUNT);
    expect_pictures(vt_idx_open(".", false, .limit = 100), COUNT);
}

Test(idx, reads_the_first_pictures_for_training)
{
    write_pictures("train-images-idx3-ubyte");
    write_labels("train-labels-idx1-ubyte", 2);
    expect_pictures(vt_idx_open(".", true, .limit = 3), 3);
}

Test(idx, calls_the_classes_by_their_numbers)
{
    write_tests();
    vt_dataset *d = vt_idx_open(".", false);
    cr_assert(d && strcmp(d->class_names[0], "0") == 0 && strcmp(d->class_names[9], "9") == 0);
    vt_dataset_close(d);
}

Test(idx, names_a_file_that_is_missing)
{
    cr_assert(!vt_idx_open(".", true));
    REFUSED(VT_ERROR_FILE, "cannot open ./train-images-idx3-ubyte: No such file");
    write_pictures("train-images-idx3-ubyte");
    cr_assert(!vt_idx_open(".", true));
    REFUSED(VT_ERROR_FILE, "cannot open ./train-labels-idx1-ubyte: No such file");
}

Test(idx, says_that_compressed_files_are_to_be_unpacked)
{
    static const uint8_t gzip[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0 };
    write_test_file("train-images-idx3-ubyte.gz", gzip, sizeof gzip);
    cr_assert(!vt_idx_open(".", true));
    REFUSED(VT_ERROR_FILE, "./train-images-idx3-ubyte.gz cannot be read: it is compressed; unpack it with gunzip");
    write_test_file("train-images-idx3-ubyte", gzip, sizeof gzip);
    cr_assert(!vt_idx_open(".", true));
    REFUSED(VT_ERROR_FILE, "./train-images-idx3-ubyte cannot be read: it is compressed; unpack it with gunzip");
}

Test(idx, refuses_another_magic_number)
{
    write_tests();
    write_idx("t10k-images-idx3-ubyte", 0xd03, (const uint32_t[]){ COUNT, HEIGHT, WIDTH }, COUNT * AREA, 0);
    cr_assert(!vt_idx_open(".", false));
    REFUSED(VT_ERROR_FILE, "t10k-images-idx3-ubyte cannot be read: it begins with 0x00000d03, not with 0x00000803");
    write_tests();
    write_pictures("t10k-labels-idx1-ubyte");
    cr_assert(!vt_idx_open(".", false));
    REFUSED(VT_ERROR_FILE, "t10k-labels-idx1-ubyte cannot be read: it begins with 0x00000803, not with 0x00000801");
}

Test(idx, refuses_files_of_another_size_than_their_header_says)
{
    write_tests();
    write_idx("t10k-images-idx3-ubyte", 0x803, (const uint32_t[]){ COUNT, HEIGHT, WIDTH }, COUNT * AREA - 1, 0);
    cr_assert(!vt_idx_open(".", false, .limit = 1));
    REFUSED(VT_ERROR_FILE, "it has 120 bytes, but 121 by its header: 7 of 15");
    write_idx("t10k-images-idx3-ubyte", 0x803, (const uint32_t[]){ COUNT, HEIGHT, WIDTH }, COUNT * AREA + 1, 0);
    cr_assert(!vt_idx_open(".", false));
    REFUSED(VT_ERROR_FILE, "it has 122 bytes, but 121 by its header");
    write_idx("t10k-images-idx3-ubyte", 0x803, (const uint32_t[]){ UINT32_MAX, 4096, 4096 }, 0, 0);
    cr_assert(!vt_idx_open(".", false));
    REFUSED(VT_ERROR_FILE, "it has 16 bytes, but 72057594021150736 by its header");
}

Test(idx, refuses_a_file_that_ends_in_its_header)
{
    write_tests();
    for (size_t size = 0; size < 16; size++) {
        write_test_file("t10k-images-idx3-ubyte", "\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\1", size);
        cr_assert(!vt_idx_open(".", false));
        REFUSED(VT_ERROR_FILE, "t10k-images-idx3-ubyte is truncated");
    }
}

Test(idx, refuses_sides_out_of_range)
{
    write_tests();
    write_idx("t10k-images-idx3-ubyte", 0x803, (const uint32_t[]){ 1, 4097, 1 }, 97, 0);
    cr_assert(!vt_idx_open(".", false));
    REFUSED(VT_ERROR_FILE, "a side of its pictures is 4097, which should be 1 to 4096");
    write_test_file("t10k-images-idx3-ubyte", "\0\0\10\3\0\0\0\1\0\0\0\0\0\0\0\1", 16);
    cr_assert(!vt_idx_open(".", false));
    REFUSED(VT_ERROR_FILE, "a side of its pictures is 0, which should be 1 to 4096");
}

Test(idx, refuses_pictures_and_labels_of_different_numbers_and_none)
{
    write_tests();
    write_idx("t10k-labels-idx1-ubyte", 0x801, (const uint32_t[]){ 6, 0, 0 }, 6, 0);
    cr_assert(!vt_idx_open(".", false, .limit = 1));
    REFUSED(VT_ERROR_FILE, "it has 7 pictures, but ./t10k-labels-idx1-ubyte has 6 labels");
    write_test_file("t10k-images-idx3-ubyte", "\0\0\10\3\0\0\0\0\0\0\0\1\0\0\0\1", 16);
    write_test_file("t10k-labels-idx1-ubyte", "\0\0\10\1\0\0\0\0", 8);
    cr_assert(!vt_idx_open(".", false));
    REFUSED(VT_ERROR_FILE, "t10k-images-idx3-ubyte cannot be read: it has no pictures");
}

Test(idx, says_which_label_is_above_nine)
{
    write_tests();
    write_labels("t10k-labels-idx1-ubyte", 5);
    cr_assert(!vt_idx_open(".", false));
    REFUSED(VT_ERROR_FILE, "t10k-labels-idx1-ubyte cannot be read: label 5 is 10, but labels are 0 to 9");
}

Test(idx, refuses_a_limit_below_one_and_no_directory)
{
    write_tests();
    cr_assert(!vt_idx_open(".", false, .limit = 0));
    REFUSED(VT_ERROR_ARGUMENT, "limit is 0");
    cr_assert(!vt_idx_open(NULL, false));
    REFUSED(VT_ERROR_ARGUMENT, "dir is NULL");
}

/* ---- some of the classes ---- */

Test(classes, some_are_a_data_set_of_their_own)
{
    vt_dataset *all = vt_synthetic_open(true, .limit = 40);
    classes_of *some = classes_of_open(all, (class_range){ 3, 5 }, 7);
    const vt_dataset *d = classes_of_dataset(some);
    const int64_t size = (int64_t)all->channels * all->height * all->width;
    cr_assert(d->count == 7 && d->classes == 3);
    cr_assert_str_eq(d->class_names[0], all->class_names[3]);
    int64_t seen = 0;
    for (int64_t i = 0; seen < d->count; i++) {
        if (all->labels[i] < 3 || all->labels[i] > 5) continue;
        cr_assert(d->labels[seen] == all->labels[i] - 3);
        cr_assert(memcmp(d->images + seen * size, all->images + i * size, (size_t)size) == 0);
        seen++;
    }
    classes_of_close(some);
    vt_dataset_close(all);
}

/* Picture i says its number by its width. */
static bool read_numbered(void *user, int64_t i, vt_picture *picture)
{
    (void)user;
    *picture = (vt_picture){ .height = 1, .width = i };
    return true;
}

Test(classes, of_pictures_in_files_some_are_spread_over_all)
{
    const int64_t labels[12] = { 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3 };
    const char *const names[] = { "a", "b", "c", "d" };
    const vt_dataset all = { .count = 12,
                             .channels = 3,
                             .height = 1,
                             .width = 1,
                             .labels = labels,
                             .classes = 4,
                             .class_names = names,
                             .read = read_numbered };
    classes_of *some = classes_of_open(&all, (class_range){ 1, 2 }, 4);
    const vt_dataset *d = classes_of_dataset(some);
    const int expected[] = { 2, 4, 6, 8 };
    cr_assert(d->count == 4 && d->classes == 2);
    for (int i = 0; i < 4; i++) {
        vt_picture picture;
        cr_assert(d->read(d->user, i, &picture));
        cr_assert(picture.width == expected[i] && d->labels[i] == (i > 1), "%d: %d", i, (int)picture.width);
    }
    classes_of_close(some);
}

Test(classes, a_range_that_is_none_is_refused)
{
    static const char *const wrong[] = { "", "3", "3:3", "4:3", "-1:3", "0:10", "0:4,6", "a:b", "0:4 " };
    class_range range;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_not(class_range_parse(&range, wrong[i], 10), "%s", wrong[i]);
        REFUSED(VT_ERROR_ARGUMENT, "it must be a range of two or more of the 10 classes, such as 0:9");
    }
    cr_assert(class_range_parse(&range, "0:9", 10) && range.first == 0 && range.last == 9);
}

/* -- On a device --------------------------------------------------------------------------------------------------- */

static bool may_be_resident(const char *augment)
{
    const uint8_t pixel = 0;
    const vt_dataset d = { .count = 1, .channels = 1, .height = 1, .width = 1, .images = &pixel };
    return pictures_may_be_resident(&d, &d, &(options){ .augment = augment });
}

Test(resident_pictures, may_be_cropped_by_any_number_and_flipped)
{
    static const char *const may[] = { "none", "crop,flip", "crop:4,flip", "crop:2,flip:0.3" };
    static const char *const may_not[] = {
        "flip", "crop", "crop:4", "flip,crop", "crop,flip,erase", "crop,flipped", "resized-crop,flip"
    };
    for (size_t i = 0; i < sizeof may / sizeof *may; i++) cr_assert(may_be_resident(may[i]), "%s", may[i]);
    for (size_t i = 0; i < sizeof may_not / sizeof *may_not; i++)
        cr_assert(!may_be_resident(may_not[i]), "%s", may_not[i]);
}

Test(resident_pictures, are_none_that_are_read_from_files)
{
    const vt_dataset d = { .count = 1, .channels = 3, .height = 1, .width = 1 };
    cr_assert(!pictures_may_be_resident(&d, &d, &(options){ .augment = "none" }));
}
