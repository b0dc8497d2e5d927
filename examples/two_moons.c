/* two_moons.c - a model, a loss, an optimiser: learning which of two interleaved half circles a point is on. */
#include <vitro/vitro.h>
#include <math.h>
#include <stdio.h>

enum { POINTS = 512, HIDDEN = 32, STEPS = 300 };

typedef struct mlp {
    vt_tensor weight1, bias1, weight2, bias2;
} mlp;

static mlp mlp_new(vt_path path)
{
    mlp m;
    m.weight1 = vt_parameter(path, "fc1.weight", VT_SHAPE(HIDDEN, 2), VT_INIT_NORMAL, 0.7);
    m.bias1 = vt_parameter(path, "fc1.bias", VT_SHAPE(HIDDEN), VT_INIT_CONSTANT, 0);
    m.weight2 = vt_parameter(path, "fc2.weight", VT_SHAPE(2, HIDDEN), VT_INIT_NORMAL, 0.2);
    m.bias2 = vt_parameter(path, "fc2.bias", VT_SHAPE(2), VT_INIT_CONSTANT, 0);
    return m;
}

static vt_tensor mlp_forward(const mlp *m, vt_tensor x)
{
    vt_tensor hidden = vt_gelu(vt_linear(x, m->weight1, .bias = m->bias1));
    return vt_linear(hidden, m->weight2, .bias = m->bias2);
}

static void two_moons(float points[POINTS][2], int64_t labels[POINTS])
{
    for (int i = 0; i < POINTS; i++) {
        double angle = 3.14159265 * (i / 2) / (POINTS / 2), side = i % 2 ? -1 : 1;
        points[i][0] = (float)(side * cos(angle) + (i % 2 ? 1 : 0));
        points[i][1] = (float)(side * sin(angle) + (i % 2 ? 0.5 : 0));
        labels[i] = i % 2;
    }
}

int main(void)
{
    float points[POINTS][2];
    int64_t labels[POINTS];
    two_moons(points, labels);

    vt_seed(1);
    vt_model *model = vt_model_new();
    mlp m = mlp_new(vt_root(model));
    vt_optimizer *optimizer = vt_adamw(model, .lr = 0.02);

    for (int step = 1; step <= STEPS && !vt_failed(); step++) {
        VT_SCOPE; /* everything below ends with this step, parameters excepted */
        vt_tensor x = vt_from_data(points, VT_SHAPE(POINTS, 2), VT_F32);
        vt_tensor y = vt_from_data(labels, VT_SHAPE(POINTS), VT_I64);
        vt_tensor logits = mlp_forward(&m, x);
        vt_tensor loss = vt_cross_entropy(logits, y);
        vt_tensor correct = vt_correct_count(logits, y);
        vt_backward(loss);
        vt_optimizer_step(optimizer);
        if (step % 100 == 0)
            printf("step %d: loss %.4f, %g of %d right\n", step, vt_item(loss), vt_item(correct), POINTS);
    }
    vt_optimizer_free(optimizer);
    vt_model_free(model);
    return vt_failed() ? vt_error_print(stderr) : 0;
}
