/* objective.c - what a network is trained to do: its loss on a batch, with a teacher or without. */
#include "program/objective.h"
#include "program/find_model.h"
#include "program/model_card.h"
#include <string.h>

/* -- The teacher --------------------------------------------------------------------------------------------------- */

/* The model that a file is of, for the pictures that it says it is for. */
static classifier *teacher_of(const vt_tensor_file *file, const char *path, const common_config *c)
{
    model_card card;
    if (!model_card_read(file, path, &card)) return NULL;
    const char *name = choose_model(file, path, NULL);
    const int64_t image_size = name && model_card_is_of(&card, name) ? card.image_size : VT_AUTO;
    model_card_free(&card);
    return name ? classifier_new(name, .classes = c->classes, .channels = c->channels, .image_size = image_size) : NULL;
}

static bool load_teacher(objective *m, const classifier *net)
{
    const char *path = m->options->teacher;
    vt_tensor_file *file = vt_tensor_file_open(path);
    if (file) m->teacher = teacher_of(file, path, net->config);
    vt_tensor_file_close(file);
    return m->teacher && classifier_load(m->teacher, path);
}

bool objective_init(objective *m, const options *o, const classifier *net)
{
    *m = (objective){ .options = o };
    return !o->teacher || load_teacher(m, net);
}

void objective_free(objective *m)
{
    classifier_free(m->teacher);
}

vt_tensor images_of_size(const classifier *net, vt_tensor images)
{
    const common_config *c = net->config;
    if (c->height == vt_dim(images, 2) && c->width == vt_dim(images, 3)) return images;
    return vt_interpolate(images, .height = (int)c->height, .width = (int)c->width, .mode = VT_BILINEAR);
}

/* What it says of the pictures, as a constant. */
static vt_tensor taught(const objective *m, vt_tensor images)
{
    vt_set_training(false);
    vt_tensor logits = vt_detach(classifier_forward(m->teacher, images_of_size(m->teacher, images)));
    vt_set_training(true);
    return logits;
}

/* -- Losses -------------------------------------------------------------------------------------------------------- */

/* Of each class apart, in the mean of all: labels of 1 - s + s / classes and s / classes, as timm has them. */
static vt_tensor separate_loss(vt_tensor logits, vt_tensor labels, double smoothing)
{
    vt_dtype dtype = vt_dtype_of(logits);
    int64_t classes = vt_dim(logits, 1);
    vt_tensor targets = vt_rank(labels) == 1 ? vt_cast(vt_one_hot(labels, classes), dtype) : labels;
    return vt_binary_cross_entropy_with_logits(logits, vt_affine(targets, 1 - smoothing, smoothing / (double)classes));
}

static vt_tensor label_loss(const options *o, vt_tensor logits, vt_tensor labels)
{
    if (strcmp(o->loss, "bce") == 0) return separate_loss(logits, labels, o->label_smoothing);
    return vt_cross_entropy(logits, labels, .label_smoothing = o->label_smoothing);
}

static vt_tensor soft_loss(vt_tensor logits, vt_tensor teacher, double temperature)
{
    vt_tensor student = vt_log_softmax(vt_scale(logits, 1 / temperature), 1);
    vt_tensor probabilities = vt_log_softmax(vt_scale(teacher, 1 / temperature), 1);
    vt_tensor divergence = vt_kl_div(student, probabilities, .reduction = VT_REDUCTION_BATCH_MEAN, .log_target = true);
    return vt_scale(divergence, temperature * temperature);
}

static vt_tensor teacher_loss(const options *o, vt_tensor logits, vt_tensor teacher)
{
    if (strcmp(o->distill, "soft") == 0) return soft_loss(logits, teacher, o->temperature);
    return vt_cross_entropy(logits, vt_argmax(teacher, 1));
}

/* A value of the forward pass that not all networks have. */
static vt_tensor named_or(const classifier *net, const char *name, vt_tensor otherwise)
{
    vt_named_tensor found;
    return vt_model_values(net->model, name, &found, 1) == 1 ? found.tensor : otherwise;
}

vt_tensor objective_loss(const objective *m, const classifier *net, vt_tensor images, vt_tensor logits,
                         vt_tensor labels)
{
    const options *o = m->options;
    if (!m->teacher) return label_loss(o, logits, labels);
    vt_tensor by_label = named_or(net, "logits_class", logits), by_teacher = named_or(net, "logits_distilled", logits);
    vt_tensor of_labels = vt_scale(label_loss(o, by_label, labels), 1 - o->distill_weight);
    vt_tensor of_teacher = teacher_loss(o, by_teacher, taught(m, images));
    return vt_add(of_labels, vt_scale(of_teacher, o->distill_weight));
}
