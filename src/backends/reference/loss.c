/* loss.c - reference kernels of losses. */
#include "backends/reference/reference.h"
#include "ops/loss.h"
#include <vitro/loss.h>
#include <math.h>

/* -log of the probability that softmax gives the label, and to share s of the loss, that it gives each class. */
void reference_cross_entropy(const reference_call *c)
{
    double s = ((const cross_entropy_attributes *)c->attributes)->label_smoothing;
    vt_shape shape = c->in_shape[CROSS_ENTROPY_LOGITS];
    int64_t classes = shape.dim[1], inner = extent_product(shape, 2, shape.rank), rows = shape.dim[0] * inner;
    for (int64_t row = 0; row < rows; row++) {
        const double *x = c->in[CROSS_ENTROPY_LOGITS] + row / inner * classes * inner + row % inner;
        int64_t label = c->whole_in[CROSS_ENTROPY_TARGET][row];
        double max = -INFINITY, sum = 0, loss = 0;
        for (int64_t k = 0; k < classes; k++) max = fmax(max, x[k * inner]);
        for (int64_t k = 0; k < classes; k++) sum += exp(x[k * inner] - (isinf(max) ? 0 : max));
        double log_sum = isinf(max) ? max : max + log(sum);
        if (label != VT_IGNORE && (label < 0 || label >= classes)) {
            refuse_call("cross_entropy", (vt_site){ 0 }, VT_ERROR_ARGUMENT,
                        "label %lld is out of range: there are %lld classes", (long long)label, (long long)classes);
            return;
        }
        if (label != VT_IGNORE) loss = (1 - s) * (log_sum - x[label * inner]);
        for (int64_t k = 0; k < classes && s > 0 && label != VT_IGNORE; k++)
            loss += s / (double)classes * (log_sum - x[k * inner]);
        c->out[CROSS_ENTROPY_LOSS][row] = loss;
        c->out[CROSS_ENTROPY_LOGSUMEXP][row] = log_sum;
    }
}
