/* options.c - the command line of the training programs. */
#include "program/options.h"
#include "program/arguments.h"
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "vit_cifar10 (vitro) " VITRO_VERSION;

enum key {
    KEY_DATA = 256,
    KEY_MODEL,
    KEY_DEVICE,
    KEY_PRECISION,
    KEY_EPOCHS,
    KEY_BATCH,
    KEY_LR,
    KEY_WEIGHT_DECAY,
    KEY_SEED,
    KEY_TRAIN_LIMIT,
    KEY_TEST_LIMIT,
    KEY_THREADS,
    KEY_OUT,
    KEY_RESUME,
};

static const struct argp_option argp_options[] = {
    { 0, 0, 0, 0, "What to train:", 1 },
    { "model", KEY_MODEL, "NAME", 0, "The network, one of the list below (vit_nano_patch4_32)", 0 },
    { "data", KEY_DATA, "DIR|builtin", 0,
      "The folder with CIFAR-10's binary files, which tools/get-cifar10 downloads; or \"builtin\": pictures drawn by "
      "the "
      "program. Left out: ./data where it holds CIFAR-10, else builtin",
      0 },
    { "train-limit", KEY_TRAIN_LIMIT, "N", 0, "Train on the first N pictures only", 0 },
    { "test-limit", KEY_TEST_LIMIT, "N", 0, "Test on the first N pictures only", 0 },
    { 0, 0, 0, 0, "How:", 2 },
    { "epochs", KEY_EPOCHS, "N", 0, "Times to go through the training pictures (10)", 0 },
    { "batch", KEY_BATCH, "N", 0, "Pictures a step (64)", 0 },
    { "lr", KEY_LR, "X", 0, "The highest learning rate of AdamW; it warms up, then falls along a cosine (0.001)", 0 },
    { "weight-decay", KEY_WEIGHT_DECAY, "X", 0, "Decoupled weight decay of the matrices (0.05)", 0 },
    { "seed", KEY_SEED, "N", 0, "Of the first weights, the order of the pictures and their augmentation (1)", 0 },
    { 0, 0, 0, 0, "On what:", 3 },
    { "device", KEY_DEVICE, "NAME", 0, "cpu, cuda: an NVIDIA GPU, or reference: the slow f64 oracle (cpu)", 0 },
    { "precision", KEY_PRECISION, "f32|f64|bf16", 0, "Of weights and arithmetic; bf16: of products' factors (f32)", 0 },
    { "threads", KEY_THREADS, "N", 0, "Threads to compute with (one a core)", 0 },
    { 0, 0, 0, 0, "Where to:", 4 },
    { "out", KEY_OUT, "DIR", 0, "Folder for log.csv, model.safetensors, curves.svg and .png (out)", 0 },
    { "resume", KEY_RESUME, 0, 0,
      "Continue the run that was stopped in the --out folder, with the same options; it ends with the same bits as one "
      "that was never stopped",
      0 },
    { 0 },
};

static vt_dtype parse_precision(struct argp_state *state, const char *text)
{
    if (strcmp(text, "f32") == 0) return VT_F32;
    if (strcmp(text, "f64") == 0) return VT_F64;
    if (strcmp(text, "bf16") == 0) return VT_BF16;
    argp_error(state, "--precision is \"%s\"; it must be f32, f64 or bf16", text);
    return VT_DTYPE_DEFAULT;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case KEY_DATA: o->data = text; break;
    case KEY_MODEL: o->model = argument_model(state, text); break;
    case KEY_DEVICE: o->device = text; break;
    case KEY_PRECISION: o->precision = parse_precision(state, text); break;
    case KEY_EPOCHS: o->epochs = (int)argument_integer(state, "epochs", text, 1, 1000000); break;
    case KEY_BATCH: o->batch = argument_integer(state, "batch", text, 1, 1000000); break;
    case KEY_LR: o->lr = argument_number(state, "lr", text, true); break;
    case KEY_WEIGHT_DECAY: o->weight_decay = argument_number(state, "weight-decay", text, false); break;
    case KEY_SEED: o->seed = (uint64_t)argument_integer(state, "seed", text, 0, INT64_MAX); break;
    case KEY_TRAIN_LIMIT: o->train_limit = argument_integer(state, "train-limit", text, 1, 1000000); break;
    case KEY_TEST_LIMIT: o->test_limit = argument_integer(state, "test-limit", text, 1, 1000000); break;
    case KEY_THREADS: o->threads = (int)argument_integer(state, "threads", text, 1, 1024); break;
    case KEY_OUT: o->out = text; break;
    case KEY_RESUME: o->resume = true; break;
    case ARGP_KEY_ARG: argp_error(state, "\"%s\" is not an option", text); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

options options_parse(int argc, char **argv)
{
    static const char doc[] = "Trains a vision transformer, or a ResNet-18 to compare it with, to tell CIFAR-10's ten "
                              "kinds of pictures apart, and tests it after each epoch.\vModels:";
    static const struct argp argp = { argp_options, parse_option, 0, doc, 0, argument_help_filter, 0 };
    options o = {
        .model = "vit_nano_patch4_32",
        .device = "cpu",
        .out = "out",
        .precision = VT_F32,
        .epochs = 10,
        .batch = 64,
        .train_limit = VT_AUTO,
        .test_limit = VT_AUTO,
        .lr = 1e-3,
        .weight_decay = 0.05,
        .seed = 1,
    };
    argp_parse(&argp, argc, argv, 0, 0, &o);
    return o;
}
