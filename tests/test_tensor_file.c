/* Files of named tensors: what torch.save and safetensors wrote is read whatever the file is called, and nothing that a
 * file says is run or believed. VITRO_FIXTURES is the folder of the files that make_torch_fixtures.py wrote. */
#include "torch_archive.h"

#include <vitro/vitro.h>

#include <criterion/criterion.h>
#include <math.h>

TestSuite(tensor_file, .init = enter_folder, .fini = leave_folder);
TestSuite(torch_zip, .init = enter_folder, .fini = leave_folder);
TestSuite(torch_pickle, .init = enter_folder, .fini = leave_folder);

static void assert_error(vt_status status, const char *what, const char *part)
{
    cr_assert(vt_error_status() == status, "%s: status %d: %s", what, (int)vt_error_status(), vt_error_message());
    cr_assert(strstr(vt_error_message(), part), "%s: \"%s\" should say \"%s\"", what, vt_error_message(), part);
    vt_error_clear();
}

static void assert_refused(const char *path, const char *part)
{
    cr_assert(!vt_tensor_file_open(path), "%s was accepted", path);
    cr_assert(strncmp(vt_error_message(), path, strlen(path)) == 0, "\"%s\" should begin with %s", vt_error_message(),
              path);
    assert_error(VT_ERROR_FILE, path, part);
}

static vt_tensor_file *open_fixture_file(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", VITRO_FIXTURES, name);
    vt_tensor_file *file = vt_tensor_file_open(path);
    cr_assert(file, "%s", vt_error_message());
    return file;
}

/* A tensor of the file is of this dtype, there and as a tensor, and of this shape. */
static vt_tensor assert_is(const vt_tensor_file *file, const char *name, vt_dtype stored, vt_dtype dtype,
                           vt_shape shape)
{
    vt_stored_tensor entry = vt_tensor_file_entry(file, vt_tensor_file_find(file, name));
    cr_assert(strcmp(entry.name, name) == 0, "there is no %s", name);
    cr_assert(entry.dtype == stored && vt_shape_equal(entry.shape, shape), "%s", name);
    vt_tensor x = vt_tensor_file_load(file, name);
    cr_assert(!vt_failed(), "%s", vt_error_message());
    cr_assert(vt_dtype_of(x) == dtype && vt_shape_equal(vt_shape_of(x), shape), "%s is %s", name,
              vt_dtype_name(vt_dtype_of(x)));
    return x;
}

static void assert_values(const char *name, vt_tensor x, const double *want)
{
    double got[64];
    cr_assert(vt_read(x, got, 64, VT_F64), "%s: %s", name, vt_error_message());
    for (int64_t i = 0; i < vt_count(x); i++)
        cr_assert(got[i] == want[i], "%s: element %d is %g, not %g", name, (int)i, got[i], want[i]);
}

static void assert_counts_up(const char *name, vt_tensor x)
{
    double want[64];
    for (int i = 0; i < 64; i++) want[i] = i;
    assert_values(name, x, want);
}

/* ---- what torch.save wrote ---- */

Test(tensor_file, reads_every_dtype_that_data_has)
{
    static const struct {
        const char *name;
        vt_dtype stored, dtype;
    } dtypes[] = {
        { "f32", VT_F32, VT_F32 }, { "f64", VT_F64, VT_F64 }, { "f16", VT_F16, VT_F32 }, { "bf16", VT_BF16, VT_F32 },
        { "i8", VT_I8, VT_I32 },   { "i16", VT_I16, VT_I32 }, { "i32", VT_I32, VT_I32 }, { "i64", VT_I64, VT_I64 },
        { "u8", VT_U8, VT_U8 },    { "u16", VT_U16, VT_I32 }, { "u32", VT_U32, VT_I64 },
    };
    VT_SCOPE;
    vt_tensor_file *file = open_fixture_file("dtypes.pth");
    cr_assert(vt_tensor_file_size(file) == 15);
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        const char *name = dtypes[i].name;
        assert_counts_up(name, assert_is(file, name, dtypes[i].stored, dtypes[i].dtype, VT_SHAPE(2, 3)));
    }
    assert_values("bool", assert_is(file, "bool", VT_BOOL, VT_BOOL, VT_SHAPE(2, 3)), (double[]){ 1, 0, 0, 1, 0, 0 });
    assert_values("scalar", assert_is(file, "scalar", VT_F32, VT_F32, VT_SCALAR), (double[]){ 7 });
    assert_is(file, "empty", VT_F32, VT_F32, VT_SHAPE(2, 0, 3));
    assert_is(file, "sp\u00e4te.Gr\u00fc\u00dfe", VT_F32, VT_F32, VT_SHAPE(1));
    vt_tensor_file_close(file);
}

Test(tensor_file, lists_tensors_in_the_order_of_the_dictionary)
{
    vt_tensor_file *file = open_fixture_file("dtypes.pth");
    static const char *const names[] = { "f32", "f64", "f16", "bf16", "i8" };
    for (int i = 0; i < 5; i++) cr_assert(strcmp(vt_tensor_file_entry(file, i).name, names[i]) == 0);
    vt_tensor_file_close(file);
}

Test(tensor_file, gathers_views_and_shared_storages)
{
    VT_SCOPE;
    vt_tensor_file *file = open_fixture_file("views.pth");
    cr_assert(vt_tensor_file_size(file) == 7);
    assert_counts_up("transposed", assert_is(file, "transposed", VT_F32, VT_F32, VT_SHAPE(3, 4)));
    assert_counts_up("every.second", assert_is(file, "every.second", VT_F32, VT_F32, VT_SHAPE(6)));
    assert_counts_up("parameter", assert_is(file, "parameter", VT_F32, VT_F32, VT_SHAPE(2, 2)));
    assert_counts_up("with.attribute", assert_is(file, "with.attribute", VT_F32, VT_F32, VT_SHAPE(4)));
    assert_counts_up("channels.last", assert_is(file, "channels.last", VT_F32, VT_F32, VT_SHAPE(2, 3, 2, 2)));
    assert_values("inner", assert_is(file, "inner", VT_F32, VT_F32, VT_SHAPE(2, 2)), (double[]){ 7, 8, 12, 13 });
    assert_values("expanded", assert_is(file, "expanded", VT_F32, VT_F32, VT_SHAPE(3, 2)),
                  (double[]){ 0, 1, 0, 1, 0, 1 });
    vt_tensor_file_close(file);
}

/* Beside an optimiser's state, argparse.Namespace, a scalar of NumPy's and more; all names begin with "module.". */
Test(tensor_file, finds_the_state_dict_in_a_checkpoint_of_any_protocol_and_before_zip)
{
    static const char *const files[] = { "training.pth", "protocol4.pth", "protocol5.pth", "legacy.pth" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        VT_SCOPE;
        vt_tensor_file *file = open_fixture_file(files[i]);
        cr_assert(vt_tensor_file_size(file) == 7, "%s: %d", files[i], vt_tensor_file_size(file));
        assert_counts_up("stem.weight", assert_is(file, "stem.weight", VT_F32, VT_F32, VT_SHAPE(2, 3)));
        assert_counts_up("norm.running_var", assert_is(file, "norm.running_var", VT_F32, VT_F32, VT_SHAPE(2)));
        assert_counts_up("n", assert_is(file, "norm.num_batches_tracked", VT_I64, VT_I64, VT_SCALAR));
        vt_tensor_file_close(file);
    }
}

Test(tensor_file, asks_for_the_part_where_there_are_several)
{
    VT_SCOPE;
    char path[512];
    snprintf(path, sizeof path, "%s/parts.pth", VITRO_FIXTURES);
    assert_refused(path, "tensors are in several parts of it, and .part is to say in which to look: \"a\", \"b\"");
    static const struct {
        const char *part, *name;
        int64_t extent;
    } parts[] = { { "a", "x", 2 }, { "b", "x", 4 }, { "b.c", "y", 3 } };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        vt_tensor_file *file = vt_tensor_file_open(path, .part = parts[i].part);
        cr_assert(file && vt_tensor_file_size(file) == 1, "%s", vt_error_message());
        assert_counts_up("x", assert_is(file, parts[i].name, VT_F32, VT_F32, VT_SHAPE(parts[i].extent)));
        vt_tensor_file_close(file);
    }
    cr_assert(!vt_tensor_file_open(path, .part = "b.d"));
    assert_error(VT_ERROR_FILE, "b.d", "it has no part \"d\"");
    cr_assert(!vt_tensor_file_open(path, .part = "a.x"));
    assert_error(VT_ERROR_FILE, "a.x", "its part \"x\" is no dictionary");
    cr_assert(!vt_tensor_file_open(path, .part = ""));
    assert_error(VT_ERROR_FILE, "the whole", "there are no tensors in that part of it");
}

Test(tensor_file, refuses_models_programs_and_dtypes_by_name)
{
    static const struct {
        const char *file, *message;
    } refused[] = {
        { "module.pth",
          "it names torch.nn.modules.linear.Linear, which no dictionary of tensors needs. Nothing was run" },
        { "script.pth", "is compressed (method 8). torch.save stores entries as they are; TorchScript programs" },
        { "complex.pth", "tensor 'w' is of torch.ComplexFloatStorage; f32, f64" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", VITRO_FIXTURES, refused[i].file);
        assert_refused(path, refused[i].message);
    }
}

/* ---- safetensors ---- */

Test(tensor_file, reads_safetensors_of_python)
{
    VT_SCOPE;
    vt_tensor_file *file = open_fixture_file("sample.safetensors");
    cr_assert(vt_tensor_file_size(file) == 11);
    assert_counts_up("f32", assert_is(file, "f32", VT_F32, VT_F32, VT_SHAPE(2, 3)));
    assert_values("bf16", assert_is(file, "bf16", VT_BF16, VT_F32, VT_SHAPE(8)),
                  (double[]){ 0, -0.0, 1, -2.5, 0x1p127, 0x1p-133, 0.0078125, -INFINITY });
    assert_values("scalar", assert_is(file, "scalar", VT_F32, VT_F32, VT_SCALAR), (double[]){ 7 });
    vt_tensor_file_close(file);
    cr_assert(!vt_tensor_file_open(VITRO_FIXTURES "/sample.safetensors", .part = "model"));
    assert_error(VT_ERROR_FILE, "part", "it is a safetensors file, which has no part \"model\"");
}

Test(tensor_file, reads_what_a_model_was_saved_to)
{
    vt_model *model = vt_model_new();
    vt_tensor weight = vt_parameter(vt_root(model), "head.weight", VT_SHAPE(2, 3), VT_INIT_NORMAL, 1);
    vt_buffer(vt_root(model), "mean", VT_SHAPE(3), 2, VT_F64);
    cr_assert(vt_model_save("m", model), "%s", vt_error_message());
    vt_tensor_file *file = vt_tensor_file_open("m");
    cr_assert(file && vt_tensor_file_size(file) == 2, "%s", vt_error_message());
    double want[6];
    cr_assert(vt_read(weight, want, 6, VT_F64));
    vt_scope scope = vt_scope_begin();
    assert_values("head.weight", assert_is(file, "head.weight", VT_F32, VT_F32, VT_SHAPE(2, 3)), want);
    assert_values("mean", assert_is(file, "mean", VT_F64, VT_F64, VT_SHAPE(3)), (double[]){ 2, 2, 2 });
    vt_scope_end(&scope);
    vt_tensor_file_close(file);
    vt_model_free(model);
}

/* ---- the interface ---- */

Test(tensor_file, gives_elements_as_they_are_in_the_file)
{
    vt_tensor_file *file = open_fixture_file("dtypes.pth");
    uint16_t halves[6];
    cr_assert(vt_tensor_file_read(file, "f16", halves, sizeof halves), "%s", vt_error_message());
    cr_assert(halves[1] == 0x3c00 && halves[2] == 0x4000);
    cr_assert(!vt_tensor_file_read(file, "f16", halves, sizeof halves - 1));
    assert_error(VT_ERROR_ARGUMENT, "small", "\"f16\" has 12 bytes, and there is room for 11");
    cr_assert(!vt_tensor_file_read(file, "f16", NULL, sizeof halves));
    assert_error(VT_ERROR_ARGUMENT, "NULL", "the memory for \"f16\" is NULL");
    vt_tensor_file_close(file);
}

Test(tensor_file, names_what_is_not_there)
{
    vt_tensor_file *file = open_fixture_file("dtypes.pth");
    cr_assert(vt_tensor_file_find(file, "f3") == -1 && vt_tensor_file_find(file, NULL) == -1);
    cr_assert(!*vt_tensor_file_entry(file, -1).name && !*vt_tensor_file_entry(file, 15).name);
    cr_assert(!vt_tensor_file_load(file, "f3").id);
    assert_error(VT_ERROR_ARGUMENT, "f3", "dtypes.pth has no tensor \"f3\"");
    cr_assert(!vt_tensor_file_load(NULL, "f3").id);
    assert_error(VT_ERROR_ARGUMENT, "NULL", "the file is NULL");
    cr_assert(vt_tensor_file_size(NULL) == 0 && vt_tensor_file_find(NULL, "x") == -1);
    vt_tensor_file_close(file);
    vt_tensor_file_close(NULL);
    cr_assert(!vt_tensor_file_open("missing.pth"));
    assert_error(VT_ERROR_FILE, "missing", "cannot open missing.pth: No such file or directory");
    cr_assert(!vt_tensor_file_open(NULL));
    assert_error(VT_ERROR_ARGUMENT, "no path", "the path of the file is NULL");
}

Test(tensor_file, recognises_a_file_by_what_is_in_it)
{
    size_t size;
    char *bytes = read_test_file(VITRO_FIXTURES "/legacy.pth", &size);
    write_test_file("weights.safetensors", bytes, size);
    vt_tensor_file *file = vt_tensor_file_open("weights.safetensors");
    cr_assert(file && vt_tensor_file_size(file) == 7, "%s", vt_error_message());
    vt_tensor_file_close(file);
    free(bytes);
}

Test(tensor_file, says_what_another_file_is)
{
    char tar[512] = "storages";
    memcpy(tar + 257, "ustar", 5);
    write_test_file("tar", tar, sizeof tar);
    assert_refused("tar", "it is a tar file, as PyTorch before 0.2 wrote them");
    static const struct {
        const char *bytes, *message;
    } others[] = {
        { "", "it is neither a safetensors file nor one of PyTorch's torch.save" },
        { "P", "it is neither" },
        { "no tensors at all", "it is neither" },
        { "\x80\2", "needs 1 bytes, and 0 are left" },
        { "\x80\2K\1.", "it is a pickle, but not of torch.save" },
        { "version https://git-lfs.github.com/spec/v1\n", "it is a pointer of Git LFS" },
        { "<!DOCTYPE html>", "it is a web page" },
        { "\x1f\x8b\x08", "it is compressed by gzip" },
        { "\x93NUMPY\1", "it is a .npy file, which vt_npy_load reads" },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        write_test_file("other", others[i].bytes, strlen(others[i].bytes));
        assert_refused("other", others[i].message);
    }
}

Test(tensor_file, a_file_that_ends_anywhere_too_early_is_refused)
{
    static const char *const files[] = { "training.pth", "legacy.pth", "protocol4.pth", "sample.safetensors" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512];
        size_t size;
        snprintf(path, sizeof path, "%s/%s", VITRO_FIXTURES, files[i]);
        char *bytes = read_test_file(path, &size);
        write_test_file("short", bytes, size);
        while (size-- > 0) {
            cr_assert(truncate("short", (off_t)size) == 0);
            assert_refused("short", "");
        }
        free(bytes);
    }
}

Test(tensor_file, notices_a_file_that_shrinks_after_it_was_opened)
{
    size_t size;
    char *bytes = read_test_file(VITRO_FIXTURES "/legacy.pth", &size);
    write_test_file("a", bytes, size);
    vt_tensor_file *file = vt_tensor_file_open("a");
    cr_assert(file && truncate("a", 1000) == 0);
    cr_assert(!vt_tensor_file_load(file, "stem.weight").id);
    assert_error(VT_ERROR_FILE, "shrunk", "a is truncated: it ends at byte ");
    vt_tensor_file_close(file);
    free(bytes);
}

/* ---- pickles by hand ---- */

#define TEXT(length, text) "X" length "\0\0\0" text
/* ('storage', class, '0', 'cpu', count) */
#define STORAGE(class, count) "(" TEXT("\7", "storage") "c" class "\n" TEXT("\1", "0") TEXT("\3", "cpu") count "tQ"
#define FLOATS                STORAGE("torch\nFloatStorage", "K\6")
#define TENSOR(storage, offset, shape, stride)                                                                         \
    "ctorch._utils\n_rebuild_tensor_v2\n(" storage offset shape stride "\x89"                                          \
    "ccollections\nOrderedDict\n)RtR"
#define GOOD_TENSOR TENSOR(FLOATS, "K\0", "K\2K\3\x86", "K\3K\1\x86")
/* {'w': value} */
#define STATE(value) "\x80\2}" TEXT("\1", "w") value "s."
#define BYTES(text)  text, sizeof(text) - 1

static const float six[6] = { 0, 1, 2, 3, 4, 5 };

static void write_pickle(const char *path, const void *pickle, size_t size)
{
    write_archive(path, &(archive){ .entries = { { .name = "a/data.pkl", .data = pickle, .size = size },
                                                 { .name = "a/data/0", .data = six, .size = sizeof six } } });
}

static void assert_reads_six(const char *path, const char *name)
{
    VT_SCOPE;
    vt_tensor_file *file = vt_tensor_file_open(path);
    cr_assert(file && vt_tensor_file_size(file) == 1, "%s", vt_error_message());
    assert_counts_up(name, assert_is(file, name, VT_F32, VT_F32, VT_SHAPE(2, 3)));
    vt_tensor_file_close(file);
}

static const struct {
    const char *what, *pickle;
    size_t size;
} good_pickles[] = {
    { "a state dict", BYTES(STATE(GOOD_TENSOR)) },
    { "the oldest function", BYTES(STATE("ctorch._utils\n_rebuild_tensor\n(" FLOATS "K\0K\2K\3\x86K\3K\1\x86tR")) },
    { "torch.Size", BYTES(STATE(TENSOR(FLOATS, "K\0", "ctorch\nSize\nK\2K\3\x86\x85R", "K\3K\1\x86"))) },
    { "a parameter", BYTES(STATE("ctorch._utils\n_rebuild_parameter\n" GOOD_TENSOR "\x88"
                                 "N\x87R")) },
    { "OrderedDict of pairs, as Python 2 wrote it", BYTES("\x80\2"
                                                          "ccollections\nOrderedDict\n(]](U\1w" GOOD_TENSOR "eatR.") },
    { "an extent of 1 whose stride means nothing",
      BYTES("\x80\2}" TEXT("\1", "w") TENSOR(FLOATS, "K\0", "K\2K\3\x86", "K\3K\1\x86") "sK\1K\2s.") },
    { "numbers of each length",
      BYTES("\x80\4\x95\1\0\0\0\0\0\0\0}(" TEXT("\1", "n") "J\xff\xff\xff\xff" TEXT("\1", "m") "\x8a\0" TEXT(
          "\1", "k") "\x8b\2\0\0\0\xff\xff" TEXT("\1", "f") "G\x3f\xf0\0\0\0\0\0\0" TEXT("\1", "w") GOOD_TENSOR "u.") },
    { "what a pickle may do without need", BYTES("\x80\2N0(KK1}2r\1\1\0\0"
                                                 "0" TEXT("\1", "w") GOOD_TENSOR "sj\1\1\0\0"
                                                                                 "0.") },
    { "a dictionary that holds itself", BYTES("\x80\2}q\0" TEXT("\1", "d") "h\0s" TEXT("\1", "w") GOOD_TENSOR "s.") },
};

Test(torch_pickle, reads_what_a_state_dict_may_consist_of)
{
    for (size_t i = 0; i < sizeof good_pickles / sizeof *good_pickles; i++) {
        write_pickle("good", good_pickles[i].pickle, good_pickles[i].size);
        vt_tensor_file *file = vt_tensor_file_open("good");
        cr_assert(file, "%s: %s", good_pickles[i].what, vt_error_message());
        vt_tensor_file_close(file);
        assert_reads_six("good", "w");
    }
}

#define LONG(bytes) "\x8a\x08" bytes

static const struct {
    const char *what, *message, *pickle;
    size_t size;
} hostile_pickles[] = {
    { "os.system", "it names posix.system, which no dictionary of tensors needs. Nothing was run",
      BYTES("\x80\2"
            "cposix\nsystem\n" TEXT("\4", "true") "\x85R.") },
    { "os.system of protocol 4", "it names os.system, which", BYTES("\x80\4\x8c\2os\x8c\6system\x93\x8c\4true\x85R.") },
    { "eval beside a tensor", "it names builtins.eval, which",
      BYTES("\x80\2}" TEXT("\1", "w") GOOD_TENSOR "s" TEXT("\1", "x") "cbuiltins\neval\n" TEXT("\1", "1") "\x85Rs.") },
    { "a class of torch that opens files", "it names torch.hub.load, which",
      BYTES("\x80\2"
            "ctorch.hub\nload\n)R.") },
    { "an old way to make an instance", "INST is an opcode that no file of tensors needs",
      BYTES("\x80\2(iposix\nsystem\n.") },
    { "another old way", "OBJ is an opcode that no file", BYTES("\x80\2(cbuiltins\nset\no.") },
    { "an extension", "EXT1 is an opcode", BYTES("\x80\2\x82\1.") },
    { "no opcode", "0x00 is no opcode", BYTES("\x80\2\0") },
    { "protocol 6", "it is of protocol 6; 2 to 5 are read", BYTES("\x80\6}.") },
    { "no end", "the next opcode needs 1 bytes, and 0 are left", BYTES("\x80\2}") },
    { "nothing at all", "the next opcode needs 1 bytes, and 0 are left", BYTES("") },
    { "an end without a value", "STOP takes 1 values, and there are fewer", BYTES("\x80\2.") },
    { "an end at a mark", "STOP takes 1 values, and there are fewer", BYTES("\x80\2(.") },
    { "text that is longer than the pickle", "BINUNICODE needs 4294967295 bytes, and 1 are left",
      BYTES("\x80\2X\xff\xff\xff\xff.") },
    { "text of 2^63 bytes", "BINUNICODE8 needs 9223372036854775808 bytes", BYTES("\x80\4\x8d\0\0\0\0\0\0\0\x80.") },
    { "a frame of 2^64 bytes", "FRAME needs 18446744073709551615 bytes",
      BYTES("\x80\4\x95\xff\xff\xff\xff\xff\xff\xff\xff.") },
    { "a place of the memo that is empty", "BINGET reads place 7 of the memo, where nothing is", BYTES("\x80\2h\7.") },
    { "one that none has", "LONG_BINGET reads place 4294967295 of the memo, where", BYTES("\x80\2j\xff\xff\xff\xff.") },
    { "a memo of 2^32 places", "LONG_BINPUT uses place 4294967295 of the memo", BYTES("\x80\2Nr\xff\xff\xff\xff.") },
    { "an empty stack", "POP takes from an empty stack",
      BYTES("\x80\2"
            "00.") },
    { "no mark", "TUPLE needs a mark, and there is none", BYTES("\x80\2Nt.") },
    { "a mark in a tuple", "TUPLE2 takes 2 values, and there are fewer", BYTES("\x80\2N(N\x86.") },
    { "an item of nothing", "SETITEM takes 1 values, and there are fewer", BYTES("\x80\2NNs.") },
    { "an item of a number", "SETITEM sets an item of what is no dictionary", BYTES("\x80\2K\1NNs.") },
    { "an item of a tuple", "APPEND appends to what is no list", BYTES("\x80\2)Na.") },
    { "a key without a value", "SETITEMS has a key without a value", BYTES("\x80\2}(NNNu.") },
    { "a dictionary with a key without a value", "DICT has a key without a value", BYTES("\x80\2(Nd.") },
    { "a number that is called", "REDUCE calls what is no class", BYTES("\x80\2K\1)R.") },
    { "arguments that are a list", "REDUCE has arguments that are no tuple",
      BYTES("\x80\2"
            "ctorch\nSize\n]R.") },
    { "a class with a number for a name", "STACK_GLOBAL has a name that is no text", BYTES("\x80\4K\1K\2\x93.") },
    { "a name without an end", "GLOBAL needs 1 bytes, and 0 are left",
      BYTES("\x80\2"
            "cabc") },
    { "a list", "what it holds is no dictionary of tensors: save a state dict", BYTES("\x80\2].") },
    { "a tensor", "what it holds is no dictionary of tensors: save a state dict", BYTES("\x80\2" GOOD_TENSOR ".") },
    { "no tensors", "there are no tensors in its dictionary, nor in the dictionaries of that",
      BYTES("\x80\2}" TEXT("\1", "n") "K\1s.") },
    { "itself alone", "there are no tensors in its dictionary", BYTES("\x80\2}q\0" TEXT("\5", "model") "h\0s.") },
    { "a key that is no text", "a tensor is there under a key that is no text", BYTES("\x80\2}K\1" GOOD_TENSOR "s.") },
    { "a key with a zero", "has byte 0x00 in it, which is no character, behind \"w\"",
      BYTES("\x80\2}" TEXT("\2", "w\0") GOOD_TENSOR "s.") },
    { "a key with an escape", "has byte 0x1b in it", BYTES("\x80\2}" TEXT("\2", "\x1bw") GOOD_TENSOR "s.") },
    { "a name twice", "it has tensor 'w' twice",
      BYTES("\x80\2}" TEXT("\1", "w") GOOD_TENSOR "s" TEXT("\1", "w") GOOD_TENSOR "s.") },
    { "too few arguments", "tensor 'w' is made of less than a storage",
      BYTES(STATE("ctorch._utils\n_rebuild_tensor_v2\n(" FLOATS "tR")) },
    { "no storage", "what stands in the place of a storage is not", BYTES(STATE(TENSOR("N", "K\0", ")", ")"))) },
    { "a storage of another kind", "what stands in the place of a storage is not",
      BYTES(STATE(TENSOR("K\1Q", "K\0", ")", ")"))) },
    { "a class that is no storage", "what stands in the place of a storage is not",
      BYTES(STATE(TENSOR(STORAGE("torch\nSize", "K\6"), "K\0", ")", ")"))) },
    { "a storage that is not there", "tensor 'w' is in storage 1, which the file has not",
      BYTES(STATE(TENSOR("(" TEXT("\7", "storage") "ctorch\nFloatStorage\n" TEXT("\1", "1") TEXT("\3", "cpu") "K\6tQ",
                         "K\0", ")", ")"))) },
    { "a storage outside of its folder", "tensor 'w' is in storage ../a/data/0, which the file has not",
      BYTES(STATE(TENSOR("(" TEXT("\7", "storage") "ctorch\nFloatStorage\n" TEXT("\x0b", "../a/data/0")
                             TEXT("\3", "cpu") "K\6tQ",
                         "K\0", ")", ")"))) },
    { "a storage that is too short", "storage 0 of tensor 'w' has 24 bytes, and should have 7 elements of 4",
      BYTES(STATE(TENSOR(STORAGE("torch\nFloatStorage", "K\7"), "K\0", ")", ")"))) },
    { "a storage whose size overflows", "storage 0 of tensor 'w' has 24 bytes, and should have 4611686018427387910",
      BYTES(STATE(TENSOR(STORAGE("torch\nFloatStorage", LONG("\6\0\0\0\0\0\0\x40")), "K\0", ")", ")"))) },
    { "a negative number of elements", "what stands in the place of a storage is not",
      BYTES(STATE(TENSOR(STORAGE("torch\nFloatStorage", "J\xff\xff\xff\xff"), "K\0", ")", ")"))) },
    { "a quantised tensor", "tensor 'w' is of torch.QInt8Storage",
      BYTES(STATE(TENSOR(STORAGE("torch\nQInt8Storage", "K\6"), "K\0", ")", ")"))) },
    { "a negative offset", "the offset of tensor 'w' is not an integer that is 0 or more",
      BYTES(STATE(TENSOR(FLOATS, "J\xff\xff\xff\xff", "K\1\x85", "K\1\x85"))) },
    { "an offset that is no number", "the offset of tensor 'w' is not",
      BYTES(STATE(TENSOR(FLOATS, "N", "K\1\x85", "K\1\x85"))) },
    { "an offset beyond the storage", "reaches beyond its storage of 6 elements",
      BYTES(STATE(TENSOR(FLOATS, "K\6", "K\1\x85", "K\1\x85"))) },
    { "an offset of 2^63 - 1", "reaches beyond its storage",
      BYTES(STATE(TENSOR(FLOATS, LONG("\xff\xff\xff\xff\xff\xff\xff\x7f"), "K\1\x85", "K\1\x85"))) },
    { "a negative extent", "the shape of tensor 'w' is not a tuple of integers that are 0 or more",
      BYTES(STATE(TENSOR(FLOATS, "K\0", "J\xff\xff\xff\xff\x85", "K\1\x85"))) },
    { "a shape that is a number", "the shape of tensor 'w' is not a tuple",
      BYTES(STATE(TENSOR(FLOATS, "K\0", "K\1", "K\1\x85"))) },
    { "a negative stride", "the strides of tensor 'w' are not a tuple of 1 integers that are 0 or more",
      BYTES(STATE(TENSOR(FLOATS, "K\0", "K\2\x85", "J\xff\xff\xff\xff\x85"))) },
    { "fewer strides than extents", "the strides of tensor 'w' are not a tuple of 2 integers",
      BYTES(STATE(TENSOR(FLOATS, "K\0", "K\2K\3\x86", "K\1\x85"))) },
    { "nine axes", "tensor 'w' has 9 axes, and 8 are supported",
      BYTES(STATE(TENSOR(FLOATS, "K\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t"))) },
    { "a shape whose size overflows", "the size of tensor 'w', f32 [9223372036854775807, 3], overflows",
      BYTES(STATE(TENSOR(FLOATS, "K\0", LONG("\xff\xff\xff\xff\xff\xff\xff\x7f") "K\3\x86", "K\0K\0\x86"))) },
    { "strides whose reach overflows", "reaches beyond its storage",
      BYTES(STATE(TENSOR(FLOATS, "K\0", "K\3\x85", LONG("\xff\xff\xff\xff\xff\xff\xff\x7f") "\x85"))) },
    { "strides that sum up to too much", "reaches beyond its storage",
      BYTES(STATE(TENSOR(FLOATS, "K\0", "K\2K\2\x86",
                         LONG("\xff\xff\xff\xff\xff\xff\xff\x7f") LONG("\xff\xff\xff\xff\xff\xff\xff\x7f") "\x86"))) },
    { "a row too many", "tensor 'w', f32 [3, 3] from element 0 on, reaches beyond its storage of 6 elements",
      BYTES(STATE(TENSOR(FLOATS, "K\0", "K\3K\3\x86", "K\3K\1\x86"))) },
    { "elements that repeat without end", "repeats elements until they are more than the file has bytes",
      BYTES(STATE(TENSOR(FLOATS, "K\0", "J\0\0\0\x40\x85", "K\0\x85"))) },
};

Test(torch_pickle, refuses_everything_else_by_name)
{
    for (size_t i = 0; i < sizeof hostile_pickles / sizeof *hostile_pickles; i++) {
        write_pickle("bad", hostile_pickles[i].pickle, hostile_pickles[i].size);
        cr_assert(!vt_tensor_file_open("bad"), "%s was accepted", hostile_pickles[i].what);
        cr_assert(strncmp(vt_error_message(), "bad ", 4) == 0, "%s", vt_error_message());
        assert_error(VT_ERROR_FILE, hostile_pickles[i].what, hostile_pickles[i].message);
    }
}

/* A pickle of one byte again and again, in a file of its own: it has no number of torch.save in it, but that is seen
 * when it has been read. */
static void assert_repeated(const char *before, char byte, size_t count, const char *message)
{
    size_t length = strlen(before);
    char *pickle = malloc(length + count);
    memcpy(pickle, before, length);
    memset(pickle + length, byte, count);
    write_test_file("long", pickle, length + count);
    free(pickle);
    assert_refused("long", message);
}

enum { MANY = 5000000 };

Test(torch_pickle, bounds_what_a_long_pickle_makes_it_keep)
{
    assert_repeated("\x80\2", 'N', MANY, "NONE makes more than the 4194304 values that a file of tensors may have");
    assert_repeated("\x80\2N", '2', MANY, "DUP comes after 4194304 values that nothing took");
    assert_repeated("\x80\2", '(', MANY, "MARK comes after 4194304 values that nothing took");
    assert_repeated("\x80\2N", '\x85', MANY, "TUPLE1 makes more than the 4194304 values");
}

Test(torch_pickle, depth_costs_no_stack)
{
    assert_repeated("\x80\2N", '\x85', 1000000, "the next opcode needs 1 bytes, and 0 are left");
}

/* A pickle of `before`, then `repeated` so many times, then `after`. */
static size_t repeat_in(char *pickle, size_t used, const char *text, size_t size, int times)
{
    for (int i = 0; i < times; i++, used += size) memcpy(pickle + used, text, size);
    return used;
}
#define REPEAT(text, times) used = repeat_in(pickle, used, BYTES(text), times)

static void assert_long_pickle_refused(const char *pickle, size_t size, const char *message)
{
    FILE *file = fopen("entangled", "wb");
    static const char preamble[] = "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3.\x80\2}.";
    cr_assert(file && fwrite(BYTES(preamble), 1, file) && fwrite(pickle, size, 1, file));
    fclose(file);
    assert_refused("entangled", message);
}

enum { OFTEN = 500000 };

/* Half a million references to a dictionary of half a million values. */
Test(torch_pickle, looks_at_a_dictionary_that_is_everywhere_not_everywhere)
{
    char *pickle = malloc(8 * OFTEN);
    size_t used = 0;
    REPEAT("\x80\2}q\0(", 1);
    REPEAT("NN", OFTEN);
    REPEAT("u0}(" TEXT("\1", "k") "q\1"
                                  "h\0",
           1);
    REPEAT("h\1h\0", OFTEN);
    REPEAT("u.\x80\2].", 1);
    assert_long_pickle_refused(pickle, used, "there are no tensors in its dictionary");
    free(pickle);
}

Test(torch_pickle, lists_a_tensor_that_is_everywhere_not_everywhere)
{
    char *pickle = malloc(8 * OFTEN);
    size_t used = 0;
    REPEAT("\x80\2}(" TEXT("\1", "k") "q\1" GOOD_TENSOR "q\2", 1);
    REPEAT("h\1h\2", OFTEN);
    REPEAT("u.\x80\2](" TEXT("\1", "0") "e.\6\0\0\0\0\0\0\0", 1);
    used = repeat_in(pickle, used, (const char *)six, sizeof six, 1);
    assert_long_pickle_refused(pickle, used, "it has more than 131072 tensors");
    free(pickle);
}

Test(torch_pickle, names_and_keys_have_an_end)
{
    char *pickle = malloc(8 * OFTEN);
    size_t used = 0;
    REPEAT("\x80\2}X\xe9\3\0\0", 1);
    REPEAT("n", 1001);
    REPEAT(GOOD_TENSOR "s.\x80\2](" TEXT("\1", "0") "e.\6\0\0\0\0\0\0\0", 1);
    used = repeat_in(pickle, used, (const char *)six, sizeof six, 1);
    assert_long_pickle_refused(pickle, used, "the name of a tensor has 1001 bytes, and 1000 are the most");
    used = 0;
    REPEAT(STATE(GOOD_TENSOR) "\x80\2]X\x65\0\0\0", 1);
    REPEAT("0", 101);
    REPEAT("a.", 1);
    assert_long_pickle_refused(pickle, used, "the key of storage 0 is not a text of at most 100 bytes");
    free(pickle);
}

/* What comes after the pickle of the oldest files. */
static const struct {
    const char *what, *message, *bytes;
    size_t size;
} hostile_ends[] = {
    { "no list of keys", "it has no list of storages behind its pickle", BYTES("\x80\2}.") },
    { "the same key twice", "it has storage 0 twice", BYTES("\x80\2]" TEXT("\1", "0") "a" TEXT("\1", "0") "a.") },
    { "a key that nothing refers to", "nothing says of what elements storage 1 is",
      BYTES("\x80\2]" TEXT("\1", "1") "a.") },
    { "no storage", "it is truncated: it ends before storage 0", BYTES("\x80\2]" TEXT("\1", "0") "a.") },
    { "a storage of 2^64 - 1 elements",
      "it is truncated: storage 0 has 18446744073709551615 elements of 4 bytes, and 0",
      BYTES("\x80\2]" TEXT("\1", "0") "a.\xff\xff\xff\xff\xff\xff\xff\xff") },
    { "fewer elements than the pickle says", "storage 0 of tensor 'w' has 4 bytes, and should have 6 elements of 4",
      BYTES("\x80\2]" TEXT("\1", "0") "a.\1\0\0\0\0\0\0\0"
                                      "1234") },
    { "none of the storages", "tensor 'w' is in storage 0, which the file has not", BYTES("\x80\2].") },
};

Test(torch_pickle, refuses_storages_of_old_files_that_are_not_there)
{
    for (size_t i = 0; i < sizeof hostile_ends / sizeof *hostile_ends; i++) {
        char pickle[1000];
        size_t used = 0;
        REPEAT(STATE(GOOD_TENSOR), 1);
        used = repeat_in(pickle, used, hostile_ends[i].bytes, hostile_ends[i].size, 1);
        assert_long_pickle_refused(pickle, used, hostile_ends[i].message);
    }
}

/* ---- zip files by hand ---- */

#define PICKLE_ENTRY                                                                                                   \
    {                                                                                                                  \
        .name = "a/data.pkl", .data = STATE(GOOD_TENSOR), .size = sizeof(STATE(GOOD_TENSOR)) - 1                       \
    }
#define STORAGE_ENTRY .name = "a/data/0", .data = six, .size = sizeof six

Test(torch_zip, reads_zip64_comments_and_other_entries)
{
    archive plain = { .entries = { PICKLE_ENTRY,
                                   { STORAGE_ENTRY },
                                   { .name = "a/version", .data = "3\n", .size = 2 },
                                   { .name = "a/byteorder", .data = "little", .size = 6 },
                                   { .name = "a/", .size = 0 } } };
    write_archive("plain", &plain);
    assert_reads_six("plain", "w");
    archive large = plain;
    large.zip64 = true;
    write_archive("large", &large);
    assert_reads_six("large", "w");
    plain.comment = "a comment";
    write_archive("comment", &plain);
    assert_reads_six("comment", "w");
}

static const struct {
    const char *what, *message;
    archive archive;
} hostile_archives[] = {
    { "a compressed entry",
      "a/data/0 is compressed (method 8). torch.save stores entries as they are",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY, .method = 8, .own_method = 8 } } } },
    { "one that only its own header says to be",
      "a/data/0 is compressed (method 8)",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY, .own_method = 8 } } } },
    { "an encrypted entry", "a/data/0 is encrypted", { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY, .flags = 1 } } } },
    { "two sizes",
      "a/data/0, which is not compressed, has 28 bytes and takes 24",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY, .more_size = 4 } } } },
    { "entries that overlap",
      "has entries that overlap: a/data.pkl and a/data/0",
      { .entries = { { .name = "a/data.pkl",
                       .data = STATE(GOOD_TENSOR),
                       .size = sizeof(STATE(GOOD_TENSOR)) - 1,
                       .more_size = 1,
                       .more_packed = 1 },
                     { STORAGE_ENTRY } } } },
    { "two entries in one place",
      "has entries that overlap",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY }, { STORAGE_ENTRY, .more_place = -30 - 8 - 5 - 24 } } } },
    { "an entry beyond the end",
      "gives a/data/0 1048600 bytes from byte ",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY, .more_size = 1 << 20, .more_packed = 1 << 20 } } } },
    { "an entry of 2^64 - 1 bytes",
      "which do not fit before the directory",
      { .zip64 = true, .entries = { PICKLE_ENTRY, { STORAGE_ENTRY, .more_size = -25, .more_packed = -25 } } } },
    { "an entry behind the directory",
      "puts a/data/0 at byte ",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY, .more_place = 1 << 20 } } } },
    { "an entry where none begins",
      "where no entry begins",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY, .more_place = 1 } } } },
    { "an entry with another name of its own",
      "where another name stands",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY, .own_name = "a/data/1" } } } },
    { "the same name twice",
      "has a/data/0 twice",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY }, { STORAGE_ENTRY } } } },
    { "an entry on another disk",
      "is one part of several",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY, .disk = 1 } } } },
    { "an end on another disk",
      "is one part of several",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY } }, .disk = 1 } },
    { "an end of 64 bits on another disk",
      "is one part of several",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY } }, .disk = 1, .zip64 = true } },
    { "more entries than there are",
      "has no entry where one should be, 0 bytes before its end",
      { .entries = { PICKLE_ENTRY,
                     { STORAGE_ENTRY },
                     { .name = "a/a name that is as long as the header of an entry is" } },
        .more_count = 1 } },
    { "entries that are not counted",
      "bytes behind its entries",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY } }, .more_count = -1 } },
    { "more entries than fit",
      "too few for 1002 entries",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY } }, .more_count = 1000 } },
    { "2^64 - 1 entries",
      "too few for 18446744073709551615 entries",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY } }, .more_count = -3, .zip64 = true } },
    { "a directory that begins elsewhere",
      "and end at byte ",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY } }, .more_place = 1 } },
    { "a directory that is too long",
      "and end at byte ",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY } }, .more_bytes = 1 } },
    { "bytes behind the end",
      "is missing: the file is truncated, or is no zip file",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY } }, .behind = "x" } },
    { "no entries", "it is a zip file with no data.pkl in a folder", { .entries = { { 0 } } } },
    { "no pickle", "it is a zip file with no data.pkl in a folder", { .entries = { { STORAGE_ENTRY } } } },
    { "a pickle in no folder",
      "it is a zip file with no data.pkl in a folder",
      { .entries = { { .name = "data.pkl", .data = STATE(GOOD_TENSOR), .size = 10 }, { STORAGE_ENTRY } } } },
    { "two pickles",
      "it is a zip file with more than one data.pkl in a folder",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY }, { .name = "b/data.pkl", .data = "", .size = 0 } } } },
    { "big-endian elements",
      "its elements are not little-endian but big",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY }, { .name = "a/byteorder", .data = "big", .size = 3 } } } },
    { "a program of TorchScript",
      "it is a TorchScript program: save the state dict",
      { .entries = { PICKLE_ENTRY, { STORAGE_ENTRY }, { .name = "a/constants.pkl", .data = "", .size = 0 } } } },
};

Test(torch_zip, refuses_what_torch_save_does_not_write)
{
    for (size_t i = 0; i < sizeof hostile_archives / sizeof *hostile_archives; i++) {
        write_archive("bad", &hostile_archives[i].archive);
        cr_assert(!vt_tensor_file_open("bad"), "%s was accepted", hostile_archives[i].what);
        cr_assert(strncmp(vt_error_message(), "bad ", 4) == 0, "%s", vt_error_message());
        assert_error(VT_ERROR_FILE, hostile_archives[i].what, hostile_archives[i].message);
    }
}
