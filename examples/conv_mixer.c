/* conv_mixer.c - a new model on the tensor API alone: ConvMixer (Trockman & Kolter, "Patches are all you need?", 2022),
 * trained on pictures that vitro draws. */
#include <vitro/vitro.h>
#include <stdio.h>

enum { DIM = 32, DEPTH = 2, KERNEL = 5, PATCH = 4, CLASSES = 10 };

typedef struct conv_mixer {
    vt_path path;
    vt_tensor embed, depthwise[DEPTH], pointwise[DEPTH], head;
} conv_mixer;

static vt_tensor weight(vt_path path, const char *name, vt_shape shape)
{
    return vt_parameter(path, name, shape, VT_INIT_TRUNCATED_NORMAL, 0.2);
}

static void conv_mixer_init(conv_mixer *m, vt_path path)
{
    m->path = path;
    m->embed = weight(path, "embed", VT_SHAPE(DIM, 3, PATCH, PATCH));
    for (int i = 0; i < DEPTH; i++) {
        vt_path layer = vt_subpath(path, "layers.%d", i);
        m->depthwise[i] = weight(layer, "depthwise", VT_SHAPE(DIM, 1, KERNEL, KERNEL));
        m->pointwise[i] = weight(layer, "pointwise", VT_SHAPE(DIM, DIM, 1, 1));
    }
    m->head = weight(path, "head", VT_SHAPE(CLASSES, DIM));
}

/* images [B, 3, H, W] -> logits [B, CLASSES] */
static vt_tensor conv_mixer_forward(const conv_mixer *m, vt_tensor images)
{
    vt_tensor x = vt_gelu(vt_conv2d(images, m->embed, .stride = PATCH));
    for (int i = 0; i < DEPTH; i++) {
        vt_tensor mixed = vt_conv2d(x, m->depthwise[i], .padding = KERNEL / 2, .groups = DIM);
        x = vt_add(x, vt_gelu(mixed));
        x = vt_gelu(vt_conv2d(x, m->pointwise[i]));
        vt_named(m->path, i == 0 ? "first" : "last", x);
    }
    return vt_linear(vt_mean(x, .axes = VT_AXES(2, 3)), m->head);
}

int main(void)
{
    conv_mixer m;
    vt_seed(1);
    vt_model *model = vt_model_new();
    conv_mixer_init(&m, vt_root(model));
    vt_optimizer *adamw = vt_adamw(model, .lr = 0.01);
    vt_dataset *pictures = vt_synthetic_open(true, .limit = 320);
    vt_loader *loader = vt_loader_open(pictures, .batch = 32, .shuffle = true);
    double loss = 0;
    for (int epoch = 0; epoch < 3 && !vt_failed(); epoch++) {
        for (vt_batch batch; vt_loader_next_tensors(loader, &batch);) {
            VT_SCOPE; /* what is made here ends with the step; the batch, too, is of no use after it */
            vt_tensor entropy = vt_cross_entropy(conv_mixer_forward(&m, batch.images), batch.labels);
            vt_backward(entropy);
            vt_optimizer_step(adamw);
            loss = vt_item(entropy);
            vt_free(batch.images);
            vt_free(batch.labels);
        }
        printf("epoch %d: loss %.3f\n", epoch + 1, loss);
    }
    vt_loader_close(loader);
    vt_dataset_close(pictures);
    vt_optimizer_free(adamw);
    vt_model_free(model);
    if (vt_failed()) return vt_error_print(stderr);
    return loss < 2.29 ? 0 : 1;
}
