/* libFuzzer: no file, however broken, makes the reader of pictures fail otherwise than with an error.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... && ./fuzz_picture -runs=20000 corpus/
 */
#include "data/picture.h"

#include <vitro/error.h>

#include <stdlib.h>

enum { MOST_PIXELS = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vt_picture picture, small;
    const picture_file file = { VT_HERE, "file", data, size, MOST_PIXELS };
    bool read = picture_decode(&file, &picture);
    if (read == vt_failed() || read == !picture.pixels || picture.height * picture.width > MOST_PIXELS) abort();
    vt_error_clear();
    /* reads every pixel */
    if (read && !vt_picture_resize(&picture, 1, 1, VT_FILTER_BICUBIC, &small)) abort();
    if (read) vt_picture_free(&small);
    vt_picture_free(&picture);
    return 0;
}
