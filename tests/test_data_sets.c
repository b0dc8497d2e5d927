/* test_data_sets.c - the files of data sets: CIFAR-100's, written by the tests. CIFAR-10's are in test_data.c. */
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
