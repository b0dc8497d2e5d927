/* test_picture.c - a picture of a data set, to look at. */
#include "report/test_picture.h"
#include <stdlib.h>

/* Channel by channel to pixel by pixel. */
static bool copy(const uint8_t *image, const vt_dataset *d, vt_picture *picture)
{
    const int64_t plane = (int64_t)d->height * d->width;
    *picture = (vt_picture){ d->height, d->width, malloc((size_t)(3 * plane)) };
    if (!picture->pixels) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a picture of the test");
    for (int64_t i = 0; picture->pixels && i < 3 * plane; i++)
        picture->pixels[i] = image[(d->channels == 3 ? i % 3 : 0) * plane + i / 3];
    return picture->pixels != NULL;
}

static bool shrink(vt_picture *picture, int64_t side)
{
    const int64_t longer = picture->height > picture->width ? picture->height : picture->width;
    if (longer <= side) return true;
    vt_picture small;
    const int64_t height = picture->height * side / longer, width = picture->width * side / longer;
    bool ok = vt_picture_resize(picture, height > 0 ? height : 1, width > 0 ? width : 1, VT_FILTER_BILINEAR, &small);
    vt_picture_free(picture);
    *picture = small;
    return ok;
}

bool test_picture_of_image(const uint8_t *image, const vt_dataset *d, int64_t side, vt_picture *picture)
{
    return !vt_failed() && copy(image, d, picture) && shrink(picture, side);
}

bool test_picture_copy(const vt_dataset *d, int64_t index, int64_t side, vt_picture *picture)
{
    if (vt_failed() || (d->channels != 1 && d->channels != 3)) return false;
    uint8_t *image = malloc((size_t)d->channels * (size_t)d->height * (size_t)d->width);
    if (!image) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a picture of the test");
    const bool ok = image && vt_dataset_image(d, index, image) && test_picture_of_image(image, d, side, picture);
    free(image);
    return ok;
}
