/* vector_types.h - the toolkit's small vectors, as aligned as on a GPU. */
#ifndef CUDA_ON_HOST_VECTOR_TYPES_H
#define CUDA_ON_HOST_VECTOR_TYPES_H

#define VECTORS(type, name)                                                                                            \
    struct alignas(2 * sizeof(type)) name##2                                                                           \
    {                                                                                                                  \
        type x, y;                                                                                                     \
    };                                                                                                                 \
    struct alignas(sizeof(type) < 4 ? 4 * sizeof(type) : 16) name##4                                                   \
    {                                                                                                                  \
        type x, y, z, w;                                                                                               \
    };                                                                                                                 \
    inline name##2 make_##name##2(type x, type y)                                                                      \
    {                                                                                                                  \
        return { x, y };                                                                                               \
    }                                                                                                                  \
    inline name##4 make_##name##4(type x, type y, type z, type w)                                                      \
    {                                                                                                                  \
        return { x, y, z, w };                                                                                         \
    }
VECTORS(unsigned char, uchar)
VECTORS(short, short)
VECTORS(unsigned short, ushort)
VECTORS(int, int)
VECTORS(unsigned, uint)
VECTORS(long long, longlong)
VECTORS(float, float)
VECTORS(double, double)
#undef VECTORS

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z)
    {
    }
};

#endif
