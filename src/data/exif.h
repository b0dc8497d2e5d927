/* exif.h - what cameras write beside the pixels. */
#ifndef VITRO_DATA_EXIF_H
#define VITRO_DATA_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* How the pixels lie in the file: 1 as they should, 2 to 8 turned or mirrored (Exif 2.32, 4.6.4). The data begin with
 * the header of TIFF. 1 where they do not say, or are damaged. */
int exif_orientation(const uint8_t *data, size_t size);

#endif
