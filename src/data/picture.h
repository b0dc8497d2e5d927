/* picture.h - from the bytes of a file to a picture. */
#ifndef VITRO_DATA_PICTURE_H
#define VITRO_DATA_PICTURE_H

#include <vitro/picture.h>

/* A file in memory. */
typedef struct picture_file {
    vt_site at;
    const char *path; /* for messages */
    const uint8_t *data;
    size_t size;
    int64_t most_pixels; /* where it says that it has more, it is refused before there is memory for them */
} picture_file;

/* Decodes a JPEG or PNG file, and turns it as its EXIF orientation says. False with an error; the picture is empty
 * then. */
bool picture_decode(const picture_file *file, vt_picture *picture);

/* The decoders: pixels as they are in the file, and the EXIF orientation, 1 to 8. */
bool picture_decode_jpeg(const picture_file *file, vt_picture *picture, int *orientation);
bool picture_decode_png(const picture_file *file, vt_picture *picture, int *orientation);

/* Memory for as many pixels as the file says it has. */
bool picture_begin(const picture_file *file, int64_t height, int64_t width, vt_picture *picture);

/* False with an error where the picture is NULL, empty or too large. */
bool picture_is_whole(vt_site at, const char *call, const vt_picture *picture);
/* False with an error where so many pixels are none or too many. */
bool picture_can_have(vt_site at, const char *call, int64_t height, int64_t width);

/* Memory for a picture that is made of `from`, which is to be whole. */
bool picture_derive(vt_site at, const char *call, const vt_picture *from, int64_t height, int64_t width,
                    vt_picture *to);

#endif
