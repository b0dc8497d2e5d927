/* objects.c - models, optimisers, data sets, loaders and files to call with. */
#include "draw.h"
#include "hostile.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void end_model(void *model)
{
    vt_model_free(model);
}

static void end_optimizer(void *optimizer)
{
    vt_optimizer_free(optimizer);
}

static void end_dataset(void *dataset)
{
    vt_dataset_close(dataset);
}

static void end_loader(void *loader)
{
    vt_loader_close(loader);
}

static void end_log(void *log)
{
    vt_training_log_free(log);
}

static void end_tensor_file(void *file)
{
    vt_tensor_file_close(file);
}

static void end_picture(void *picture)
{
    vt_picture_free(picture);
}

static vt_model *empty_model(void)
{
    return until_the_end(vt_model_new(), end_model);
}

static vt_model *new_model(void)
{
    vt_model *model = empty_model();
    vt_parameter(vt_root(model), "weight", VT_SHAPE(2, 3), VT_INIT_NORMAL, 1);
    vt_parameter(vt_subpath(vt_root(model), "head"), "bias", VT_SHAPE(3), VT_INIT_CONSTANT, 0.5);
    vt_buffer(vt_root(model), "mean", VT_SHAPE(3), 1, VT_F32);
    return model;
}

/* Every tensor is stale from then on, and scopes have ended. */
static void shut_down(void)
{
    vt_shutdown();
    vt_scope_begin();
    vt_scope_begin();
}

static vt_model *stale_model(void)
{
    vt_model *model = new_model();
    shut_down();
    return model;
}

/* With gradients for its next step. */
static vt_optimizer *new_optimizer(vt_model *model, bool adam)
{
    vt_backward(vt_sum(vt_square(vt_model_find(model, "weight"))));
    vt_optimizer *o = adam ? vt_adamw(model, .lr = 0.1) : vt_sgd(model, .lr = 0.1, .momentum = 0.9);
    return until_the_end(o, end_optimizer);
}

void draw_vt_model_object(vt_model **x)
{
    unsigned which;
    bool hostile = draw_among(1, 3, &which);
    say("%s", !hostile ? "model" : which == 0 ? "NULL" : which == 1 ? "empty_model" : "model_before_shutdown");
    *x = !hostile ? new_model() : which == 0 ? NULL : which == 1 ? empty_model() : stale_model();
}

void draw_vt_optimizer_object(vt_optimizer **x)
{
    unsigned which;
    bool hostile = draw_among(2, 3, &which);
    *x = NULL;
    say("%s", !hostile ? which ? "adamw" : "sgd" : which == 0 ? "NULL" : "optimizer_before_shutdown");
    if (!hostile || which) *x = new_optimizer(new_model(), hostile || which);
    if (hostile && which) shut_down();
}

void draw_vt_dataset_object(vt_dataset **x)
{
    unsigned which;
    bool hostile = draw_among(1, 1, &which);
    say(hostile ? "NULL" : "dataset");
    *x = hostile ? NULL : until_the_end(vt_synthetic_open(true, .limit = 3), end_dataset);
}

static const vt_dataset *pictures(void)
{
    static uint8_t images[5 * 3 * 4 * 4];
    static const int64_t labels[5] = { 0, 1, 1, 0, 1 };
    static const char *const names[] = { "a", "b" };
    static const vt_dataset dataset = { .count = 5,
                                        .channels = 3,
                                        .height = 4,
                                        .width = 4,
                                        .images = images,
                                        .labels = labels,
                                        .classes = 2,
                                        .class_names = names };
    return &dataset;
}

void draw_vt_loader_object(vt_loader **x)
{
    unsigned which;
    bool hostile = draw_among(3, 1, &which);
    const char *const text[] = { "loader", "resident_loader", "loader_of_a_thread" };
    say("%s", hostile ? "NULL" : text[which]);
    *x = NULL;
    if (hostile) return;
    *x = vt_loader_open(pictures(), .batch = 2, .workers = which == 2, .resident = which == 1, .shuffle = true,
                        .augment = "crop,flip");
    until_the_end(*x, end_loader);
}

void draw_vt_progress_object(vt_progress **x)
{
    unsigned which;
    FILE *stream = NULL;
    bool hostile = draw_among(1, 3, &which);
    *x = NULL;
    if (hostile && which == 0) {
        say("NULL");
        return;
    }
    draw_stream(&stream);
    *x = hold(sizeof **x);
    **x = vt_progress_begin(stream, "epoch", hostile ? which == 1 ? INT64_MIN : INT64_MAX : 100);
    say("_progress");
}

void draw_vt_training_log_object(vt_training_log **x)
{
    unsigned which;
    bool hostile = draw_among(1, 2, &which);
    *x = NULL;
    say("%s", !hostile ? "log" : which ? "empty_log" : "NULL");
    if (hostile && !which) return;
    *x = hold(sizeof **x);
    until_the_end(*x, end_log);
    if (!hostile) vt_training_log_read("log.csv", *x);
}

void draw_vt_tensor_file_object(vt_tensor_file **x)
{
    unsigned which;
    bool hostile = draw_among(1, 1, &which);
    say(hostile ? "NULL" : "tensor_file");
    *x = hostile ? NULL : until_the_end(vt_tensor_file_open("model.safetensors"), end_tensor_file);
}

void draw_vt_picture_object(vt_picture **x)
{
    static uint8_t pixels[4 * 5 * 3];
    const vt_picture grey = { 4, 5, memset(pixels, 128, sizeof pixels) };
    unsigned which;
    bool hostile = draw_among(1, 2, &which);
    *x = NULL;
    say("%s", !hostile ? "picture" : which ? "empty_picture" : "NULL");
    if (hostile && !which) return;
    *x = hold(sizeof **x);
    until_the_end(*x, end_picture);
    if (!hostile) vt_picture_crop(&grey, 0, 0, 4, 5, *x);
}

/* -- Files -------------------------------------------------------------------------------------------------------- */

static struct {
    const char *name;
    char *content;
    size_t size;
} files[] = { { "array.npy" },   { "model.safetensors" }, { "checkpoint.safetensors" },
              { "picture.png" }, { "log.csv" },           { "text.txt" },
              { "empty" } };
enum { FILES = sizeof files / sizeof *files };

static void read_content(int i)
{
    FILE *f = fopen(files[i].name, "rb");
    if (!f) abort();
    files[i].content = calloc(1, 1 << 16);
    files[i].size = fread(files[i].content, 1, 1 << 16, f);
    fclose(f);
}

/* A PNG file of two pixels, in a build without libpng, too. */
static const char png[] =
    "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\2\0\0\0\1\b\2\0\0\0\x7b\x40\xe8\xdd\0\0\0\x0fIDAT\x78\x9c\x63\x48\x4c\x4a"
    "\x4e\x49\x4d\3\0\b\x1f\2\x56\t\xa9\x37\x5a\0\0\0\0IEND\xae\x42\x60\x82";

static void make_file(const char *name, const void *content, size_t size)
{
    FILE *f = fopen(name, "wb");
    if (!f || fwrite(content, 1, size, f) != size) abort();
    fclose(f);
}

void make_files(void)
{
    vt_scope scope = vt_scope_begin();
    plan p = { .odds = 1 };
    draw_begin(&p);
    vt_model *model = new_model();
    vt_note note = { "epoch", "3" };
    vt_epoch row = { 1, 0.5, 0.5, NAN, INFINITY, 1, 100, 0.9, 0.1, 1e-3 };
    vt_npy_save("array.npy", vt_ones(VT_SHAPE(2, 3)));
    vt_model_save("model.safetensors", model);
    vt_checkpoint_save("checkpoint.safetensors", model, new_optimizer(model, true), &note, 1);
    vt_training_log_append("log.csv", &row);
    make_file("picture.png", png, sizeof png - 1);
    make_file("text.txt", "no tensors", 10);
    make_file("empty", "", 0);
    if (vt_failed()) abort();
    draw_end();
    vt_scope_end(&scope);
}

void read_files(void)
{
    for (int i = 0; i < FILES; i++) read_content(i);
}

/* A file of so many bytes of zero. */
static void make_zeros(const char *name, off_t size)
{
    FILE *f = fopen(name, "ab");
    if (!f || ftruncate(fileno(f), size) != 0) abort();
    fclose(f);
}

void write_files(void)
{
    for (int i = 0; i < FILES; i++) make_file(files[i].name, files[i].content, files[i].size);
    /* Of CIFAR-10 and of CIFAR-100: black pictures, each of class 0. */
    make_zeros("test_batch.bin", 10000 * (1 + 3 * 32 * 32));
    make_zeros("test.bin", 10000 * (2 + 3 * 32 * 32));
    make_file("t10k-images-idx3-ubyte", "\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\3abcdef", 16 + 6);
    make_file("t10k-labels-idx1-ubyte", "\0\0\10\1\0\0\0\2\1\2", 8 + 2);
    mkdir("folder", 0700);
    remove("new");
    remove("curves.svg");
}
