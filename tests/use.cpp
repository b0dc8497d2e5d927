// use.cpp - the public headers from C++: plain functions, call sites, keyword structs.
#include <vitro/autograd.h>
#include <vitro/context.h>
#include <vitro/error.h>
#include <vitro/tensor.h>

int main()
{
    const float data[] = { 1, 2, 3, 4, 5, 6 };
    vt_shape shape = { 2, { 2, 3 } };
    vt_tensor x = vt_from_data(data, shape, VT_F32);
    if (vt_failed()) return vt_error_print(stderr);

    float back[6] = {};
    if (!vt_read(x, back, 6, VT_F32)) return vt_error_print(stderr);
    for (int i = 0; i < 6; i++)
        if (back[i] != data[i]) return 1;

    vt_shutdown();
    return 0;
}
