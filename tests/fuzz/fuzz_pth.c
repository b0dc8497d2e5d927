/* libFuzzer: no file, however broken, makes the reader of PyTorch's files fail otherwise than with an error.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... && ./fuzz_pth -runs=20000 corpus/
 */
#include "fuzz_file.h"

#include <vitro/error.h>
#include <vitro/tensor_file.h>

#include <stdlib.h>

/* What a file may make a reader allocate is bounded by its size. */
static size_t most_bytes(size_t size)
{
    return sizeof(double) * size;
}

static void read_all(const vt_tensor_file *file, size_t size)
{
    for (int i = 0; i < vt_tensor_file_size(file); i++) {
        vt_stored_tensor tensor = vt_tensor_file_entry(file, i);
        if (vt_tensor_file_find(file, tensor.name) != i) abort();
        size_t bytes = (size_t)vt_shape_count(tensor.shape) * vt_dtype_size(tensor.dtype);
        if (bytes > most_bytes(size)) abort();
        void *data = malloc(bytes + 1);
        if (vt_tensor_file_read(file, tensor.name, data, bytes) == vt_failed()) abort();
        vt_error_clear();
        free(data);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vt_tensor_file *file = vt_tensor_file_open(fuzz_file(data, size));
    if (!file != vt_failed()) abort();
    read_all(file, size);
    vt_tensor_file_close(file);
    vt_error_clear();
    return 0;
}
