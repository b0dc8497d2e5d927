/* create.c - samples of the ops that create. */
#include "cases/case.h"

static vt_tensor full(const vt_tensor *in)
{
    (void)in;
    return vt_full(VT_SHAPE(2, 3), 1.5);
}

static vt_tensor full_negative(const vt_tensor *in)
{
    (void)in;
    return vt_full(VT_SHAPE(2, -3), 1.5);
}

static vt_tensor uniform(const vt_tensor *in)
{
    (void)in;
    return vt_uniform(VT_SHAPE(5, 7), .low = -1, .high = 3);
}

static vt_tensor uniform_integers(const vt_tensor *in)
{
    (void)in;
    return vt_uniform(VT_SHAPE(5), .dtype = VT_I64);
}

static vt_tensor normal(const vt_tensor *in)
{
    (void)in;
    return vt_normal(VT_SHAPE(5, 7), .mean = 1, .std = 2);
}

static vt_tensor truncated_normal(const vt_tensor *in)
{
    (void)in;
    return vt_truncated_normal(VT_SHAPE(5, 7), .std = 0.02);
}

CASE(full) = {
    { "matrix", full, { { 0 } } },
    { "negative extent", full_negative, { { 0 } }, .refused = "full: extent -3 along axis 1" },
    { 0 },
};
CASE(uniform) = {
    { "range", uniform, { { 0 } } },
    { "integers", uniform_integers, { { 0 } }, .refused = "uniform: dtype i64" },
    { 0 },
};
CASE(normal) = {
    { "mean and std", normal, { { 0 } } },
    { 0 },
};
CASE(truncated_normal) = {
    { "std", truncated_normal, { { 0 } } },
    { 0 },
};
