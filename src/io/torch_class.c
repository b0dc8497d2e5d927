/* torch_class.c - the classes that a file of torch.save may name. */
#include "torch_class.h"

#include <string.h>

#define ANYTHING(class)                                                                                                \
    {                                                                                                                  \
        class, TORCH_ANYTHING, VT_DTYPE_DEFAULT                                                                        \
    }

static const torch_class classes[] = {
    { "torch._utils._rebuild_tensor_v2", TORCH_TENSOR, VT_DTYPE_DEFAULT },
    { "torch._utils._rebuild_tensor", TORCH_TENSOR, VT_DTYPE_DEFAULT },
    { "torch._utils._rebuild_tensor_v3", TORCH_TYPED_TENSOR, VT_DTYPE_DEFAULT },
    { "torch._utils._rebuild_parameter", TORCH_PARAMETER, VT_DTYPE_DEFAULT },
    { "torch._utils._rebuild_parameter_with_state", TORCH_PARAMETER, VT_DTYPE_DEFAULT },
    { "torch._tensor._rebuild_from_type_v2", TORCH_SUBCLASS, VT_DTYPE_DEFAULT },
    { "collections.OrderedDict", TORCH_DICT, VT_DTYPE_DEFAULT },
    { "torch.Size", TORCH_SIZE, VT_DTYPE_DEFAULT },

    { "torch.FloatStorage", TORCH_STORAGE, VT_F32 },
    { "torch.DoubleStorage", TORCH_STORAGE, VT_F64 },
    { "torch.HalfStorage", TORCH_STORAGE, VT_F16 },
    { "torch.BFloat16Storage", TORCH_STORAGE, VT_BF16 },
    { "torch.CharStorage", TORCH_STORAGE, VT_I8 },
    { "torch.ShortStorage", TORCH_STORAGE, VT_I16 },
    { "torch.IntStorage", TORCH_STORAGE, VT_I32 },
    { "torch.LongStorage", TORCH_STORAGE, VT_I64 },
    { "torch.ByteStorage", TORCH_STORAGE, VT_U8 },
    { "torch.BoolStorage", TORCH_STORAGE, VT_BOOL },
    { "torch.storage.UntypedStorage", TORCH_STORAGE, VT_U8 },
    { "torch.ComplexFloatStorage", TORCH_STORAGE, VT_DTYPE_DEFAULT },
    { "torch.ComplexDoubleStorage", TORCH_STORAGE, VT_DTYPE_DEFAULT },
    { "torch.QInt8Storage", TORCH_STORAGE, VT_DTYPE_DEFAULT },
    { "torch.QUInt8Storage", TORCH_STORAGE, VT_DTYPE_DEFAULT },
    { "torch.QInt32Storage", TORCH_STORAGE, VT_DTYPE_DEFAULT },

    { "torch.float32", TORCH_DTYPE, VT_F32 },
    { "torch.float64", TORCH_DTYPE, VT_F64 },
    { "torch.float16", TORCH_DTYPE, VT_F16 },
    { "torch.bfloat16", TORCH_DTYPE, VT_BF16 },
    { "torch.int8", TORCH_DTYPE, VT_I8 },
    { "torch.int16", TORCH_DTYPE, VT_I16 },
    { "torch.int32", TORCH_DTYPE, VT_I32 },
    { "torch.int64", TORCH_DTYPE, VT_I64 },
    { "torch.uint8", TORCH_DTYPE, VT_U8 },
    { "torch.uint16", TORCH_DTYPE, VT_U16 },
    { "torch.uint32", TORCH_DTYPE, VT_U32 },
    { "torch.bool", TORCH_DTYPE, VT_BOOL },
    { "torch.uint64", TORCH_DTYPE, VT_DTYPE_DEFAULT },
    { "torch.complex64", TORCH_DTYPE, VT_DTYPE_DEFAULT },
    { "torch.complex128", TORCH_DTYPE, VT_DTYPE_DEFAULT },
    { "torch.float8_e4m3fn", TORCH_DTYPE, VT_DTYPE_DEFAULT },
    { "torch.float8_e5m2", TORCH_DTYPE, VT_DTYPE_DEFAULT },

    ANYTHING("torch.Tensor"),
    ANYTHING("torch.nn.parameter.Parameter"),
    ANYTHING("torch.device"),
    ANYTHING("torch.torch_version.TorchVersion"),
    ANYTHING("argparse.Namespace"),
    ANYTHING("types.SimpleNamespace"),
    ANYTHING("yacs.config.CfgNode"),
    ANYTHING("collections.Counter"),
    ANYTHING("collections.defaultdict"),
    ANYTHING("pathlib.PosixPath"),
    ANYTHING("pathlib.Path"),
    ANYTHING("datetime.datetime"),
    ANYTHING("datetime.timedelta"),
    ANYTHING("_codecs.encode"),
    ANYTHING("numpy.dtype"),
    ANYTHING("numpy.ndarray"),
    ANYTHING("numpy.core.multiarray.scalar"),
    ANYTHING("numpy.core.multiarray._reconstruct"),
    ANYTHING("numpy._core.multiarray.scalar"),
    ANYTHING("numpy._core.multiarray._reconstruct"),
    /* Python 2's name of the module comes from protocol 2. */
    ANYTHING("builtins.set"),
    ANYTHING("builtins.frozenset"),
    ANYTHING("builtins.bytearray"),
    ANYTHING("builtins.complex"),
    ANYTHING("builtins.range"),
    ANYTHING("builtins.slice"),
    ANYTHING("builtins.int"),
    ANYTHING("builtins.float"),
    ANYTHING("builtins.dict"),
    ANYTHING("builtins.list"),
    ANYTHING("__builtin__.set"),
    ANYTHING("__builtin__.frozenset"),
    ANYTHING("__builtin__.bytearray"),
    ANYTHING("__builtin__.complex"),
    ANYTHING("__builtin__.xrange"),
    ANYTHING("__builtin__.slice"),
    ANYTHING("__builtin__.int"),
    ANYTHING("__builtin__.float"),
    ANYTHING("__builtin__.dict"),
    ANYTHING("__builtin__.list"),
};

const torch_class *torch_class_find(const char *name)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(classes[i].name, name) == 0) return &classes[i];
    return NULL;
}
