/* options.c - the options of vit_cifar10, a row each. */
#include "program/options.h"
#include <math.h>

static const command_option table[] = {
    { OPTION_HEADING, .name = "What to train:" },
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .fallback = "vit_nano_patch4_32", .recipe = true,
      .help = "The network, one of the list below" },
    { OPTION_TEXT, "data", OPTION_FIELD(data), "DIR|synthetic",
      .otherwise = "left out: ./data where it holds CIFAR-10, else synthetic",
      .help = "The folder with CIFAR-10's binary files, which tools/get-cifar10 downloads; or \"synthetic\": pictures "
              "drawn by the program" },
    { OPTION_INTEGER, "train-limit", OPTION_FIELD(train_limit), "N", 1, 1e6, .otherwise = "all",
      .help = "Train on the first N pictures only" },
    { OPTION_INTEGER, "test-limit", OPTION_FIELD(test_limit), "N", 1, 1e6, .otherwise = "all",
      .help = "Test on the first N pictures only" },
    { OPTION_HEADING, .name = "How:" },
    { OPTION_INTEGER, "epochs", OPTION_FIELD(epochs), "N", 1, 1e6, .fallback = "10", .recipe = true,
      .help = "Times to go through the training pictures" },
    { OPTION_INTEGER, "batch", OPTION_FIELD(batch), "N", 1, 1e6, .fallback = "64", .recipe = true,
      .help = "Pictures a step" },
    { OPTION_NUMBER, "lr", OPTION_FIELD(lr), "X", 0, INFINITY, true, "0.001", .recipe = true,
      .help = "The highest learning rate of AdamW; it warms up, then falls along a cosine" },
    { OPTION_NUMBER, "weight-decay", OPTION_FIELD(weight_decay), "X", 0, INFINITY, false, "0.05", .recipe = true,
      .help = "Decoupled weight decay of the matrices" },
    { OPTION_INTEGER, "seed", OPTION_FIELD(seed), "N", 0, 0x1p62, .fallback = "1", .recipe = true,
      .help = "Of the first weights, the order of the pictures and their augmentation" },
    { OPTION_HEADING, .name = "On what:" },
    { OPTION_TEXT, "device", OPTION_FIELD(device), "NAME", .fallback = "cpu",
      .help = "cpu, cuda: an NVIDIA GPU, or reference: the slow f64 oracle" },
    { OPTION_DTYPE, "precision", OPTION_FIELD(precision), "f32|f64|bf16", .fallback = "f32", .recipe = true,
      .help = "Of weights and arithmetic; bf16: of products' factors" },
    { OPTION_INTEGER, "threads", OPTION_FIELD(threads), "N", 1, 1024, .otherwise = "one a core",
      .help = "Threads to compute with" },
    { OPTION_HEADING, .name = "Where to:" },
    { OPTION_TEXT, "out", OPTION_FIELD(out), "DIR", .fallback = "out",
      .help = "Folder for log.csv, model.safetensors, curves.svg and .png" },
    { OPTION_FLAG, "resume", OPTION_FIELD(resume),
      .help =
          "Continue the run that was stopped in the --out folder, with the same options; it ends with the same bits "
          "as one that was never stopped" },
    { 0 },
};

static const command_line line = {
    .version = "vit_cifar10 (vitro) " VITRO_VERSION,
    .doc = "Trains a vision transformer, or a ResNet-18 to compare it with, to tell CIFAR-10's ten kinds of pictures "
           "apart, and tests it after each epoch.",
    .options = table,
};

options options_parse(int argc, char **argv)
{
    options o = { .train_limit = VT_AUTO, .test_limit = VT_AUTO };
    command_line_parse(&line, argc, argv, &o);
    return o;
}

void options_recipe(const options *o, char *text, size_t size)
{
    command_line_recipe(&line, o, text, size);
}
