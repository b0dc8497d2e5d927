/* test_picture.h - a picture of a data set, to look at. */
#ifndef MODELS_REPORT_TEST_PICTURE_H
#define MODELS_REPORT_TEST_PICTURE_H

#include <vitro/vitro.h>

/* Pictures are shown no larger than this; those that are, are resized. */
enum { TEST_PICTURE_SIDE = 96 };

/* A picture of the data set as loaders give it, u8 [channels, height, width], as test_picture_copy would copy it. */
bool test_picture_of_image(const uint8_t *image, const vt_dataset *d, int64_t side, vt_picture *picture);

/* Copies a picture as the network got it, of one in a file the middle, and makes it smaller where it is larger than the
 * side; it is grey where it has one channel. To be freed by vt_picture_free. False where there is none to look at: it
 * has other channels, it cannot be read (an error), or an error stands. */
bool test_picture_copy(const vt_dataset *d, int64_t index, int64_t side, vt_picture *picture);

#endif
