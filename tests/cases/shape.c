/* shape.c - samples of views and arrangements. */
#include "cases/case.h"

static vt_tensor reshape(const vt_tensor *in)
{
    return vt_reshape(in[0], VT_SHAPE(4, -1));
}

static vt_tensor permute(const vt_tensor *in)
{
    return vt_permute(in[0], VT_AXES(2, 0, -2));
}

static vt_tensor expand(const vt_tensor *in)
{
    return vt_expand(in[0], VT_SHAPE(2, -1, 4));
}

static vt_tensor detach(const vt_tensor *in)
{
    return vt_add(vt_mul(vt_detach(in[0]), vt_full(VT_SHAPE(1), 0)), in[0]);
}

static vt_tensor detach_inert(const vt_tensor *in)
{
    (void)in;
    return vt_detach((vt_tensor){ 0 });
}

CASE(reshape) = {
    { "an open extent", reshape, { FLOATS(-1, 1, 2, 6) } },
    { "three axes", reshape, { FLOATS(-1, 1, 2, 3, 2) } },
    { "another count", reshape, { FLOATS(-1, 1, 2, 3) }, .refused = "reshape: x [2, 3] has 6 elements, [4, -1] wants" },
    { 0 },
};

CASE(permute) = {
    { "three axes", permute, { FLOATS(-1, 1, 2, 3, 4) } },
    { "too few axes", permute, { FLOATS(-1, 1, 2, 3) }, .refused = "permute: the order must name each of the 2 axes" },
    { 0 },
};

CASE(expand) = {
    { "new and repeated axes", expand, { FLOATS(-1, 1, 3, 1) }, .terms = 8 },
    { "not a broadcast", expand, { FLOATS(-1, 1, 3, 2) }, .refused = "expand: x [3, 2] does not broadcast to" },
    { 0 },
};

CASE(detach) = {
    { "value", detach, { FLOATS(-1, 1, 3, 2) } },
    { "inert", detach_inert, { { 0 } }, .refused = "detach: input is the inert tensor" },
    { 0 },
};
