/* linear.h - attributes of matrix products. */
#ifndef VITRO_OPS_LINEAR_H
#define VITRO_OPS_LINEAR_H

#include <stdint.h>

typedef struct matmul_attributes {
    int64_t transpose_a, transpose_b;
} matmul_attributes;

/* Inputs and outputs. What is marked ? may be absent. Of all these ops the first two inputs are the factors of a
 * product, and the product is the first output.
 *
 * matmul: a [..., m, k], b [..., k, n], or their transposes -> y [..., m, n] */
enum { PRODUCT_A, PRODUCT_B };
enum { PRODUCT_Y };
enum { PRODUCT_FACTORS = 1 << PRODUCT_A | 1 << PRODUCT_B }; /* as a mask */

/* linear: x [..., features], weight [n, features], bias? [n] -> y [..., n] */
enum { LINEAR_X, LINEAR_WEIGHT, LINEAR_BIAS };
enum { LINEAR_Y };

/* linear_gelu: those of linear -> y = gelu(z) and z = linear(x, weight, bias), [..., n] */
enum { LINEAR_GELU_Y, LINEAR_GELU_Z };

/* linear_gradient: g [rows, n], x [rows, features] -> dweight [n, features], dbias [n] */
enum { LINEAR_GRADIENT_G, LINEAR_GRADIENT_X };
enum { LINEAR_GRADIENT_DWEIGHT, LINEAR_GRADIENT_DBIAS };

/* matmul_gelu_gradient: g [rows, n], weight [n, features], z [..., features] of as many rows -> dz as z */
enum { MATMUL_GELU_GRADIENT_G, MATMUL_GELU_GRADIENT_WEIGHT, MATMUL_GELU_GRADIENT_Z };
enum { MATMUL_GELU_GRADIENT_DZ };

#endif
