/* picture.h - pictures from JPEG and PNG files: read, resized, cut out and written. */
#ifndef VITRO_PICTURE_H
#define VITRO_PICTURE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A picture in colour. Fill one in yourself for pixels of your own; those that a function here filled end with
 * vt_picture_free. */
typedef struct vt_picture {
    int64_t height, width;
    uint8_t *pixels; /* [height, width, 3]: red, green and blue, 0 to 255 */
} vt_picture;

/* More pixels no picture has: 2^29, which take 1.5 GiB. */
#define VT_PICTURE_MOST_PIXELS ((int64_t)1 << 29)

/* Reads a JPEG or PNG file; which of them it is, its first bytes say, whatever its name ends with. The pixels are those
 * of Pillow's ImageOps.exif_transpose(Image.open(path)).convert("RGB"):
 *
 * - a picture is turned and mirrored as its EXIF orientation says (Pillow does so only where it is asked to);
 * - one in grey has three equal channels, a palette is looked up, and alpha is left out, not blended;
 * - CMYK and YCCK are taken to be inverted, as Adobe's programs write them, and become RGB without a colour profile;
 * - of 16 bits the upper 8 are kept (of pictures in grey Pillow makes white of nearly all).
 *
 * False with an error that names the file: it cannot be opened, is neither of the two, is damaged or ends too early,
 * or has more pixels than VT_PICTURE_MOST_PIXELS. VT_ERROR_UNSUPPORTED in a build without libjpeg or libpng. The
 * picture is empty then, and wherever a function here returns false. */
VT_API bool vt_picture_read_at(vt_site at, const char *path, vt_picture *picture);
#define vt_picture_read(path, picture) vt_picture_read_at(VT_HERE, path, picture)

/* Empties the picture; NULL is ignored. */
VT_API void vt_picture_free(vt_picture *picture);

typedef enum vt_filter {
    VT_FILTER_BILINEAR,
    VT_FILTER_BICUBIC /* Keys 1981 with a = -0.5 */
} vt_filter;
/* Makes `to`, which is not `from`, a picture of another size, with the same bits as Image.resize of Pillow 13: where it
 * becomes smaller, each pixel weighs all that it covers. Rows are resampled and rounded, then columns; or columns first
 * where these lose more than twice as many pixels (earlier versions of Pillow always begin with the rows).
 * Errors: `from` is empty, or the new size has no pixels or too many. */
VT_API bool vt_picture_resize_at(vt_site at, const vt_picture *from, int64_t height, int64_t width, vt_filter filter,
                                 vt_picture *to);
#define vt_picture_resize(from, height, width, filter, to)                                                             \
    vt_picture_resize_at(VT_HERE, from, height, width, filter, to)

/* Makes `to` the window [height, width] of `from` at (top, left). What lies outside of the picture is black; top and
 * left may be negative. Errors: as of vt_picture_resize. */
VT_API bool vt_picture_crop_at(vt_site at, const vt_picture *from, int64_t top, int64_t left, int64_t height,
                               int64_t width, vt_picture *to);
#define vt_picture_crop(from, top, left, height, width, to)                                                            \
    vt_picture_crop_at(VT_HERE, from, top, left, height, width, to)

/* Replaces the file by the picture as PNG, all at once: whatever happens, it is the old file or the new one. False with
 * an error where it cannot be written, or the picture is empty; VT_ERROR_UNSUPPORTED in a build without libpng. */
VT_API bool vt_picture_write_png_at(vt_site at, const char *path, const vt_picture *picture);
#define vt_picture_write_png(path, picture) vt_picture_write_png_at(VT_HERE, path, picture)

#ifdef __cplusplus
}
#endif
#endif
