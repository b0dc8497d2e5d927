/* libFuzzer: no file, however broken, makes the reader of safetensors fail otherwise than with an error.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... && ./fuzz_safetensors -runs=20000 corpus/
 */
#include "fuzz_file.h"

#include "io/safetensors.h"

#include <vitro/error.h>

#include <stdlib.h>

static void load_all(const safetensors *file)
{
    const safetensors_entry *entries = safetensors_entries(file);
    for (size_t i = 0; i < safetensors_count(file); i++) {
        if (safetensors_find(file, entries[i].name) != &entries[i]) abort();
        size_t size = (size_t)vt_shape_count(entries[i].shape) * vt_dtype_size(entries[i].dtype);
        void *data = malloc(size + 1);
        if (!safetensors_load(VT_HERE, file, &entries[i], data) && !vt_failed()) abort();
        free(data);
    }
    safetensors_find_note(file, "format");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    safetensors *file = safetensors_open(VT_HERE, fuzz_file(data, size));
    if (!file && !vt_failed()) abort();
    if (file) load_all(file);
    safetensors_close(file);
    vt_error_clear();
    return 0;
}
