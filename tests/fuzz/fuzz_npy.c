/* libFuzzer: no file, however broken, makes the reader of .npy files fail otherwise than with an error.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... && ./fuzz_npy -runs=20000 corpus/
 */
#include "fuzz_file.h"

#include "io/npy.h"

#include <vitro/error.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    npy_array array;
    bool loaded = npy_load(VT_HERE, fuzz_file(data, size), &array);
    if (loaded == vt_failed() || loaded == !array.data) abort();
    npy_free(&array);
    vt_error_clear();
    return 0;
}
