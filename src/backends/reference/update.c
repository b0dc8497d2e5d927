/* update.c - reference kernels of the updates of parameters. */
#include "backends/reference/reference.h"
#include "core/graph/refuse.h"
#include "ops/update.h"
#include <math.h>
#include <stdlib.h>

void reference_sgd(const reference_call *c)
{
    const sgd_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR];
    for (int k = UPDATE_SCALARS_sgd; k < c->inputs; k += UPDATE_ARRAYS_sgd) {
        double *p = c->in[k + UPDATE_P], *g = c->in[k + UPDATE_G];
        int64_t count = vt_shape_count(c->in_shape[k]);
        for (int64_t i = 0; i < count; i++) p[i] -= rate * (g[i] + a->weight_decay * p[i]);
    }
}

void reference_sgd_momentum(const reference_call *c)
{
    const sgd_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR];
    for (int k = UPDATE_SCALARS_sgd_momentum; k < c->inputs; k += UPDATE_ARRAYS_sgd_momentum) {
        double *p = c->in[k + UPDATE_P], *g = c->in[k + UPDATE_G], *m = c->in[k + SGD_M];
        int64_t count = vt_shape_count(c->in_shape[k]);
        for (int64_t i = 0; i < count; i++) {
            double gradient = g[i] + a->weight_decay * p[i];
            m[i] = a->momentum * m[i] + gradient;
            p[i] -= rate * (a->nesterov ? gradient + a->momentum * m[i] : m[i]);
        }
    }
}

static void adam(const reference_call *c, int arrays)
{
    const adam_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR], t = *c->in[UPDATE_NUMBER];
    double correction1 = 1 - pow(a->beta1, t), correction2 = 1 - pow(a->beta2, t);
    for (int k = UPDATE_SCALARS_adam; k < c->inputs; k += arrays) {
        double *p = c->in[k + UPDATE_P], *g = c->in[k + UPDATE_G], *m = c->in[k + ADAM_M], *v = c->in[k + ADAM_V];
        double *most = arrays == UPDATE_ARRAYS_amsgrad ? c->in[k + AMSGRAD_MAX_V] : v;
        int64_t count = vt_shape_count(c->in_shape[k]);
        for (int64_t i = 0; i < count; i++) {
            double gradient = a->decoupled ? g[i] : g[i] + a->weight_decay * p[i];
            if (a->decoupled) p[i] -= rate * a->weight_decay * p[i];
            m[i] = a->beta1 * m[i] + (1 - a->beta1) * gradient;
            v[i] = a->beta2 * v[i] + (1 - a->beta2) * gradient * gradient;
            most[i] = fmax(most[i], v[i]);
            p[i] -= rate * (m[i] / correction1) / (sqrt(most[i] / correction2) + a->eps);
        }
    }
}

void reference_adam(const reference_call *c)
{
    adam(c, UPDATE_ARRAYS_adam);
}

void reference_amsgrad(const reference_call *c)
{
    adam(c, UPDATE_ARRAYS_amsgrad);
}

/* The averages and the momentum that are left out are NULL. */
static void rmsprop_element(const rmsprop_attributes *a, double rate, double *p, double g, double *v, double *average,
                            double *m)
{
    g += a->weight_decay * *p;
    *v = a->alpha * *v + (1 - a->alpha) * g * g;
    if (average) *average = a->alpha * *average + (1 - a->alpha) * g;
    double variance = average ? fmax(0, *v - *average * *average) : *v, step = g / (sqrt(variance) + a->eps);
    if (m) *m = step += a->momentum * *m;
    *p -= rate * step;
}

static void rmsprop(const reference_call *c, int centered, int momentum)
{
    const rmsprop_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR];
    for (int k = UPDATE_SCALARS_rmsprop; k < c->inputs; k += UPDATE_ARRAYS_rmsprop + centered + momentum)
        for (int64_t i = 0; i < vt_shape_count(c->in_shape[k]); i++)
            rmsprop_element(a, rate, &c->in[k + UPDATE_P][i], c->in[k + UPDATE_G][i], &c->in[k + RMSPROP_V][i],
                            centered ? &c->in[k + RMSPROP_MEAN_G][i] : NULL,
                            momentum ? &c->in[k + RMSPROP_M(centered)][i] : NULL);
}

void reference_rmsprop(const reference_call *c)
{
    rmsprop(c, 0, 0);
}

void reference_rmsprop_momentum(const reference_call *c)
{
    rmsprop(c, 0, 1);
}

void reference_rmsprop_centered(const reference_call *c)
{
    rmsprop(c, 1, 0);
}

void reference_rmsprop_centered_momentum(const reference_call *c)
{
    rmsprop(c, 1, 1);
}

void reference_lion(const reference_call *c)
{
    const lion_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR];
    for (int k = UPDATE_SCALARS_lion; k < c->inputs; k += UPDATE_ARRAYS_lion) {
        double *p = c->in[k + UPDATE_P], *g = c->in[k + UPDATE_G], *m = c->in[k + LION_M];
        for (int64_t i = 0; i < vt_shape_count(c->in_shape[k]); i++) {
            double direction = a->beta1 * m[i] + (1 - a->beta1) * g[i];
            p[i] -= rate * a->weight_decay * p[i] + rate * ((direction > 0) - (direction < 0));
            m[i] = a->beta2 * m[i] + (1 - a->beta2) * g[i];
        }
    }
}

/* -- LAMB ---------------------------------------------------------------------------------------------------------- */

static double lamb_step(const lamb_attributes *a, double t, double p, double m, double v)
{
    double corrected = m / (1 - pow(a->beta1, t)), root = sqrt(v / (1 - pow(a->beta2, t)));
    return corrected / (root + a->eps) + a->weight_decay * p;
}

static double trust_of(double squares_of_p, double squares_of_step)
{
    return squares_of_p > 0 && squares_of_step > 0 ? sqrt(squares_of_p / squares_of_step) : 1;
}

void reference_lamb(const reference_call *c)
{
    const lamb_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR], t = *c->in[UPDATE_NUMBER];
    for (int k = UPDATE_SCALARS_lamb; k < c->inputs; k += UPDATE_ARRAYS_lamb) {
        double *p = c->in[k + UPDATE_P], *g = c->in[k + UPDATE_G], *m = c->in[k + LAMB_M], *v = c->in[k + LAMB_V];
        double squares_of_p = 0, squares_of_step = 0;
        int64_t count = vt_shape_count(c->in_shape[k]);
        for (int64_t i = 0; i < count; i++) {
            m[i] = a->beta1 * m[i] + (1 - a->beta1) * g[i];
            v[i] = a->beta2 * v[i] + (1 - a->beta2) * g[i] * g[i];
            squares_of_p += p[i] * p[i];
            squares_of_step += pow(lamb_step(a, t, p[i], m[i], v[i]), 2);
        }
        bool adapts = a->weight_decay > 0 || a->always_adapt;
        double trust = adapts ? trust_of(squares_of_p, squares_of_step) : 1;
        for (int64_t i = 0; i < count; i++) p[i] -= rate * trust * lamb_step(a, t, p[i], m[i], v[i]);
    }
}

/* -- Muon ---------------------------------------------------------------------------------------------------------- */

typedef struct matrix {
    int64_t rows, columns;
    double *x, *squares, *factor, *next; /* x x^T, and what x is multiplied by, are [rows, rows] */
} matrix;

/* to = from other, where from is [rows, rows], and other has so many columns */
static void multiply(const double *from, const double *other, double *to, int64_t rows, int64_t columns)
{
    for (int64_t i = 0; i < rows * columns; i++) {
        to[i] = 0;
        for (int64_t k = 0; k < rows; k++) to[i] += from[i / columns * rows + k] * other[k * columns + i % columns];
    }
}

static void newton_schulz_step(const matrix *m)
{
    const int64_t n = m->rows, count = n * m->columns;
    for (int64_t i = 0; i < n * n; i++) {
        m->squares[i] = 0;
        for (int64_t k = 0; k < m->columns; k++)
            m->squares[i] += m->x[i / n * m->columns + k] * m->x[i % n * m->columns + k];
    }
    multiply(m->squares, m->squares, m->factor, n, n);
    for (int64_t i = 0; i < n * n; i++) m->factor[i] = -4.7750 * m->squares[i] + 2.0315 * m->factor[i];
    multiply(m->factor, m->x, m->next, n, m->columns);
    for (int64_t i = 0; i < count; i++) m->x[i] = 3.4445 * m->x[i] + m->next[i];
}

static void orthogonalize(const matrix *m, const muon_attributes *a)
{
    double squares = 0;
    for (int64_t i = 0; i < m->rows * m->columns; i++) squares += m->x[i] * m->x[i];
    for (int64_t i = 0; i < m->rows * m->columns; i++) m->x[i] /= fmax(sqrt(squares), a->eps);
    for (int64_t k = 0; k < a->iterations; k++) newton_schulz_step(m);
}

/* Where element i of the parameter is in the matrix, which lies on its longer side. */
static int64_t place(int64_t i, int64_t rows, int64_t columns)
{
    return rows > columns ? i % columns * rows + i / columns : i;
}

static void muon_parameter(const muon_attributes *a, double rate, int64_t rows, int64_t columns, double *const array[],
                           const matrix *work)
{
    double *p = array[UPDATE_P], *g = array[UPDATE_G], *m = array[MUON_M];
    double scale = a->match_adamw ? 0.2 * sqrt(fmax((double)rows, (double)columns))
                                  : sqrt(fmax(1, (double)rows / (double)columns));
    for (int64_t i = 0; i < rows * columns; i++) {
        m[i] = a->momentum * m[i] + (1 - a->momentum) * g[i];
        work->x[place(i, rows, columns)] = a->nesterov ? a->momentum * m[i] + (1 - a->momentum) * g[i] : m[i];
    }
    orthogonalize(work, a);
    for (int64_t i = 0; i < rows * columns; i++)
        p[i] -= rate * a->weight_decay * p[i] + rate * scale * work->x[place(i, rows, columns)];
}

void reference_muon(const reference_call *c)
{
    const muon_attributes *a = c->attributes;
    for (int k = UPDATE_SCALARS_muon; k < c->inputs; k += UPDATE_ARRAYS_muon) {
        int64_t count = vt_shape_count(c->in_shape[k]);
        if (count == 0) continue;
        int64_t rows = c->in_shape[k].dim[0], columns = count / rows, least = rows < columns ? rows : columns;
        double *memory = malloc((size_t)(2 * count + 2 * least * least) * sizeof *memory);
        if (!memory) {
            refuse_call("muon", c->at, VT_ERROR_MEMORY, "out of memory");
            return;
        }
        matrix work = { least,
                        count / least,
                        memory,
                        memory + count,
                        memory + count + least * least,
                        memory + count + 2 * least * least };
        muon_parameter(a, a->lr_ratio * *c->in[UPDATE_LR], rows, columns, c->in + k, &work);
        free(memory);
    }
}

/* -- Schedule-free ------------------------------------------------------------------------------------------------- */

void reference_schedule_free(const reference_call *c)
{
    const schedule_free_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR], t = *c->in[UPDATE_NUMBER], share = *c->in[UPDATE_SHARE];
    for (int k = UPDATE_SCALARS_schedule_free; k < c->inputs; k += UPDATE_ARRAYS_schedule_free) {
        double *p = c->in[k + UPDATE_P], *g = c->in[k + UPDATE_G];
        double *z = c->in[k + SCHEDULE_FREE_Z], *v = c->in[k + SCHEDULE_FREE_V];
        for (int64_t i = 0; i < vt_shape_count(c->in_shape[k]); i++) {
            v[i] = a->beta2 * v[i] + (1 - a->beta2) * g[i] * g[i];
            double step = g[i] / (sqrt(v[i] / (1 - pow(a->beta2, t))) + a->eps) + a->weight_decay * p[i];
            p[i] += share * (z[i] - p[i]) + rate * (a->beta1 * (1 - share) - 1) * step;
            z[i] -= rate * step;
        }
    }
}
