/* convolution_call.h - what the options and operands of a convolution must be, said in the words of the call: of
 * images, or of signals. */
#ifndef VITRO_OPS_CONVOLUTION_CALL_H
#define VITRO_OPS_CONVOLUTION_CALL_H

#include "core/graph/op.h"
#include "ops/convolution.h"

typedef struct convolution_call {
    const char *name;
    vt_site at;
    int axes; /* 2: of images, height and width; 1: of signals, length, whose options are the horizontal ones */
    const conv2d_attributes *options;
} convolution_call;

/* The options of signals, but for the size; false, with an error, where they make no sense. */
bool signal_options(const char *name, vt_site at, int stride, int padding, const int padding_sides[2], int dilation,
                    int groups, conv2d_attributes *out);
bool groups_fit(const char *name, vt_site at, int groups);

/* The specs of x, weight and bias, which may be absent: its dtype is then VT_DTYPE_DEFAULT. */
bool convolution_specs(const convolution_call *c, vt_tensor x, vt_tensor weight, vt_tensor bias, spec out[3]);

/* All but absent ones must be of one floating-point dtype. */
bool convolution_dtypes_fit(const convolution_call *c, const char *const *names, const spec *in, int count);

/* x and weight, of whose convolution the shape becomes y. */
bool convolution_fits(const convolution_call *c, vt_shape x, vt_shape weight, vt_shape *y);

/* A bias, which may be absent, for the output channels of a weight. */
bool convolution_bias_fits(const convolution_call *c, const spec *bias, vt_shape weight, int64_t channels);

/* "height, width", or "length" of signals. */
const char *convolution_area(const convolution_call *c);

#endif
