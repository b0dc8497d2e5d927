/* picture_sheet.h - a sheet of pictures as training gets them. */
#ifndef MODELS_PROGRAM_PICTURE_SHEET_H
#define MODELS_PROGRAM_PICTURE_SHEET_H

#include "program/pictures.h"

/* Writes the first pictures that an epoch, counted from 0, has, cut to size, augmented and mixed as the options say, to
 * a PNG file, with their classes below them: those that training gets. False with an error: VT_ERROR_UNSUPPORTED in a
 * build without libpng; a picture that cannot be read; a file that cannot be written. */
bool picture_sheet_write(const pictures *p, const options *o, int64_t count, int64_t epoch, const char *path);

#endif
