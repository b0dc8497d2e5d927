/* test_picture.c - pictures are read with the pixels of Pillow and resized with its bits, whatever kind of file they
 * are in, and what is no picture is refused by name. tests/pytorch/make_picture_fixtures.py makes the fixtures. */
#include "data/exif.h"
#include "data/picture.h"
#include "fixture.h"
#include "refused.h"
#include "temporary.h"
#include <criterion/criterion.h>
#include <vitro/vitro.h>

#define PICTURES VITRO_FIXTURES "/pictures/"

static void leave(void)
{
    leave_folder();
    if (vt_failed()) abort();
}

TestSuite(picture, .init = enter_folder, .fini = leave);

/* Pixels that the fixtures' script computes, too. */
static vt_picture drawn(int64_t height, int64_t width)
{
    vt_picture p = { height, width, malloc((size_t)(3 * height * width)) };
    uint8_t *pixel = p.pixels;
    cr_assert(pixel);
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++)
            for (int64_t c = 0; c < 3; c++)
                *pixel++ = (uint8_t)(x * x * 7 + y * x * 13 + y * 29 + c * 91 + (x ^ y) * 5);
    return p;
}

static void expect_same(const char *what, const vt_picture *got, const vt_picture *want)
{
    cr_assert(!vt_failed(), "%s: %s", what, vt_error_message());
    cr_assert(got->height == want->height && got->width == want->width, "%s: %lld by %lld", what, (long long)got->width,
              (long long)got->height);
    cr_assert(memcmp(got->pixels, want->pixels, (size_t)(3 * want->height * want->width)) == 0, "%s", what);
}

static void expect_empty(const vt_picture *picture)
{
    cr_assert(!picture->pixels && picture->height == 0 && picture->width == 0);
}

/* The most that a channel of a pixel differs from a fixture's. */
static int difference_of(const vt_picture *picture, const safetensors *file, const safetensors_entry *e)
{
    cr_assert(!vt_failed(), "%s: %s", e->name, vt_error_message());
    cr_assert(e->shape.dim[0] == picture->height && e->shape.dim[1] == picture->width, "%s: %lld by %lld", e->name,
              (long long)picture->width, (long long)picture->height);
    uint8_t *want = load_entry(file, e);
    int worst = 0;
    for (int64_t i = 0; i < vt_shape_count(e->shape); i++) {
        int difference = abs(picture->pixels[i] - want[i]);
        if (difference > worst) worst = difference;
    }
    free(want);
    return worst;
}

/* ---- resizing ---- */

Test(picture, is_resized_with_the_bits_of_pillow)
{
    safetensors *file = open_fixture("pictures/pictures");
    int checked = 0;
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const safetensors_entry *e = &safetensors_entries(file)[i];
        int height, width, to_height, to_width;
        char filter[16];
        if (sscanf(e->name, "resize/%dx%d/%dx%d/%15s", &height, &width, &to_height, &to_width, filter) != 5) continue;
        vt_picture from = drawn(height, width), to;
        vt_picture_resize(&from, to_height, to_width,
                          strcmp(filter, "bicubic") ? VT_FILTER_BILINEAR : VT_FILTER_BICUBIC, &to);
        cr_assert(difference_of(&to, file, e) == 0, "%s", e->name);
        vt_picture_free(&from);
        vt_picture_free(&to);
        checked++;
    }
    cr_assert(checked >= 14, "%d", checked);
    safetensors_close(file);
}

Test(picture, of_the_same_size_stays_as_it_is)
{
    vt_picture from = drawn(7, 11), to;
    for (vt_filter filter = VT_FILTER_BILINEAR; filter <= VT_FILTER_BICUBIC; filter++) {
        vt_picture_resize(&from, 7, 11, filter, &to);
        expect_same("resized", &to, &from);
        vt_picture_free(&to);
    }
    vt_picture_free(&from);
}

Test(picture, that_cannot_be_resized_is_refused)
{
    vt_picture from = drawn(2, 3), empty = { 0 }, to;
    const vt_filter none = (vt_filter)7;
    const struct {
        const vt_picture *from;
        int64_t height, width;
        vt_filter filter;
        const char *message;
    } refused[] = {
        { NULL, 1, 1, VT_FILTER_BICUBIC, "picture_resize: the picture is NULL" },
        { &empty, 1, 1, VT_FILTER_BICUBIC, "picture_resize: the picture is empty" },
        { &from, 0, 1, VT_FILTER_BICUBIC, "picture_resize: 1 by 0 pixels" },
        { &from, 1, -1, VT_FILTER_BICUBIC, "picture_resize: -1 by 1 pixels" },
        { &from, INT64_MAX, INT64_MAX, VT_FILTER_BICUBIC, "a picture has 1 to 536870912 of them" },
        { &from, INT64_MIN, INT64_MIN, VT_FILTER_BICUBIC, "a picture has 1 to 536870912 of them" },
        { &from, 1, VT_PICTURE_MOST_PIXELS + 1, VT_FILTER_BICUBIC, "a picture has 1 to 536870912 of them" },
        { &from, 1, 1, none, "picture_resize: there is no filter 7" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        cr_assert(!vt_picture_resize(refused[i].from, refused[i].height, refused[i].width, refused[i].filter, &to));
        expect_empty(&to);
        REFUSED(VT_ERROR_ARGUMENT, refused[i].message);
    }
    cr_assert(!vt_picture_resize(&from, 1, 1, VT_FILTER_BICUBIC, NULL));
    REFUSED(VT_ERROR_ARGUMENT, "picture_resize: there is nothing to put the new picture into");
    vt_picture_free(&from);
}

/* ---- cutting out ---- */

Test(picture, is_cut_out_and_black_outside)
{
    vt_picture from = drawn(5, 6), to;
    const int64_t offsets[] = { INT64_MIN, -9, -2, 0, 3, 9, INT64_MAX };
    const size_t n = sizeof offsets / sizeof *offsets;
    for (size_t place = 0; place < n * n; place++) {
        const int64_t top = offsets[place / n], left = offsets[place % n];
        cr_assert(vt_picture_crop(&from, top, left, 4, 5, &to), "%s", vt_error_message());
        for (int64_t y = 0; y < 4; y++)
            for (int64_t x = 0; x < 5; x++) {
                const bool inside = top >= -9 && left >= -9 && top <= 9 && left <= 9 && top + y >= 0 && top + y < 5 &&
                                    left + x >= 0 && left + x < 6;
                for (int64_t c = 0; c < 3; c++)
                    cr_assert(to.pixels[(y * 5 + x) * 3 + c] ==
                              (inside ? from.pixels[((top + y) * 6 + left + x) * 3 + c] : 0));
            }
        vt_picture_free(&to);
    }
    cr_assert(!vt_picture_crop(&from, 0, 0, 0, 5, &to));
    expect_empty(&to);
    REFUSED(VT_ERROR_ARGUMENT, "picture_crop: 5 by 0 pixels");
    vt_picture_free(&from);
}

/* ---- orientation ---- */

Test(picture, has_the_orientation_that_its_first_directory_says)
{
    uint8_t data[] = { 'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0 };
    cr_assert(exif_orientation(data, sizeof data) == 6);
    data[19] = 9; /* there are 8 */
    cr_assert(exif_orientation(data, sizeof data) == 1);
    data[19] = 6;
    data[13] = 4; /* not a short */
    cr_assert(exif_orientation(data, sizeof data) == 1);
    data[13] = 3;
    for (size_t size = 0; size < 20; size++) cr_assert(exif_orientation(data, size) == 1, "%zu bytes", size);
    memset(data + 4, 0xff, 4); /* a directory beyond the end */
    cr_assert(exif_orientation(data, sizeof data) == 1);
    cr_assert(exif_orientation((const uint8_t *)"no tiff at all", 14) == 1);
}

/* ---- files that are none ---- */

Test(picture, that_is_none_is_refused_by_name)
{
    vt_picture picture;
    write_test_file("empty.jpg", "", 0);
    write_test_file("text.png", "no picture\n", 11);
    const struct {
        const char *path, *message;
    } refused[] = {
        { "missing.jpg", "cannot open missing.jpg: No such file or directory" },
        { ".", "cannot read .: it is a folder, not a regular file" },
        { "empty.jpg", "empty.jpg cannot be read: it is empty" },
        { "text.png", "text.png cannot be read: it is neither a JPEG nor a PNG file" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        cr_assert(!vt_picture_read(refused[i].path, &picture));
        expect_empty(&picture);
        REFUSED(VT_ERROR_FILE, refused[i].message);
    }
    cr_assert(!vt_picture_read(NULL, &picture));
    REFUSED(VT_ERROR_ARGUMENT, "the path of the file is NULL");
    cr_assert(!vt_picture_read("empty.jpg", NULL));
    REFUSED(VT_ERROR_ARGUMENT, "picture_read: picture is NULL");
    vt_picture_free(NULL);
}

#if defined VITRO_HAVE_JPEG && defined VITRO_HAVE_PNG

/* ---- reading ---- */

Test(picture, of_every_kind_has_the_pixels_of_pillow)
{
    safetensors *file = open_fixture("pictures/pictures");
    int checked = 0;
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const safetensors_entry *e = &safetensors_entries(file)[i];
        char path[512], name[64];
        vt_picture picture;
        if (sscanf(e->name, "read/%63s", name) != 1) continue;
        snprintf(path, sizeof path, PICTURES "%s", name);
        vt_picture_read(path, &picture);
        /* Versions of libjpeg may differ by a rounding. */
        cr_assert(difference_of(&picture, file, e) <= (strstr(name, ".jpg") ? 1 : 0), "%s", name);
        vt_picture_free(&picture);
        checked++;
    }
    cr_assert(checked >= 29, "%d", checked);
    safetensors_close(file);
}

Test(picture, is_told_by_content_not_by_name)
{
    size_t size;
    char *data = read_test_file(PICTURES "colour.png", &size);
    vt_picture picture, again;
    write_test_file("colour.jpg", data, size);
    vt_picture_read("colour.jpg", &picture);
    vt_picture_read(PICTURES "colour.png", &again);
    expect_same("colour.jpg", &picture, &again);
    vt_picture_free(&picture);
    vt_picture_free(&again);
    free(data);
}

static const char *const samples[] = { "progressive.jpg", "colour.jpg",     "cmyk.jpg",     "orientation6.jpg",
                                       "colour.png",      "interlaced.png", "palette4.png", "grey16.png",
                                       "turned.png",      "alpha.png" };
enum { SAMPLES = sizeof samples / sizeof *samples };

static char *read_sample(int i, size_t *size)
{
    char path[512];
    snprintf(path, sizeof path, PICTURES "%s", samples[i]);
    char *data = read_test_file(path, size);
    cr_assert(data, "%s", path);
    return data;
}

static bool decode(const char *data, size_t size, vt_picture *picture)
{
    const picture_file file = { VT_HERE, "sample", (const uint8_t *)data, size, 1 << 20 };
    return picture_decode(&file, picture);
}

Test(picture, that_ends_early_is_refused_wherever_it_ends)
{
    for (int i = 0; i < SAMPLES; i++) {
        size_t size;
        char *data = read_sample(i, &size);
        for (size_t cut = 0; cut < size; cut++) {
            vt_picture picture;
            char *copy = malloc(cut ? cut : 1); /* whose end a sanitizer watches */
            cr_assert(copy);
            memcpy(copy, data, cut);
            cr_assert(!decode(copy, cut, &picture), "%s: %zu of %zu bytes", samples[i], cut, size);
            expect_empty(&picture);
            REFUSED(VT_ERROR_FILE, "sample cannot be read: ");
            free(copy);
        }
        free(data);
    }
}

Test(picture, that_is_damaged_is_read_or_refused)
{
    for (int i = 0; i < SAMPLES; i++) {
        size_t size;
        char *data = read_sample(i, &size);
        for (size_t at = 0; at < 8 * size; at += 3) {
            vt_picture picture;
            data[at / 8] ^= (char)(1 << at % 8);
            const bool read = decode(data, size, &picture);
            data[at / 8] ^= (char)(1 << at % 8);
            cr_assert(read == !vt_failed() && read == (picture.pixels != NULL));
            vt_error_clear();
            vt_picture_free(&picture);
        }
        free(data);
    }
}

static void put_u16(char *at, unsigned value)
{
    at[0] = (char)(value >> 8);
    at[1] = (char)value;
}

Test(picture, that_says_it_is_huge_is_refused)
{
    size_t size;
    vt_picture picture;
    char *jpeg = read_test_file(PICTURES "colour.jpg", &size);
    char *frame = memmem(jpeg, size, "\xff\xc0", 2);
    cr_assert(frame);
    put_u16(frame + 5, 65500);
    put_u16(frame + 7, 65500);
    write_test_file("huge.jpg", jpeg, size);
    cr_assert(!vt_picture_read("huge.jpg", &picture));
    REFUSED(VT_ERROR_FILE,
            "huge.jpg cannot be read: it has 65500 by 65500 pixels, and a picture has 1 to 536870912 of them");
    free(jpeg);
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\b\2\0\0\0\x9b\xab\x9c\x31"
                              "\0\0\0\0IDAT\x35\xaf\x06\x1e";
    write_test_file("huge.png", png, sizeof png - 1);
    cr_assert(!vt_picture_read("huge.png", &picture));
    REFUSED(VT_ERROR_FILE, "huge.png cannot be read: it has 2147483647 by 2147483647 pixels");
}

/* Each scan takes time for all pixels, and few bytes. */
Test(picture, of_endless_scans_is_refused)
{
    size_t size, used;
    char *jpeg = read_test_file(PICTURES "progressive.jpg", &size);
    char *last = jpeg, *scan;
    while ((scan = memmem(last + 1, size - (size_t)(last + 1 - jpeg), "\xff\xda", 2))) last = scan;
    const size_t before = (size_t)(last - jpeg), length = size - 2 - before;
    char *bomb = malloc(size + 600 * length);
    cr_assert(bomb && before > 0);
    memcpy(bomb, jpeg, used = before);
    for (int i = 0; i < 600; i++, used += length) memcpy(bomb + used, last, length);
    memcpy(bomb + used, "\xff\xd9", 2);
    write_test_file("bomb.jpg", bomb, used + 2);
    vt_picture picture;
    cr_assert(!vt_picture_read("bomb.jpg", &picture));
    expect_empty(&picture);
    REFUSED(VT_ERROR_FILE, "bomb.jpg cannot be read: it has more than 500 scans");
    free(bomb);
    free(jpeg);
}

/* ---- writing ---- */

Test(picture, that_is_written_is_read_again)
{
    const int64_t sizes[][2] = { { 1, 1 }, { 3, 5 }, { 1, 20000 }, { 20000, 1 }, { 64, 33 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        vt_picture picture = drawn(sizes[i][0], sizes[i][1]), again;
        cr_assert(vt_picture_write_png("a.png", &picture), "%s", vt_error_message());
        vt_picture_read("a.png", &again);
        expect_same("a.png", &again, &picture);
        vt_picture_free(&picture);
        vt_picture_free(&again);
    }
    cr_assert(count_files() == 1);
}

Test(picture, that_cannot_be_written_leaves_what_was_there)
{
    vt_picture picture = drawn(2, 2), empty = { 0 };
    write_test_file("a.png", "old", 3);
    cr_assert(!vt_picture_write_png("a.png", &empty));
    REFUSED(VT_ERROR_ARGUMENT, "picture_write_png: the picture is empty");
    cr_assert(!vt_picture_write_png(".", &picture));
    REFUSED(VT_ERROR_FILE, "it is a folder, not a regular file");
    cr_assert(!vt_picture_write_png("missing/a.png", &picture));
    REFUSED(VT_ERROR_FILE, "cannot write missing/a.png: No such file or directory");
    cr_assert(!vt_picture_write_png(NULL, &picture));
    REFUSED(VT_ERROR_ARGUMENT, "the path of the file is NULL");
    size_t size;
    char *old = read_test_file("a.png", &size);
    cr_assert(size == 3 && memcmp(old, "old", 3) == 0 && count_files() == 1);
    free(old);
    vt_picture_free(&picture);
}

Test(picture, is_not_touched_while_an_error_stands)
{
    vt_picture from = drawn(2, 2), to;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "before");
    cr_assert(!vt_picture_read(PICTURES "colour.png", &to));
    expect_empty(&to);
    cr_assert(!vt_picture_resize(&from, 1, 1, VT_FILTER_BICUBIC, &to));
    cr_assert(!vt_picture_crop(&from, 0, 0, 1, 1, &to));
    expect_empty(&to);
    cr_assert(!vt_picture_write_png("a.png", &from) && count_files() == 0);
    REFUSED(VT_ERROR_ARGUMENT, "before");
    vt_picture_free(&from);
}

#endif

#ifndef VITRO_HAVE_JPEG

Test(picture, says_that_this_build_has_no_libjpeg)
{
    vt_picture picture;
    cr_assert(!vt_picture_read(PICTURES "colour.jpg", &picture));
    REFUSED(VT_ERROR_UNSUPPORTED, "colour.jpg cannot be read: it is a JPEG file, and this build has no libjpeg; "
                                  "configure it with -Djpeg=enabled");
}

#endif

#ifndef VITRO_HAVE_PNG

Test(picture, says_that_this_build_has_no_libpng)
{
    vt_picture picture, small = drawn(1, 1);
    cr_assert(!vt_picture_read(PICTURES "colour.png", &picture));
    REFUSED(VT_ERROR_UNSUPPORTED, "-Dpng=enabled");
    cr_assert(!vt_picture_write_png("a.png", &small));
    REFUSED(VT_ERROR_UNSUPPORTED, "cannot write a.png: this build has no libpng; configure it with -Dpng=enabled");
    vt_picture_free(&small);
}

#endif
