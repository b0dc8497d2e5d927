// use.cpp - the public headers from C++: plain functions, call sites, keyword structs.
#include <vitro/vitro.h>

static bool close(double a, double b)
{
    return a - b < 1e-6 && b - a < 1e-6;
}

int main()
{
    const float data[] = { 1, 2, 3, 4, 5, 6 };
    vt_shape shape = { 2, { 2, 3 } };
    vt_tensor x = vt_from_data(data, shape, VT_F32);
    vt_set_trainable(x, true);

    // x x^T = [14 32; 32 77]. C++ has no keyword macros: it fills the struct behind them.
    vt_matmul_args matmul = vt_matmul_args();
    matmul.at_ = VT_HERE;
    matmul.a = x;
    matmul.b = x;
    matmul.transpose_b = true;
    vt_tensor product = vt_matmul_with(&matmul);

    float values[4] = {};
    vt_read(product, values, 4, VT_F32);
    const float expected[] = { 14, 32, 32, 77 };
    for (int i = 0; i < 4; i++)
        if (!close(values[i], expected[i])) return 1;

    // An error is a message, and names this line.
    matmul.transpose_b = false;
    vt_matmul_with(&matmul);
    if (!vt_failed() || vt_error_status() != VT_ERROR_ARGUMENT) return 1;
    vt_error_clear();

    vt_shutdown();
    return vt_failed() ? vt_error_print(stderr) : 0;
}
