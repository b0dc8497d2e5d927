/* linear.c - reference kernels of matrix products. */
#include "backends/reference/reference.h"
#include "ops/linear.h"

void reference_matmul(const reference_call *c)
{
    const matmul_attributes *t = c->attributes;
    vt_shape a = c->in_shape[PRODUCT_A], b = c->in_shape[PRODUCT_B], y = c->out_shape[PRODUCT_Y];
    int64_t m = y.dim[y.rank - 2], n = y.dim[y.rank - 1], k = a.dim[a.rank - (t->transpose_a ? 2 : 1)];
    vt_shape a_lead = a, b_lead = b, lead = y;
    a_lead.rank -= 2;
    b_lead.rank -= 2;
    lead.rank -= 2;
    int64_t batches = vt_shape_count(lead);
    for (int64_t batch = 0; batch < batches; batch++) {
        const double *pa = c->in[PRODUCT_A] + broadcast_index(a_lead, lead, batch) * m * k;
        const double *pb = c->in[PRODUCT_B] + broadcast_index(b_lead, lead, batch) * k * n;
        for (int64_t i = 0; i < m; i++) {
            for (int64_t j = 0; j < n; j++) {
                double sum = 0;
                for (int64_t l = 0; l < k; l++)
                    sum += pa[t->transpose_a ? l * m + i : i * k + l] * pb[t->transpose_b ? j * k + l : l * n + j];
                c->out[PRODUCT_Y][(batch * m + i) * n + j] = sum;
            }
        }
    }
}

void reference_linear(const reference_call *c)
{
    int64_t out = c->in_shape[LINEAR_WEIGHT].dim[0], in = c->in_shape[LINEAR_WEIGHT].dim[1];
    const double *bias = c->inputs > LINEAR_BIAS ? c->in[LINEAR_BIAS] : NULL;
    int64_t count = vt_shape_count(c->out_shape[LINEAR_Y]);
    for (int64_t i = 0; i < count; i++) {
        const double *x = c->in[LINEAR_X] + i / out * in, *weight = c->in[LINEAR_WEIGHT] + i % out * in;
        double sum = bias ? bias[i % out] : 0;
        for (int64_t k = 0; k < in; k++) sum += x[k] * weight[k];
        c->out[LINEAR_Y][i] = sum;
    }
}
