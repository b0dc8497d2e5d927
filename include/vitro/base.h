/* base.h - types that every header shares: handles, shapes, dtypes, call sites, keyword arguments. */
#ifndef VITRO_BASE_H
#define VITRO_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define VT_API          __attribute__((visibility("default")))
#define VT_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define VT_CLEANUP_(f)  __attribute__((__cleanup__(f), __unused__))
#define VT_JOIN_(a, b)  a##b
#define VT_JOIN(a, b)   VT_JOIN_(a, b)
#else
#define VT_API
#define VT_PRINTF(f, a)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A tensor handle: a value to copy freely. The zero handle is inert: ops given it record nothing. A handle whose
 * tensor has ended, or that belongs to another thread, is recognised by its generation and reported, never followed. */
typedef struct vt_tensor {
    uint32_t id, generation;
} vt_tensor;

enum { VT_MAX_RANK = 8 };

/* The extent along each axis; rank 0 is a scalar, an extent of 0 an empty tensor. */
typedef struct vt_shape {
    int rank;
    int64_t dim[VT_MAX_RANK];
} vt_shape;

/* The value of a numeric option that is to follow from other arguments, in the way that the option's comment says. */
enum { VT_AUTO = INT32_MIN };

/* A list of axes: VT_AXES(1, -1). Negative axes count from the last. */
typedef struct vt_axes {
    int count, axis[VT_MAX_RANK];
} vt_axes;

/* Element types. VT_DTYPE_DEFAULT stands for the context's precision where a dtype may be left out. */
typedef enum vt_dtype {
    VT_DTYPE_DEFAULT,
    VT_F32,
    VT_F64,
    VT_I32,
    VT_I64,
    VT_U8,
    VT_BOOL, /* one byte, 0 or 1 */
    VT_BF16, /* for vt_set_precision, and of data */
    /* Of data alone, which vt_from_data and vt_read convert: tensors have the dtypes before. */
    VT_F16,
    VT_I8,
    VT_I16,
    VT_U16,
    VT_U32,
    VT_DTYPE_COUNT
} vt_dtype;

/* Where in the user's source an op was called; every message about the op names it. The strings are read during the
 * call and copied where they are needed later: a plugin may be unloaded while what it recorded is still to be computed.
 */
typedef struct vt_site {
    const char *file, *function;
    int line;
} vt_site;

/* The type of the member behind which arguments are named: see VT_ARGS. */
typedef struct vt_named_only_ *vt_named_only;

static inline vt_site vt_site_(const char *file, const char *function, int line)
{
    vt_site site = { file, function, line };
    return site;
}
#define VT_HERE vt_site_(__FILE__, __func__, __LINE__)

/* "f32", "i64", ...; "?" for a value outside the enumeration. */
VT_API const char *vt_dtype_name(vt_dtype dtype);
/* Bytes an element takes. */
VT_API size_t vt_dtype_size(vt_dtype dtype);
VT_API bool vt_dtype_is_float(vt_dtype dtype);

/* Product of the extents: 1 for a scalar; INT64_MAX where it is no int64_t. */
VT_API int64_t vt_shape_count(vt_shape shape);
VT_API bool vt_shape_equal(vt_shape a, vt_shape b);
/* Writes "[2, 3, 4]" into text and returns it. */
VT_API const char *vt_shape_text(vt_shape shape, char text[128]);

#ifdef __cplusplus
}
#else

/* VT_SHAPE(2, 3, 4); VT_SCALAR is the shape of rank 0. */
#define VT_SHAPE(...) ((vt_shape){ (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), { __VA_ARGS__ } })
#define VT_SCALAR     ((vt_shape){ .rank = 0 })

#define VT_AXES(...)                                                                                  ((vt_axes){ (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), { __VA_ARGS__ } })

/* The machinery of keyword arguments. A function with options is a macro over an exported one:
 *
 *     #define vt_linear(...) vt_linear_with(VT_ARGS(vt_linear_args, 2, "vt_linear(x, weight, .bias)", __VA_ARGS__))
 *
 * VT_ARGS builds the struct of arguments with the call site, and stops the compiler with the signature where fewer than
 * the required arguments are given. Options stand behind a member of type vt_named_only, to which nothing converts, so
 * that they can be given by name alone.
 *
 * An option that is left out has its default; one that is given means what it says, 0 included. A flag's default is
 * false, an enumeration's its first value, a tensor or a pointer is not there. Those of numbers are listed, all in one
 * place, and VT_CALL takes the list:
 *
 *     #define VT_SLICE_DEFAULTS .step = 1
 *     VT_API vt_slice_args vt_slice_defaults(void);
 *     #define vt_slice(...) VT_CALL(vt_slice_with, vt_slice_args, VT_SLICE_DEFAULTS, 4, "...", __VA_ARGS__)
 *
 * Who calls vt_slice_with itself, as C++ does, begins with what vt_slice_defaults() returns. */
#define VT_COUNT_ARGS_(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, n, ...) n
#define VT_COUNT_ARGS(...)                                                                            VT_COUNT_ARGS_(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define VT_REQUIRE_ARGS_(n, signature, ...)                                                                            \
    ((int)(0 * sizeof(struct {                                                                                         \
               _Static_assert(VT_COUNT_ARGS(__VA_ARGS__) >= (n), "missing argument: " signature);                      \
               int present;                                                                                            \
           })))
#define VT_ARGS(type, required, signature, ...)                                                                        \
    (&(const type){ .at_ = { __FILE__, __func__, __LINE__ + VT_REQUIRE_ARGS_(required, signature, __VA_ARGS__) },      \
                    __VA_ARGS__ })

/* C lets a later initialiser override an earlier one: here the user's, the default. Compilers warn of it, for it may be
 * a slip; so the options are also seen alone, as a type that computes nothing, where one that is given twice is found.
 */
#if defined(__clang__)
#define VT_OVERRIDES_ _Pragma("GCC diagnostic ignored \"-Winitializer-overrides\"")
#else
#define VT_OVERRIDES_ _Pragma("GCC diagnostic ignored \"-Woverride-init\"")
#endif
#define VT_BEHIND_1_(a1, ...)                 __VA_ARGS__
#define VT_BEHIND_2_(a1, a2, ...)             __VA_ARGS__
#define VT_BEHIND_3_(a1, a2, a3, ...)         __VA_ARGS__
#define VT_BEHIND_4_(a1, a2, a3, a4, ...)     __VA_ARGS__
#define VT_BEHIND_5_(a1, a2, a3, a4, a5, ...) __VA_ARGS__
#define VT_CALL(function, type, defaults, required, signature, ...)                                                    \
    __extension__({                                                                                                    \
        (void)(__typeof__((type){ .named_only_ = 0, VT_BEHIND_##required##_(__VA_ARGS__, ) }) *)0;                     \
        _Pragma("GCC diagnostic push") VT_OVERRIDES_;                                                                  \
        function(&(const type){                                                                                        \
            defaults, .at_ = { __FILE__, __func__, __LINE__ + VT_REQUIRE_ARGS_(required, signature, __VA_ARGS__) },    \
            __VA_ARGS__ });                                                                                            \
        _Pragma("GCC diagnostic pop")                                                                                  \
    })

/* No tensor: the handle that is zero. */
#define VT_INERT ((vt_tensor){ 0 })
#endif

#endif
