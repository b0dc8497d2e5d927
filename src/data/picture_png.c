/* picture_png.c - PNG files, by libpng. */
#include "data/picture.h"
#include "data/exif.h"
#include "core/base/error.h"
#include "io/file.h"
#include "io/unreadable.h"

#ifdef VITRO_HAVE_PNG

#include <png.h>
#include <string.h>

static void ignore_warning(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

/* ---- reading ---- */

typedef struct png_source {
    const picture_file *file;
    size_t place; /* bytes before it were read */
} png_source;

static void refuse_file(png_structp png, png_const_charp reason)
{
    const png_source *source = png_get_error_ptr(png);
    unreadable(source->file->at, source->file->path, "%s", reason);
    png_longjmp(png, 1);
}

static void read_bytes(png_structp png, png_bytep bytes, size_t count)
{
    png_source *source = png_get_io_ptr(png);
    if (source->file->size - source->place < count) png_error(png, "it is truncated");
    memcpy(bytes, source->file->data + source->place, count);
    source->place += count;
}

/* All kinds of pixels become red, green and blue of 8 bits. */
static void set_transformations(png_structp png)
{
    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
}

static void read_rows(png_structp png, png_infop info, const vt_picture *picture)
{
    set_transformations(png);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)(3 * picture->width)) png_error(png, "its rows have another length");
    for (int pass = 0; pass < passes; pass++)
        for (int64_t y = 0; y < picture->height; y++) png_read_row(png, picture->pixels + 3 * picture->width * y, NULL);
}

static int find_orientation(png_structp png, png_infop info)
{
    png_uint_32 size;
    png_bytep exif;
    return png_get_eXIf_1(png, info, &size, &exif) ? exif_orientation(exif, size) : 1;
}

static bool read_picture(png_structp png, png_infop info, png_source *source, vt_picture *picture, int *orientation)
{
    png_set_read_fn(png, source, read_bytes);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(png, info);
    if (!picture_begin(source->file, png_get_image_height(png, info), png_get_image_width(png, info), picture))
        return false;
    read_rows(png, info, picture);
    png_read_end(png, info);
    *orientation = find_orientation(png, info);
    return true;
}

bool picture_decode_png(const picture_file *file, vt_picture *picture, int *orientation)
{
    png_source source = { .file = file };
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, refuse_file, ignore_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    volatile bool done = false;
    if (!info)
        raise_error(VT_ERROR_MEMORY, file->at, "no memory to read %s", file->path);
    else if (setjmp(png_jmpbuf(png)) == 0)
        done = read_picture(png, info, &source, picture, orientation);
    png_destroy_read_struct(&png, &info, NULL);
    return done;
}

/* ---- writing ---- */

static void refuse_to_write(png_structp png, png_const_charp reason)
{
    const atomic_file *file = png_get_error_ptr(png);
    raise_error(VT_ERROR_FILE, file->at, "cannot write %s: %s", file->path, reason);
    png_longjmp(png, 1);
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count)
{
    if (!atomic_file_write(png_get_io_ptr(png), bytes, count)) png_error(png, "its bytes were not taken");
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

static void write_picture(png_structp png, png_infop info, atomic_file *file, const vt_picture *picture)
{
    png_set_write_fn(png, file, write_bytes, flush_nothing);
    png_set_IHDR(png, info, (png_uint_32)picture->width, (png_uint_32)picture->height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_write_info(png, info);
    for (int64_t y = 0; y < picture->height; y++) png_write_row(png, picture->pixels + 3 * picture->width * y);
    png_write_end(png, info);
}

static bool write_file(atomic_file *file, const vt_picture *picture)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, file, refuse_to_write, ignore_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    volatile bool done = false;
    if (!info)
        raise_error(VT_ERROR_MEMORY, file->at, "no memory to write %s", file->path);
    else if (setjmp(png_jmpbuf(png)) == 0) {
        write_picture(png, info, file, picture);
        done = true;
    }
    png_destroy_write_struct(&png, &info);
    return done;
}

bool vt_picture_write_png_at(vt_site at, const char *path, const vt_picture *picture)
{
    atomic_file file;
    if (vt_failed() || !picture_is_whole(at, "picture_write_png", picture)) return false;
    if (!atomic_file_open(at, path, &file)) return false;
    if (write_file(&file, picture)) return atomic_file_commit(&file);
    atomic_file_discard(&file);
    return false;
}

#else

bool picture_decode_png(const picture_file *file, vt_picture *picture, int *orientation)
{
    (void)picture, (void)orientation;
    return raise_error(VT_ERROR_UNSUPPORTED, file->at,
                       "%s cannot be read: it is a PNG file, and this build has no libpng; configure it with "
                       "-Dpng=enabled",
                       file->path);
}

bool vt_picture_write_png_at(vt_site at, const char *path, const vt_picture *picture)
{
    (void)picture;
    return raise_error(VT_ERROR_UNSUPPORTED, at,
                       "cannot write %s: this build has no libpng; configure it with -Dpng=enabled",
                       path ? path : "a picture");
}

#endif
