/* picture_jpeg.c - JPEG files, by libjpeg-turbo. */
#include "data/picture.h"
#include "data/exif.h"
#include "core/base/error.h"
#include "io/unreadable.h"

#ifdef VITRO_HAVE_JPEG

#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

/* A file may have as many scans over all of its pixels as it has room for, which a decoder can be kept busy with for
 * hours. Progressive files have about ten. */
enum { MOST_SCANS = 500, INKS = 4 };

typedef struct jpeg_reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    const picture_file *file;
    jmp_buf give_up;
} jpeg_reader;

/* ---- errors ---- */

static _Noreturn void give_up(j_common_ptr jpeg)
{
    jpeg_reader *reader = jpeg->client_data;
    const picture_file *file = reader->file;
    char reason[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, reason);
    if (jpeg->err->msg_code == JERR_OUT_OF_MEMORY)
        raise_error(VT_ERROR_MEMORY, file->at, "no memory to read %s", file->path);
    else if (jpeg->err->msg_code == JWRN_JPEG_EOF)
        unreadable(file->at, file->path, "it is truncated");
    else
        unreadable(file->at, file->path, "%s", reason);
    longjmp(reader->give_up, 1);
}

/* Warnings are of files with small faults, which everybody shows all the same; but one that ends early has no pixels
 * for the rest. */
static void hear_message(j_common_ptr jpeg, int level)
{
    if (level < 0 && jpeg->err->msg_code == JWRN_JPEG_EOF) give_up(jpeg);
}

static void say_nothing(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void count_scans(j_common_ptr jpeg)
{
    jpeg_reader *reader = jpeg->client_data;
    if (reader->jpeg.input_scan_number <= MOST_SCANS) return;
    unreadable(reader->file->at, reader->file->path, "it has more than %d scans", MOST_SCANS);
    longjmp(reader->give_up, 1);
}

/* ---- pixels ---- */

static int find_orientation(const struct jpeg_decompress_struct *jpeg)
{
    static const char name[] = "Exif\0";
    for (jpeg_saved_marker_ptr m = jpeg->marker_list; m; m = m->next)
        if (m->data_length >= sizeof name && memcmp(m->data, name, sizeof name) == 0)
            return exif_orientation(m->data + sizeof name, m->data_length - sizeof name);
    return 1;
}

/* a b / 255, rounded as Pillow does. */
static unsigned scale(unsigned a, unsigned b)
{
    unsigned product = a * b + 128;
    return (product + (product >> 8)) >> 8;
}

/* One row of inverted CMYK: 255 is no ink. */
static void inks_to_colours(const JSAMPLE *inks, int64_t width, uint8_t *colours)
{
    for (int64_t x = 0; x < width; x++, inks += INKS, colours += 3)
        for (int c = 0; c < 3; c++) colours[c] = (uint8_t)(inks[3] - scale(255u - inks[c], inks[3]));
}

static void read_rows(struct jpeg_decompress_struct *jpeg, const vt_picture *picture)
{
    const bool inks = jpeg->out_color_space == JCS_CMYK;
    JSAMPARRAY row = NULL; /* freed with the decoder */
    if (inks) row = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * INKS, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *pixels = picture->pixels + 3 * picture->width * jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, inks ? row : &pixels, 1);
        if (inks) inks_to_colours(row[0], picture->width, pixels);
    }
}

static bool read_picture(jpeg_reader *reader, vt_picture *picture, int *orientation)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &reader->progress;
    jpeg_mem_src(jpeg, reader->file->data, reader->file->size);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    *orientation = find_orientation(jpeg);
    if (!picture_begin(reader->file, jpeg->image_height, jpeg->image_width, picture)) return false;
    const bool inks = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = inks ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(jpeg);
    read_rows(jpeg, picture);
    jpeg_finish_decompress(jpeg);
    return true;
}

bool picture_decode_jpeg(const picture_file *file, vt_picture *picture, int *orientation)
{
    jpeg_reader reader = { .file = file, .progress.progress_monitor = count_scans };
    volatile bool done = false;
    reader.jpeg.err = jpeg_std_error(&reader.errors);
    reader.jpeg.client_data = &reader;
    reader.errors.error_exit = give_up;
    reader.errors.emit_message = hear_message;
    reader.errors.output_message = say_nothing;
    if (setjmp(reader.give_up) == 0) done = read_picture(&reader, picture, orientation);
    jpeg_destroy_decompress(&reader.jpeg);
    return done;
}

#else

bool picture_decode_jpeg(const picture_file *file, vt_picture *picture, int *orientation)
{
    (void)picture, (void)orientation;
    return raise_error(VT_ERROR_UNSUPPORTED, file->at,
                       "%s cannot be read: it is a JPEG file, and this build has no libjpeg; configure it with "
                       "-Djpeg=enabled",
                       file->path);
}

#endif
