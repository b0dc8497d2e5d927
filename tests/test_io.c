/* Files are replaced whole or not at all; safetensors and .npy files are read as their formats' own libraries write
 * them, and everything malformed is refused with a message that says what is wrong. VITRO_FIXTURES is the folder of the
 * files that make_io_fixtures.py wrote. */
#include "temporary.h"

#include "io/extent.h"
#include "io/file.h"
#include "io/npy.h"
#include "io/safetensors.h"

#include <vitro/error.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

TestSuite(file, .init = enter_folder, .fini = leave_folder);
TestSuite(safetensors, .init = enter_folder, .fini = leave_folder);
TestSuite(npy, .init = enter_folder, .fini = leave_folder);

static void assert_error(vt_status status, const char *what, const char *part)
{
    cr_assert(vt_error_status() == status, "%s: status %d: %s", what, (int)vt_error_status(), vt_error_message());
    cr_assert(strstr(vt_error_message(), part), "%s: \"%s\" should say \"%s\"", what, vt_error_message(), part);
    vt_error_clear();
}

static void assert_no_error(void)
{
    cr_assert(!vt_failed(), "%s", vt_error_message());
}

static void assert_file_is(const char *path, const char *text)
{
    size_t size;
    char *found = read_test_file(path, &size);
    cr_assert(found, "%s is missing", path);
    cr_assert(size == strlen(text) && memcmp(found, text, size) == 0, "%s holds \"%s\", not \"%s\"", path, found, text);
    free(found);
}

static mode_t permissions_of(const char *path)
{
    struct stat status;
    cr_assert(stat(path, &status) == 0, "%s is missing", path);
    return status.st_mode & 07777;
}

/* ---- files ---- */

Test(file, replaces_a_file_and_leaves_nothing_else)
{
    cr_assert(atomic_file_replace(VT_HERE, "a", "one", 3), "%s", vt_error_message());
    assert_file_is("a", "one");
    cr_assert(atomic_file_replace(VT_HERE, "a", "", 0), "%s", vt_error_message());
    assert_file_is("a", "");
    cr_assert(atomic_file_replace(VT_HERE, "./a", "three", 5), "%s", vt_error_message());
    assert_file_is("a", "three");
    cr_assert(count_files() == 1, "%d files", count_files());
}

Test(file, keeps_the_old_version_until_the_commit)
{
    atomic_file file;
    write_test_file("a", "old", 3);
    cr_assert(atomic_file_open(VT_HERE, "a", &file));
    cr_assert(atomic_file_write(&file, "new", 3));
    assert_file_is("a", "old");
    atomic_file_discard(&file);
    assert_file_is("a", "old");
    cr_assert(count_files() == 1, "the temporary file is still there");
    cr_assert(!atomic_file_commit(&file), "a discarded file was committed");
    assert_no_error();
}

Test(file, keeps_the_old_version_when_the_process_dies)
{
    write_test_file("a", "old", 3);
    pid_t child = fork();
    if (child == 0) {
        atomic_file file;
        bool written = atomic_file_open(VT_HERE, "a", &file) && atomic_file_write(&file, "new and longer", 14);
        _exit(written ? 7 : 1);
    }
    int status;
    cr_assert(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    assert_file_is("a", "old");
}

Test(file, keeps_the_old_version_when_the_disk_is_full)
{
    atomic_file file;
    write_test_file("a", "old", 3);
    cr_assert(atomic_file_open(VT_HERE, "a", &file));
    int full = open("/dev/full", O_WRONLY);
    cr_assert(full >= 0 && dup2(full, file.descriptor) >= 0);
    close(full);
    cr_assert(!atomic_file_write(&file, "new", 3));
    cr_assert(!atomic_file_write(&file, "more", 4));
    cr_assert(!atomic_file_commit(&file));
    assert_error(VT_ERROR_FILE, "full disk", "/a: No space left on device");
    assert_file_is("a", "old");
    cr_assert(count_files() == 1, "the temporary file is still there");
}

Test(file, keeps_the_old_version_when_the_file_grows_too_large)
{
    struct rlimit limit, small;
    write_test_file("a", "old", 3);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    small = limit;
    small.rlim_cur = 1000;
    char data[2000] = { 0 };
    cr_assert(setrlimit(RLIMIT_FSIZE, &small) == 0);
    bool done = atomic_file_replace(VT_HERE, "a", data, sizeof data);
    cr_assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    cr_assert(!done);
    assert_error(VT_ERROR_FILE, "large file", "File too large");
    assert_file_is("a", "old");
    cr_assert(count_files() == 1, "the temporary file is still there");
}

Test(file, names_a_folder_that_cannot_be_written)
{
    cr_assert(!atomic_file_replace(VT_HERE, "missing/a", "x", 1));
    assert_error(VT_ERROR_FILE, "missing folder", "cannot write missing/a: No such file or directory");

    bool root = geteuid() == 0;
    cr_assert(chmod(".", 0555) == 0);
    cr_assert(!root || seteuid(65534) == 0);
    bool done = atomic_file_replace(VT_HERE, "a", "x", 1);
    cr_assert(!root || seteuid(0) == 0);
    cr_assert(chmod(".", 0755) == 0);
    cr_assert(!done);
    assert_error(VT_ERROR_FILE, "read-only folder", "cannot write a: Permission denied");
    cr_assert(count_files() == 0);
}

Test(file, does_not_replace_what_is_no_file)
{
    cr_assert(!atomic_file_replace(VT_HERE, "/dev/null", "x", 1));
    assert_error(VT_ERROR_FILE, "device", "cannot replace /dev/null: it is a device or a pipe, not a regular file");
    cr_assert(!atomic_file_replace(VT_HERE, ".", "x", 1));
    assert_error(VT_ERROR_FILE, "folder", "it is a folder, not a regular file");
}

Test(file, gives_the_permissions_that_the_umask_or_the_old_file_gives)
{
    umask(027);
    cr_assert(atomic_file_replace(VT_HERE, "a", "x", 1));
    cr_assert(permissions_of("a") == 0640, "%o", permissions_of("a"));
    cr_assert(chmod("a", 0604) == 0);
    cr_assert(atomic_file_replace(VT_HERE, "a", "y", 1));
    cr_assert(permissions_of("a") == 0604, "%o", permissions_of("a"));
}

Test(file, replaces_what_a_symbolic_link_points_to)
{
    struct stat status;
    write_test_file("target", "old", 3);
    cr_assert(symlink("target", "link") == 0);
    cr_assert(atomic_file_replace(VT_HERE, "link", "new", 3), "%s", vt_error_message());
    cr_assert(lstat("link", &status) == 0 && S_ISLNK(status.st_mode));
    assert_file_is("target", "new");
}

Test(file, takes_the_longest_names)
{
    char name[256];
    memset(name, 'n', 255);
    name[255] = 0;
    cr_assert(atomic_file_replace(VT_HERE, name, "x", 1), "%s", vt_error_message());
    assert_file_is(name, "x");
}

Test(file, refuses_to_read_what_is_missing_too_large_or_no_file)
{
    size_t size;
    cr_assert(!file_read_all(VT_HERE, "a", 10, &size));
    assert_error(VT_ERROR_FILE, "missing", "cannot open a: No such file or directory");
    cr_assert(!file_read_all(VT_HERE, ".", 10, &size));
    assert_error(VT_ERROR_FILE, "folder", "cannot read .: it is a folder");
    cr_assert(mkfifo("pipe", 0600) == 0);
    cr_assert(!file_read_all(VT_HERE, "pipe", 10, &size));
    assert_error(VT_ERROR_FILE, "pipe", "cannot read pipe: it is a device or a pipe");
    write_test_file("a", "eleven byte", 11);
    cr_assert(!file_read_all(VT_HERE, "a", 10, &size));
    assert_error(VT_ERROR_FILE, "large", "a has 11 bytes, more than the 10");
    char *text = file_read_all(VT_HERE, "a", 11, &size);
    cr_assert(text && size == 11 && strcmp(text, "eleven byte") == 0);
    free(text);
}

Test(file, notices_a_file_that_shrinks_while_it_is_read)
{
    input_file file;
    char data[4];
    write_test_file("a", "12345678", 8);
    cr_assert(input_file_open(VT_HERE, "a", &file) && file.size == 8);
    cr_assert(truncate("a", 6) == 0);
    cr_assert(!input_file_read(VT_HERE, &file, 4, data, 4));
    assert_error(VT_ERROR_FILE, "shrunk", "a is truncated: it ends at byte 6, 2 bytes before it should");
    input_file_close(&file);
}

/* Which threads share. */
Test(file, that_is_large_is_read_whole_and_its_end_is_told)
{
    enum { SIZE = 3 * (1 << 20) + 5, BEYOND = 1 << 20 };
    input_file file;
    unsigned char *data = malloc(SIZE), *read = calloc(SIZE + BEYOND, 1);
    cr_assert(data && read);
    for (int i = 0; i < SIZE; i++) data[i] = (unsigned char)(i * 7 + i / 251);
    write_test_file("large", data, SIZE);
    cr_assert(input_file_open(VT_HERE, "large", &file));
    cr_assert(input_file_read(VT_HERE, &file, 1, read, SIZE - 1) && memcmp(read, data + 1, SIZE - 1) == 0);
    cr_assert(!input_file_read(VT_HERE, &file, 2, read, SIZE + BEYOND));
    assert_error(VT_ERROR_FILE, "a large file", "it ends at byte 3145733, 1048578 bytes before it should");
    input_file_close(&file);
    free(data);
    free(read);
}

Test(file, sizes_that_overflow_are_told)
{
    uint64_t bytes = 1;
    cr_assert(extent_bytes(VT_SCALAR, 4, &bytes) && bytes == 4);
    cr_assert(extent_bytes(VT_SHAPE(2, 3), 8, &bytes) && bytes == 48);
    cr_assert(extent_bytes(VT_SHAPE(2, 0, 3), 8, &bytes) && bytes == 0);
    cr_assert(!extent_bytes(VT_SHAPE(2, -1), 8, &bytes));
    cr_assert(!extent_bytes(VT_SHAPE(INT64_MAX / 4 + 1), 4, &bytes));
    cr_assert(!extent_bytes(VT_SHAPE((int64_t)1 << 32, (int64_t)1 << 32), 1, &bytes));
    cr_assert(!extent_bytes(VT_SHAPE(0, (int64_t)1 << 32, (int64_t)1 << 32), 1, &bytes));
}

/* ---- safetensors ---- */

static const float some_floats[6] = { 1, -2, 0.5f, 3e38f, 1e-45f, -0.0f };
static const int64_t some_longs[3] = { INT64_MIN, 0, INT64_MAX };
static const unsigned char some_bytes[5] = { 0, 1, 127, 128, 255 };
static const bool some_booleans[3] = { true, false, true };

static const safetensors_tensor some_tensors[] = {
    { "bytes", VT_U8, { 1, { 5 } }, some_bytes },         { "floats", VT_F32, { 2, { 2, 3 } }, some_floats },
    { "booleans", VT_BOOL, { 1, { 3 } }, some_booleans }, { "longs", VT_I64, { 1, { 3 } }, some_longs },
    { "scalar", VT_F32, { .rank = 0 }, some_floats },     { "empty", VT_F64, { 2, { 4, 0 } }, NULL },
};
enum { SOME_TENSORS = sizeof some_tensors / sizeof *some_tensors };

static void write_some_tensors(const char *path)
{
    const safetensors_note notes[] = { { "epoch", "12" }, { "name", "vit \"tiny\" \u00e9" } };
    safetensors_write(VT_HERE, path, some_tensors, SOME_TENSORS, notes, 2);
    assert_no_error();
}

Test(safetensors, reads_back_what_it_wrote)
{
    write_some_tensors("a");
    safetensors *file = safetensors_open(VT_HERE, "a");
    cr_assert(file, "%s", vt_error_message());
    cr_assert(safetensors_count(file) == SOME_TENSORS);
    for (int i = 0; i < SOME_TENSORS; i++) {
        const safetensors_tensor *written = &some_tensors[i];
        const safetensors_entry *entry = safetensors_find(file, written->name);
        cr_assert(entry && strcmp(entry->name, written->name) == 0, "%s", written->name);
        cr_assert(entry->dtype == written->dtype && vt_shape_equal(entry->shape, written->shape), "%s", written->name);
        char data[64];
        size_t size = (size_t)vt_shape_count(entry->shape) * vt_dtype_size(entry->dtype);
        cr_assert(safetensors_load(VT_HERE, file, entry, data), "%s", vt_error_message());
        cr_assert(size == 0 || memcmp(data, written->data, size) == 0, "%s", written->name);
    }
    cr_assert(!safetensors_find(file, "float"));
    cr_assert(strcmp(safetensors_find_note(file, "epoch"), "12") == 0);
    cr_assert(strcmp(safetensors_find_note(file, "name"), "vit \"tiny\" \u00e9") == 0);
    cr_assert(!safetensors_find_note(file, "nothing"));
    safetensors_close(file);
}

Test(safetensors, lists_its_entries_by_name)
{
    write_some_tensors("a");
    safetensors *file = safetensors_open(VT_HERE, "a");
    const safetensors_entry *entries = safetensors_entries(file);
    for (size_t i = 1; i < safetensors_count(file); i++) cr_assert(strcmp(entries[i - 1].name, entries[i].name) < 0);
    safetensors_close(file);
}

Test(safetensors, writes_the_same_bytes_each_time_aligned_and_in_order)
{
    write_some_tensors("a");
    write_some_tensors("b");
    size_t a_size, b_size;
    char *a = read_test_file("a", &a_size), *b = read_test_file("b", &b_size);
    cr_assert(a_size == b_size && memcmp(a, b, a_size) == 0);
    uint64_t header;
    memcpy(&header, a, sizeof header);
    const char expected[] = "{\"__metadata__\":{\"epoch\":\"12\",\"name\":\"vit \\\"tiny\\\" \u00e9\"},"
                            "\"bytes\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[52,57]},"
                            "\"floats\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[24,48]},"
                            "\"booleans\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[57,60]},"
                            "\"longs\":{\"dtype\":\"I64\",\"shape\":[3],\"data_offsets\":[0,24]},"
                            "\"scalar\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[48,52]},"
                            "\"empty\":{\"dtype\":\"F64\",\"shape\":[4,0],\"data_offsets\":[24,24]}}";
    cr_assert(header % 8 == 0 && header >= strlen(expected) && header < strlen(expected) + 8);
    cr_assert(memcmp(a + 8, expected, strlen(expected)) == 0, "%.*s", (int)header, a + 8);
    cr_assert(a_size == 8 + header + 60);
    free(a);
    free(b);
}

Test(safetensors, an_empty_file_of_tensors_is_legal)
{
    cr_assert(safetensors_write(VT_HERE, "a", NULL, 0, NULL, 0), "%s", vt_error_message());
    safetensors *file = safetensors_open(VT_HERE, "a");
    cr_assert(file && safetensors_count(file) == 0 && !safetensors_find(file, "x") &&
              !safetensors_find_note(file, "x"));
    safetensors_close(file);
}

Test(safetensors, reads_what_the_python_library_wrote)
{
    safetensors *file = safetensors_open(VT_HERE, VITRO_FIXTURES "/sample.safetensors");
    cr_assert(file, "%s", vt_error_message());
    cr_assert(safetensors_count(file) == 11);
    cr_assert(strcmp(safetensors_find_note(file, "epoch"), "12") == 0);
    cr_assert(safetensors_find(file, "sp\u00e4te.Gr\u00fc\u00dfe"));
    static const struct {
        const char *name;
        vt_dtype dtype;
    } counting[] = { { "f32", VT_F32 }, { "f64", VT_F64 }, { "i32", VT_I32 }, { "i64", VT_I64 }, { "u8", VT_U8 } };
    for (size_t i = 0; i < sizeof counting / sizeof *counting; i++) {
        const safetensors_entry *entry = safetensors_find(file, counting[i].name);
        cr_assert(entry && entry->dtype == counting[i].dtype && vt_shape_equal(entry->shape, VT_SHAPE(2, 3)));
        union {
            float f32[6];
            double f64[6];
            int32_t i32[6];
            int64_t i64[6];
            uint8_t u8[6];
        } data;
        cr_assert(safetensors_load(VT_HERE, file, entry, &data), "%s", vt_error_message());
        for (int k = 0; k < 6; k++) {
            double value = entry->dtype == VT_F32   ? data.f32[k]
                           : entry->dtype == VT_F64 ? data.f64[k]
                           : entry->dtype == VT_I32 ? data.i32[k]
                           : entry->dtype == VT_I64 ? (double)data.i64[k]
                                                    : data.u8[k];
            cr_assert(value == k, "%s[%d] is %g", entry->name, k, value);
        }
    }
    bool truth[6];
    cr_assert(safetensors_load(VT_HERE, file, safetensors_find(file, "bool"), truth));
    for (int k = 0; k < 6; k++) cr_assert(truth[k] == (k % 3 == 0));
    float scalar;
    cr_assert(safetensors_find(file, "scalar")->shape.rank == 0);
    cr_assert(safetensors_load(VT_HERE, file, safetensors_find(file, "scalar"), &scalar) && scalar == 7);
    cr_assert(safetensors_load(VT_HERE, file, safetensors_find(file, "empty"), NULL));
    safetensors_close(file);
}

static void assert_float16(const char *name, const float expected[8])
{
    float data[8];
    safetensors *file = safetensors_open(VT_HERE, VITRO_FIXTURES "/sample.safetensors");
    const safetensors_entry *entry = safetensors_find(file, name);
    cr_assert(entry && entry->dtype == VT_F32 && vt_shape_equal(entry->shape, VT_SHAPE(8)));
    cr_assert(safetensors_load(VT_HERE, file, entry, data), "%s", vt_error_message());
    for (int i = 0; i < 8; i++)
        cr_assert(memcmp(&data[i], &expected[i], sizeof *data) == 0, "%s[%d] is %g", name, i, (double)data[i]);
    safetensors_close(file);
}

/* {"x": dtype [3]}, of these bytes; then what they are loaded as. */
static void assert_integers(const char *stored, const void *data, size_t bytes, vt_dtype dtype, const int64_t want[3])
{
    char header[128], file[256] = { 0 };
    uint64_t size = (uint64_t)snprintf(
        header, sizeof header, "{\"x\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%zu]}}", stored, bytes);
    memcpy(file, &size, sizeof size);
    memcpy(file + sizeof size, header, size);
    memcpy(file + sizeof size + size, data, bytes);
    write_test_file("integers", file, sizeof size + size + bytes);
    safetensors *s = safetensors_open(VT_HERE, "integers");
    cr_assert(s && safetensors_find(s, "x")->dtype == dtype, "%s", vt_error_message());
    int64_t loaded[3];
    cr_assert(safetensors_load(VT_HERE, s, safetensors_find(s, "x"), loaded), "%s", vt_error_message());
    for (int i = 0; i < 3; i++)
        cr_assert((dtype == VT_I64 ? loaded[i] : ((int32_t *)loaded)[i]) == want[i], "%s", stored);
    safetensors_close(s);
}

Test(safetensors, small_integers_become_larger_ones)
{
    assert_integers("I8", (int8_t[]){ -128, 0, 127 }, 3, VT_I32, (int64_t[]){ -128, 0, 127 });
    assert_integers("I16", (int16_t[]){ INT16_MIN, -1, INT16_MAX }, 6, VT_I32, (int64_t[]){ INT16_MIN, -1, INT16_MAX });
    assert_integers("U16", (uint16_t[]){ 0, 1, UINT16_MAX }, 6, VT_I32, (int64_t[]){ 0, 1, UINT16_MAX });
    assert_integers("U32", (uint32_t[]){ 0, 1, UINT32_MAX }, 12, VT_I64, (int64_t[]){ 0, 1, UINT32_MAX });
}

Test(safetensors, float16_become_f32_of_the_same_value)
{
    assert_float16("f16", (float[]){ 0, -0.0f, 1, -2.5f, 65504, 0x1p-24f, 0x1p-14f, INFINITY });
    assert_float16("bf16", (float[]){ 0, -0.0f, 1, -2.5f, 0x1p127f, 0x1p-133f, 0.0078125f, -INFINITY });
}

static void write_safetensors(const char *path, const char *header, size_t data_bytes)
{
    uint64_t size = strlen(header);
    char file[4096] = { 0 };
    memcpy(file, &size, sizeof size);
    memcpy(file + sizeof size, header, size);
    write_test_file(path, file, sizeof size + size + data_bytes);
}

#define F32_AT(name, shape, begin, end)                                                                                \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static const struct {
    const char *header;
    size_t data_bytes;
    const char *message;
} malformed_headers[] = {
    { "", 0, "its header has 0 bytes, and the shortest, {}, has 2" },
    { " {}", 0, "its header begins with byte 0x20, not with '{'" },
    { "[1]", 0, "its header begins with byte 0x5b, not with '{'" },
    { "{ \"a\": ", 0, "its header is not JSON as it should be: " },
    { "{}{}", 0, "its header is not JSON as it should be: end of file expected" },
    { "{\"\\u0000\":1}", 0, "its header is not JSON as it should be: NUL byte in object key" },
    { "{\"\xff\":1}", 0, "its header is not JSON as it should be: unable to decode byte 0xff" },
    { "{" F32_AT("a", "[1]", "0", "4") "," F32_AT("a", "[1]", "0", "4") "}", 4, "duplicate object key" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"shape\":[1]}}", 4, "duplicate object key" },
    { "{\"a\":[]}", 0, "tensor 'a' is described by something that is not an object" },
    { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "tensor 'a' has no string \"dtype\"" },
    { "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "tensor 'a' has no string \"dtype\"" },
    { "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
      "tensor 'a' has dtype F8_E4M3; F32, F64" },
    { "{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "tensor 'a' has dtype f32; F32, F64" },
    { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "tensor 'a' has no array \"shape\"" },
    { "{" F32_AT("a", "[1.0]", "0", "4") "}", 4, "extent 0 in the shape of tensor 'a' is not an integer" },
    { "{" F32_AT("a", "[1,-1]", "0", "4") "}", 4, "extent 1 in the shape of tensor 'a' is not an integer" },
    { "{" F32_AT("a", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, "tensor 'a' has 9 axes, and 8 are supported" },
    { "{" F32_AT("a", "[4294967296,4294967296]", "0", "4") "}", 4,
      "the size of tensor 'a', F32 [4294967296, 4294967296], overflows" },
    { "{" F32_AT("a", "[0,4294967296,4294967296]", "0", "0") "}", 0, "overflows" },
    { "{" F32_AT("a", "[9223372036854775808]", "0", "4") "}", 4, "too big integer" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "tensor 'a' has no \"data_offsets\" of two integers" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4,
      "tensor 'a' has no \"data_offsets\" of two integers" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", 4,
      "tensor 'a' has no \"data_offsets\" of two integers" },
    { "{" F32_AT("a", "[1]", "-4", "0") "}", 4, "data_offsets [-4, 0], not a range in the file's 4 bytes" },
    { "{" F32_AT("a", "[1]", "4", "0") "}", 4, "data_offsets [4, 0], not a range in the file's 4 bytes" },
    { "{" F32_AT("a", "[2]", "0", "8") "}", 4, "data_offsets [0, 8], not a range in the file's 4 bytes" },
    { "{" F32_AT("a", "[2]", "0", "4") "}", 4, "tensor 'a' is F32 [2], which takes 8 bytes, but has 4" },
    { "{" F32_AT("a", "[1]", "4", "8") "}", 8,
      "tensor 'a' begins at byte 4 of the data, leaving a hole behind the one before it, which ends at 0" },
    { "{" F32_AT("a", "[1]", "0", "4") "," F32_AT("b", "[1]", "8", "12") "}", 12,
      "tensor 'b' begins at byte 8 of the data, leaving a hole" },
    { "{" F32_AT("a", "[2]", "0", "8") "," F32_AT("b", "[1]", "4", "8") "}", 8,
      "tensor 'b' begins at byte 4 of the data, inside the one before it, which ends at 8" },
    { "{" F32_AT("a", "[1]", "0", "4") "," F32_AT("b", "[1]", "0", "4") "}", 4, "inside the one before it" },
    { "{" F32_AT("a", "[1]", "0", "4") "}", 5, "its tensors end at byte 4 of the data, but it has 5" },
    { "{}", 1, "its tensors end at byte 0 of the data, but it has 1" },
    { "{\"__metadata__\":1}", 0, "its __metadata__ is not an object" },
    { "{\"__metadata__\":{\"a\":1}}", 0, "'a' in its __metadata__ is not a string" },
};

Test(safetensors, every_malformed_header_is_refused_by_name)
{
    for (size_t i = 0; i < sizeof malformed_headers / sizeof *malformed_headers; i++) {
        write_safetensors("bad.safetensors", malformed_headers[i].header, malformed_headers[i].data_bytes);
        cr_assert(!safetensors_open(VT_HERE, "bad.safetensors"), "%s was accepted", malformed_headers[i].header);
        cr_assert(strncmp(vt_error_message(), "bad.safetensors ", 16) == 0, "%s", vt_error_message());
        assert_error(VT_ERROR_FILE, malformed_headers[i].header, malformed_headers[i].message);
    }
}

static void assert_refused(const char *what, const void *data, size_t size, const char *message)
{
    write_test_file("bad", data, size);
    cr_assert(!safetensors_open(VT_HERE, "bad"), "%s was accepted", what);
    assert_error(VT_ERROR_FILE, what, message);
}

Test(safetensors, a_length_of_the_header_that_cannot_be_is_refused)
{
    const uint64_t huge = UINT64_MAX, over = SAFETENSORS_HEADER_LIMIT + 1, limit = SAFETENSORS_HEADER_LIMIT;
    assert_refused("nothing", "", 0, "it has 0 bytes, and the size of the header alone takes 8");
    assert_refused("seven bytes", "1234567", 7, "it has 7 bytes, and the size of the header alone takes 8");
    assert_refused("huge", &huge, 8, "its header has 18446744073709551615 bytes, and 100000000 are the most");
    assert_refused("over", &over, 8, "its header has 100000001 bytes, and 100000000 are the most");
    assert_refused("limit", &limit, 8, "its header has 100000000 bytes, and the file ends after 0 of them");
}

Test(safetensors, every_truncation_is_refused)
{
    write_some_tensors("a");
    size_t size;
    char *data = read_test_file("a", &size);
    for (size_t length = 0; length < size; length++) {
        write_test_file("bad", data, length);
        cr_assert(!safetensors_open(VT_HERE, "bad"), "%zu of %zu bytes were accepted", length, size);
        assert_error(VT_ERROR_FILE, "truncated", "bad is not a safetensors file that can be read");
    }
    free(data);
}

Test(safetensors, unsupported_types_and_other_files_are_refused)
{
    write_safetensors("u64", "{\"x\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8);
    cr_assert(!safetensors_open(VT_HERE, "u64"));
    assert_error(VT_ERROR_FILE, "u64", "tensor 'x' has dtype U64; F32, F64, F16, BF16, I8 to I64, U8 to U32 and BOOL");
    cr_assert(!safetensors_open(VT_HERE, VITRO_FIXTURES "/f4.npy"));
    assert_error(VT_ERROR_FILE, "npy", "f4.npy is not a safetensors file");
    cr_assert(!safetensors_open(VT_HERE, "missing"));
    assert_error(VT_ERROR_FILE, "missing", "cannot open missing: No such file or directory");
}

Test(safetensors, booleans_other_than_0_and_1_are_refused)
{
    static const char header[] = "{\"mask\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]}}";
    char data[sizeof header + 16] = { (char)(sizeof header - 1) };
    memcpy(data + 8, header, sizeof header - 1);
    memcpy(data + 8 + sizeof header - 1, "\0\1\2", 3);
    write_test_file("a", data, 8 + sizeof header - 1 + 3);
    safetensors *file = safetensors_open(VT_HERE, "a");
    cr_assert(file, "%s", vt_error_message());
    unsigned char mask[3];
    cr_assert(!safetensors_load(VT_HERE, file, safetensors_find(file, "mask"), mask));
    assert_error(VT_ERROR_FILE, "mask", "a: element 2 of mask is 2, and a boolean is 0 or 1");
    safetensors_close(file);
}

static void assert_not_written(const safetensors_tensor *tensors, size_t count, const char *message)
{
    cr_assert(!safetensors_write(VT_HERE, "a", tensors, count, NULL, 0), "%s", message);
    assert_error(VT_ERROR_ARGUMENT, "write", message);
    cr_assert(count_files() == 0);
}

Test(safetensors, does_not_write_what_could_not_be_read)
{
    const vt_shape one = { 1, { 1 } };
    assert_not_written((safetensors_tensor[]){ { "x", VT_F32, one, some_floats }, { "x", VT_F32, one, some_floats } },
                       2, "cannot write a: tensor 'x' is given twice");
    assert_not_written(&(safetensors_tensor){ "x", VT_DTYPE_DEFAULT, one, some_floats }, 1, "tensor 'x' has no dtype");
    assert_not_written(&(safetensors_tensor){ "x", VT_F32, one, NULL }, 1, "tensor 'x' has no data");
    assert_not_written(&(safetensors_tensor){ "x", VT_F32, { 1, { -1 } }, NULL }, 1, "has an impossible shape");
    assert_not_written(&(safetensors_tensor){ "__metadata__", VT_F32, one, some_floats }, 1, "the format reserves");
    assert_not_written(&(safetensors_tensor){ "\xff", VT_F32, one, some_floats }, 1, "is not UTF-8");
}

Test(safetensors, a_failed_write_leaves_the_old_file)
{
    write_some_tensors("a");
    size_t before_size, after_size;
    char *before = read_test_file("a", &before_size);
    struct rlimit limit, small;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    small = limit;
    small.rlim_cur = before_size - 1;
    cr_assert(setrlimit(RLIMIT_FSIZE, &small) == 0);
    bool done = safetensors_write(VT_HERE, "a", some_tensors, SOME_TENSORS,
                                  (safetensors_note[]){ { "a note", "that makes the file longer than it was before" },
                                                        { "another", "one that does the same, for good measure" } },
                                  2);
    cr_assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    cr_assert(!done);
    assert_error(VT_ERROR_FILE, "limit", "/a: File too large");
    char *after = read_test_file("a", &after_size);
    cr_assert(after_size == before_size && memcmp(after, before, after_size) == 0);
    cr_assert(count_files() == 1);
    free(before);
    free(after);
}

/* ---- npy ---- */

static double npy_value(const npy_array *array, int index)
{
    switch (array->dtype) {
    case VT_F32: return ((const float *)array->data)[index];
    case VT_F64: return ((const double *)array->data)[index];
    case VT_I32: return ((const int32_t *)array->data)[index];
    case VT_I64: return (double)((const int64_t *)array->data)[index];
    default: return ((const unsigned char *)array->data)[index];
    }
}

static void assert_counting(const char *path, vt_dtype dtype, vt_shape shape)
{
    npy_array array;
    cr_assert(npy_load(VT_HERE, path, &array), "%s", vt_error_message());
    cr_assert(array.dtype == dtype && vt_shape_equal(array.shape, shape), "%s", path);
    for (int i = 0; i < vt_shape_count(shape); i++)
        cr_assert(npy_value(&array, i) == (dtype == VT_BOOL ? i % 3 == 0 : i), "%s: element %d is %g", path, i,
                  npy_value(&array, i));
    npy_free(&array);
}

Test(npy, reads_what_numpy_wrote)
{
    assert_counting(VITRO_FIXTURES "/f4.npy", VT_F32, VT_SHAPE(2, 3));
    assert_counting(VITRO_FIXTURES "/f8.npy", VT_F64, VT_SHAPE(2, 3));
    assert_counting(VITRO_FIXTURES "/i4.npy", VT_I32, VT_SHAPE(2, 3));
    assert_counting(VITRO_FIXTURES "/i8.npy", VT_I64, VT_SHAPE(2, 3));
    assert_counting(VITRO_FIXTURES "/u1.npy", VT_U8, VT_SHAPE(2, 3));
    assert_counting(VITRO_FIXTURES "/b1.npy", VT_BOOL, VT_SHAPE(2, 3));
    assert_counting(VITRO_FIXTURES "/vector.npy", VT_I32, VT_SHAPE(5));
    assert_counting(VITRO_FIXTURES "/scalar.npy", VT_F64, VT_SCALAR);
    assert_counting(VITRO_FIXTURES "/empty.npy", VT_F32, VT_SHAPE(2, 0, 3));
}

Test(npy, reads_the_later_versions)
{
    assert_counting(VITRO_FIXTURES "/version2.npy", VT_F32, VT_SHAPE(2, 3));
    assert_counting(VITRO_FIXTURES "/version3.npy", VT_F32, VT_SHAPE(2, 3));
}

Test(npy, transposes_fortran_order)
{
    assert_counting(VITRO_FIXTURES "/fortran.npy", VT_F32, VT_SHAPE(2, 3, 4));
}

static void assert_round_trip(const void *data, vt_shape shape, vt_dtype dtype)
{
    npy_array array;
    cr_assert(npy_save(VT_HERE, "a.npy", data, shape, dtype), "%s", vt_error_message());
    cr_assert(npy_load(VT_HERE, "a.npy", &array), "%s", vt_error_message());
    cr_assert(array.dtype == dtype && vt_shape_equal(array.shape, shape));
    cr_assert(memcmp(array.data, data, (size_t)vt_shape_count(shape) * vt_dtype_size(dtype)) == 0);
    npy_free(&array);
}

Test(npy, reads_back_what_it_wrote)
{
    assert_round_trip(some_floats, VT_SHAPE(2, 3), VT_F32);
    assert_round_trip(some_floats, VT_SHAPE(6), VT_F32);
    assert_round_trip(some_floats, VT_SCALAR, VT_F32);
    assert_round_trip(some_floats, VT_SHAPE(3, 0), VT_F32);
    assert_round_trip(some_longs, VT_SHAPE(3, 1), VT_I64);
    assert_round_trip(some_longs, VT_SHAPE(1, 2, 1), VT_F64);
    assert_round_trip(some_longs, VT_SHAPE(6), VT_I32);
    assert_round_trip(some_bytes, VT_SHAPE(1, 1, 1, 1, 1, 1, 1, 5), VT_U8);
    assert_round_trip(some_booleans, VT_SHAPE(3), VT_BOOL);
}

Test(npy, aligns_the_elements)
{
    size_t size;
    npy_save(VT_HERE, "a.npy", some_floats, VT_SHAPE(2, 3), VT_F32);
    char *file = read_test_file("a.npy", &size);
    cr_assert(size == 128 + 24 && memcmp(file, "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', ", 27) == 0);
    cr_assert(file[127] == '\n' && memcmp(file + 128, some_floats, 24) == 0);
    free(file);
}

static void assert_npy_refused(const char *path, const char *message)
{
    npy_array array;
    cr_assert(!npy_load(VT_HERE, path, &array), "%s was accepted", path);
    cr_assert(!array.data);
    assert_error(VT_ERROR_FILE, path, message);
}

Test(npy, elements_of_other_types_are_refused)
{
    assert_npy_refused(VITRO_FIXTURES "/big_endian.npy", "its elements are big-endian (>f4)");
    assert_npy_refused(VITRO_FIXTURES "/objects.npy", "its elements are pickled Python objects (|O)");
    assert_npy_refused(VITRO_FIXTURES "/complex.npy", "its elements are <c8, and f2 to f8, i1 to i8, u1 to u4 and b1");
    assert_npy_refused(VITRO_FIXTURES "/records.npy", "its header should be {'descr': '<f4'");
    assert_npy_refused("missing.npy", "cannot open missing.npy: No such file or directory");
}

static const struct {
    const char *header;
    size_t data_bytes;
    const char *message;
} malformed_npy[] = {
    { "", 0, "its header should be" },
    { "{}", 0, "its header should be" },
    { "{'descr': '<f4', 'fortran_order': False}", 4, "its header should be" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", 4, "its header should be" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 4, "its header should be" },
    { "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", 4, "its header should be" },
    { "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4, "its header should be" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'other': 1}", 4, "its header should be" },
    { "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", 4, "its header should be" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", 4, "its header should be" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, "its header should be" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4, "with at most 8 axes" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4, "its header should be" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 4, "overflows" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 4,
      "it is truncated: its f32 [2] takes 8 bytes, but 4" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 8,
      "it is too long: its f32 [1] takes 4 bytes, but 8" },
    { "{'descr': '<u8', 'fortran_order': False, 'shape': (1,)}", 8, "its elements are <u8" },
    { "{'descr': '<f4<f4<f4<f4<f4<f4', 'fortran_order': False, 'shape': (1,)}", 4, "its header should be" },
};

Test(npy, every_malformed_header_is_refused_by_name)
{
    for (size_t i = 0; i < sizeof malformed_npy / sizeof *malformed_npy; i++) {
        char file[256] = "\x93NUMPY\x01\x00";
        size_t length = strlen(malformed_npy[i].header);
        file[8] = (char)length;
        memcpy(file + 10, malformed_npy[i].header, length);
        write_test_file("bad.npy", file, 10 + length + malformed_npy[i].data_bytes);
        assert_npy_refused("bad.npy", malformed_npy[i].message);
    }
}

Test(npy, other_files_and_versions_are_refused)
{
    write_test_file("bad.npy", "\x93NUMPX\x01\0\0\0", 10);
    assert_npy_refused("bad.npy", "it does not begin with \\x93NUMPY");
    write_test_file("bad.npy", "\x93NUMPY\x04\0\0\0\0\0", 12);
    assert_npy_refused("bad.npy", "it is of version 4.0");
    write_test_file("bad.npy", "\x93NUMPY\x02\0\xff\xff\xff\xff", 12);
    assert_npy_refused("bad.npy", "its header has 4294967295 bytes, and 10000 are the most");
    write_test_file("bad.npy", "\x93NUMPY\x01\0\3\0{}\0", 13);
    assert_npy_refused("bad.npy", "its header should be");
}

Test(npy, every_truncation_is_refused)
{
    npy_save(VT_HERE, "a.npy", some_floats, VT_SHAPE(2, 3), VT_F32);
    size_t size;
    char *data = read_test_file("a.npy", &size);
    for (size_t length = 0; length < size; length++) {
        write_test_file("bad.npy", data, length);
        assert_npy_refused("bad.npy", length < 6 ? "it does not begin" : "it is truncated");
    }
    free(data);
}

Test(npy, booleans_other_than_0_and_1_are_refused)
{
    npy_save(VT_HERE, "a.npy", "\0\1\2", VT_SHAPE(3), VT_BOOL);
    assert_npy_refused("a.npy", "element 2 of the array is 2, and a boolean is 0 or 1");
}

Test(npy, does_not_write_what_is_no_array)
{
    cr_assert(!npy_save(VT_HERE, "a.npy", some_floats, VT_SHAPE(1), VT_DTYPE_DEFAULT));
    assert_error(VT_ERROR_ARGUMENT, "dtype", "cannot write a.npy: its dtype or shape");
    cr_assert(!npy_save(VT_HERE, "a.npy", some_floats, VT_SHAPE(-1), VT_F32));
    assert_error(VT_ERROR_ARGUMENT, "shape", "cannot write a.npy: its dtype or shape");
    cr_assert(count_files() == 0);
}
