/* sequence_pooling.c - a sequence as a mean of its tokens whose weights are learned. */
#include "layers/sequence_pooling.h"

sequence_pooling sequence_pooling_new(vt_path path, int64_t dim)
{
    return (sequence_pooling){ .path = path, .score = linear_new(path, dim, 1) };
}

vt_tensor sequence_pooling_forward(const sequence_pooling *m, vt_tensor x)
{
    vt_tensor weights = vt_softmax(linear_forward(&m->score, x), 1);
    vt_named(m->path, "weights", vt_squeeze(weights, 2));
    return vt_squeeze(vt_matmul(weights, x, .transpose_a = true), 1);
}
