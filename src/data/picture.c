/* picture.c - reads, turns and cuts out pictures. */
#include "data/picture.h"
#include "core/base/error.h"
#include "io/file.h"
#include "io/unreadable.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 3 };

/* ---- memory ---- */

static bool allocate(vt_site at, int64_t height, int64_t width, vt_picture *picture)
{
    *picture = (vt_picture){ height, width, malloc((size_t)(height * width * CHANNELS)) };
    if (picture->pixels) return true;
    *picture = (vt_picture){ 0 };
    return raise_error(VT_ERROR_MEMORY, at, "no memory for a picture of %" PRId64 " by %" PRId64 " pixels", width,
                       height);
}

static bool has_size(int64_t height, int64_t width, int64_t most)
{
    return height > 0 && width > 0 && width <= most && height <= most / width;
}

bool picture_begin(const picture_file *file, int64_t height, int64_t width, vt_picture *picture)
{
    if (has_size(height, width, file->most_pixels)) return allocate(file->at, height, width, picture);
    return unreadable(file->at, file->path,
                      "it has %" PRId64 " by %" PRId64 " pixels, and a picture has 1 to %" PRId64 " of them", width,
                      height, file->most_pixels);
}

bool picture_is_whole(vt_site at, const char *call, const vt_picture *picture)
{
    if (!picture) return raise_error(VT_ERROR_ARGUMENT, at, "%s: the picture is NULL", call);
    if (picture->pixels && has_size(picture->height, picture->width, VT_PICTURE_MOST_PIXELS)) return true;
    return raise_error(VT_ERROR_ARGUMENT, at, "%s: the picture is empty, or has more than %" PRId64 " pixels", call,
                       VT_PICTURE_MOST_PIXELS);
}

bool picture_can_have(vt_site at, const char *call, int64_t height, int64_t width)
{
    return has_size(height, width, VT_PICTURE_MOST_PIXELS) ||
           raise_error(VT_ERROR_ARGUMENT, at,
                       "%s: %" PRId64 " by %" PRId64 " pixels; a picture has 1 to %" PRId64 " of them", call, width,
                       height, VT_PICTURE_MOST_PIXELS);
}

bool picture_derive(vt_site at, const char *call, const vt_picture *from, int64_t height, int64_t width, vt_picture *to)
{
    if (!to) return raise_error(VT_ERROR_ARGUMENT, at, "%s: there is nothing to put the new picture into", call);
    *to = (vt_picture){ 0 };
    return !vt_failed() && picture_is_whole(at, call, from) && picture_can_have(at, call, height, width) &&
           allocate(at, height, width, to);
}

void vt_picture_free(vt_picture *picture)
{
    if (!picture) return;
    free(picture->pixels);
    *picture = (vt_picture){ 0 };
}

/* ---- reading ---- */

/* Turns the pixels as they are in the file into those of the picture. */
static bool orient(vt_site at, int orientation, vt_picture *picture)
{
    const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool transposed = orientation >= 5;
    const vt_picture from = *picture;
    vt_picture to;
    if (orientation == 1) return true;
    if (!allocate(at, transposed ? from.width : from.height, transposed ? from.height : from.width, &to)) return false;
    uint8_t *pixel = to.pixels;
    for (int64_t y = 0; y < to.height; y++)
        for (int64_t x = 0; x < to.width; x++, pixel += CHANNELS) {
            int64_t row = transposed ? x : y, column = transposed ? y : x;
            if (from_bottom) row = from.height - 1 - row;
            if (from_right) column = from.width - 1 - column;
            memcpy(pixel, from.pixels + (row * from.width + column) * CHANNELS, CHANNELS);
        }
    vt_picture_free(picture);
    *picture = to;
    return true;
}

static bool decode_pixels(const picture_file *file, vt_picture *picture, int *orientation)
{
    static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff }, png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    if (file->size >= sizeof jpeg && memcmp(file->data, jpeg, sizeof jpeg) == 0)
        return picture_decode_jpeg(file, picture, orientation);
    if (file->size >= sizeof png && memcmp(file->data, png, sizeof png) == 0)
        return picture_decode_png(file, picture, orientation);
    return unreadable(file->at, file->path, file->size ? "it is neither a JPEG nor a PNG file" : "it is empty");
}

bool picture_decode(const picture_file *file, vt_picture *picture)
{
    int orientation = 1;
    *picture = (vt_picture){ 0 };
    if (decode_pixels(file, picture, &orientation) && orient(file->at, orientation, picture)) return true;
    vt_picture_free(picture);
    return false;
}

bool vt_picture_read_at(vt_site at, const char *path, vt_picture *picture)
{
    size_t size;
    if (!picture) raise_error(VT_ERROR_ARGUMENT, at, "picture_read: picture is NULL");
    if (picture) *picture = (vt_picture){ 0 };
    if (vt_failed()) return false;
    char *data = file_read_all(at, path, CHANNELS * (size_t)VT_PICTURE_MOST_PIXELS, &size);
    if (!data) return false;
    const picture_file file = { at, path, (const uint8_t *)data, size, VT_PICTURE_MOST_PIXELS };
    bool done = picture_decode(&file, picture);
    free(data);
    return done;
}

/* ---- cutting out ---- */

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

bool vt_picture_crop_at(vt_site at, const vt_picture *from, int64_t top, int64_t left, int64_t height, int64_t width,
                        vt_picture *to)
{
    if (!picture_derive(at, "picture_crop", from, height, width, to)) return false;
    /* No window that is farther outside shows more. */
    top = clamp(top, -height, from->height);
    left = clamp(left, -width, from->width);
    /* the columns of the window that lie inside of the picture */
    const int64_t first = clamp(-left, 0, width), last = clamp(from->width - left, first, width);
    const size_t row_bytes = (size_t)(width * CHANNELS);
    for (int64_t y = 0; y < height; y++) {
        uint8_t *row = to->pixels + y * (int64_t)row_bytes;
        memset(row, 0, row_bytes);
        if (top + y < 0 || top + y >= from->height || first == last) continue;
        memcpy(row + first * CHANNELS, from->pixels + ((top + y) * from->width + left + first) * CHANNELS,
               (size_t)((last - first) * CHANNELS));
    }
    return true;
}
