/* lion.c - an optimiser of one's own in plain ops: Lion, Chen et al. 2023, fits a small network to a sine. */
#include <vitro/vitro.h>
#include <math.h>
#include <stdio.h>

enum { POINTS = 256, HIDDEN = 32, STEPS = 400 };

typedef struct mlp {
    vt_tensor weight1, bias1, weight2, bias2;
} mlp;

static mlp mlp_new(vt_path path)
{
    mlp m;
    m.weight1 = vt_parameter(path, "fc1.weight", VT_SHAPE(HIDDEN, 1), VT_INIT_UNIFORM, 2);
    m.bias1 = vt_parameter(path, "fc1.bias", VT_SHAPE(HIDDEN), VT_INIT_UNIFORM, 2);
    m.weight2 = vt_parameter(path, "fc2.weight", VT_SHAPE(1, HIDDEN), VT_INIT_NORMAL, 0.2);
    m.bias2 = vt_parameter(path, "fc2.bias", VT_SHAPE(1), VT_INIT_CONSTANT, 0);
    return m;
}

static vt_tensor mlp_forward(const mlp *m, vt_tensor x)
{
    return vt_linear(vt_gelu(vt_linear(x, m->weight1, .bias = m->bias1)), m->weight2, .bias = m->bias2);
}

/* The state: a mean of the gradients for each parameter, under its name. */
static vt_model *lion_new(const vt_model *model)
{
    vt_model *means = vt_model_new();
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_named_tensor p = vt_model_entry(model, i);
        vt_buffer(vt_root(means), p.name, vt_shape_of(p.tensor), 0, VT_DTYPE_DEFAULT);
    }
    return means;
}

/* The learning rate is a leaf: whatever it is, the plan of the first step serves. vt_scalar would be part of it. */
static void lion_step(const vt_model *model, const vt_model *means, float lr, double weight_decay)
{
    vt_tensor rate = vt_from_data(&lr, VT_SCALAR, VT_F32);
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_tensor p = vt_model_entry(model, i).tensor, m = vt_model_entry(means, i).tensor, g = vt_grad(p);
        vt_tensor direction = vt_sign(vt_add(vt_scale(m, 0.9), vt_scale(g, 0.1)));
        vt_assign(p, vt_sub(p, vt_mul(rate, vt_add(direction, vt_scale(p, weight_decay)))));
        vt_assign(m, vt_add(vt_scale(m, 0.99), vt_scale(g, 0.01)));
    }
}

int main(void)
{
    float x[POINTS], y[POINTS], loss = 0;
    for (int i = 0; i < POINTS; i++) {
        x[i] = 4 * (float)i / POINTS - 2;
        y[i] = sinf(2 * x[i]);
    }

    vt_seed(1);
    vt_model *model = vt_model_new();
    mlp m = mlp_new(vt_root(model));
    vt_model *means = lion_new(model);
    int64_t planned = 0;

    for (int step = 0; step < STEPS && !vt_failed(); step++) {
        VT_SCOPE;
        if (step == 1) planned = vt_statistics_get().plan_misses;
        vt_tensor guess = mlp_forward(&m, vt_from_data(x, VT_SHAPE(POINTS, 1), VT_F32));
        vt_tensor error = vt_mse_loss(guess, vt_from_data(y, VT_SHAPE(POINTS, 1), VT_F32));
        vt_backward(error);
        lion_step(model, means, (float)vt_cosine_lr(step, 0.01, STEPS, .warmup = 20), 0.01);
        loss = (float)vt_item(error);
        if (step % 100 == 0) printf("step %d: loss %.4f\n", step, loss);
    }
    planned = vt_statistics_get().plan_misses - planned;
    printf("in the end: loss %.4f, %lld plans made after the first step\n", loss, (long long)planned);

    vt_model_free(means);
    vt_model_free(model);
    if (vt_failed()) return vt_error_print(stderr);
    return loss < 0.01F && planned == 0 ? 0 : 1;
}
