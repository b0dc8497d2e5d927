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

    // Where options have defaults it begins with them; what it sets means what it says, 0 included. The rows of x have
    // the variance 2/3.
    vt_layer_norm_args norm = vt_layer_norm_defaults();
    norm.at_ = VT_HERE;
    norm.x = x;
    if (norm.rank != 1 || norm.eps != 1e-5) return 1;
    double rows[6] = {};
    norm.eps = 1. / 3;
    vt_read(vt_layer_norm_with(&norm), rows, 6, VT_F64);
    if (!close(rows[0], -1) || !close(rows[5], 1)) return 1;
    norm.eps = 0;
    vt_read(vt_layer_norm_with(&norm), rows, 6, VT_F64);
    if (!close(rows[0] * rows[0], 1.5) || !close(rows[5] * rows[5], 1.5)) return 1;
    vt_reduce_args sum = vt_reduce_defaults(); // over every axis
    sum.at_ = VT_HERE;
    sum.x = x;
    if (!close(vt_item(vt_sum_with(&sum)), 21)) return 1;
    vt_slice_args slice = vt_slice_defaults();
    if (slice.step != 1 || vt_adamw_defaults().weight_decay != 0.01 || vt_eye_defaults().columns != VT_AUTO) return 1;

    // An error is a message, and names this line.
    matmul.transpose_b = false;
    vt_matmul_with(&matmul);
    if (!vt_failed() || vt_error_status() != VT_ERROR_ARGUMENT) return 1;
    vt_error_clear();

    vt_shutdown();
    return vt_failed() ? vt_error_print(stderr) : 0;
}
