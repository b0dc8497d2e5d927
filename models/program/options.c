/* options.c - the options of the training programs, a row each. */
#include "program/options.h"
#include <math.h>

/* -- Rows that all have ----------------------------------------------------------------------------------------------
 */

static const command_option of_pictures[] = {
    { OPTION_TEXT, "data", OPTION_FIELD(data), "DIR|NAME", .otherwise = "left out: what ./data holds, else synthetic",
      .help =
          "A folder with JPEG and PNG files in a folder for each class, or with the binary files of CIFAR-10, which "
          "tools/get-cifar10 downloads, or of CIFAR-100, or with files in MNIST's form; or a name: cifar10, cifar100, "
          "mnist and folder in ./data, or synthetic: pictures drawn by the program" },
    { OPTION_INTEGER, "train-limit", OPTION_FIELD(train_limit), "N", 1, 1e6, .otherwise = "all",
      .help = "Train on the first N pictures only" },
    { OPTION_INTEGER, "test-limit", OPTION_FIELD(test_limit), "N", 1, 1e6, .otherwise = "all",
      .help = "Test on the first N pictures only" },
    { OPTION_INTEGER, "image-size", OPTION_FIELD(image_size), "N", 1, 4096, .otherwise = "the network's",
      .recipe = true, .help = "Height and width that pictures are resized to" },
    { OPTION_NUMBER, "validation-fraction", OPTION_FIELD(validation_fraction), "X", 0, 0.9, true, "0.1", .recipe = true,
      .help = "Of each class, where a folder of classes has none apart for testing" },
    { OPTION_FLAG, "skip-bad", OPTION_FIELD(skip_bad),
      .help = "Read all pictures of a folder before training, and leave out those that cannot be read" },
    { 0 },
};

static const command_option of_steps[] = {
    { OPTION_HEADING, .name = "How:" },
    { OPTION_INTEGER, "epochs", OPTION_FIELD(epochs), "N", 1, 1e6, .fallback = "10", .recipe = true,
      .help = "Times to go through the training pictures" },
    { OPTION_INTEGER, "batch", OPTION_FIELD(batch), "N", 1, 1e6, .fallback = "64", .recipe = true,
      .help = "Pictures a step" },
    { 0 },
};

static const command_option of_augmentation[] = {
    { OPTION_HEADING, .name = "Changed at random:" },
    { OPTION_TEXT, "augment", OPTION_FIELD(augment), "LIST",
      .otherwise = "crop,flip; of folders: resized-crop,flip; of digits: none", .recipe = true,
      .help =
          "What is done to each picture, one after the other, such as crop:4,flip,randaugment:2:9,erase:0.25. There "
          "are crop, resized-crop, flip, jitter, randaugment, trivial, autoaugment, autoaugment-cifar, erase; and "
          "none" },
    { OPTION_INTEGER, "repeats", OPTION_FIELD(repeats), "N", 1, 64, .fallback = "1", .recipe = true,
      .help = "How often an epoch has a picture, each time augmented anew; it has so many times fewer of them" },
    { OPTION_NUMBER, "mixup", OPTION_FIELD(mixup), "A", 0, 100, .fallback = "0", .recipe = true,
      .help = "Mix pictures and labels of a batch by a share that is drawn from Beta(A, A); 0: never" },
    { OPTION_NUMBER, "cutmix", OPTION_FIELD(cutmix), "A", 0, 100, .fallback = "0", .recipe = true,
      .help = "Put rectangles of pictures into others, and mix labels by their areas; 0: never" },
    { OPTION_NUMBER, "mix-probability", OPTION_FIELD(mix_probability), "P", 0, 1, .fallback = "1", .recipe = true,
      .help = "That a batch is mixed" },
    { OPTION_NUMBER, "cutmix-odds", OPTION_FIELD(cutmix_odds), "P", 0, 1, .fallback = "0.5", .recipe = true,
      .help = "That it is CutMix, where there is mixup, too" },
    { OPTION_INTEGER, "mix-epochs", OPTION_FIELD(mix_epochs), "N", 0, 1e6, .otherwise = "all", .recipe = true,
      .help = "Mix batches of the first N epochs only" },
    { 0 },
};

static const command_option of_the_run[] = {
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
    { OPTION_INTEGER, "workers", OPTION_FIELD(workers), "N", 1, 256, .otherwise = "1, or one a core to read files",
      .help = "Threads that read and augment pictures ahead of the computation; they never change a bit" },
    { OPTION_HEADING, .name = "Where to:" },
    { OPTION_TEXT, "out", OPTION_FIELD(out), "DIR", .fallback = "out",
      .help = "Folder for what the run leaves: report.html, log.csv, weights, pictures, a checkpoint" },
    { OPTION_FLAG, "resume", OPTION_FIELD(resume),
      .help =
          "Continue the run that was stopped in the --out folder, with the same options; it ends with the same bits "
          "as one that was never stopped" },
    { OPTION_FLAG, "quiet", OPTION_FIELD(quiet), .help = "Print errors alone" },
    { OPTION_FLAG, "json", OPTION_FIELD(json), .help = "Print a line of JSON an epoch, and nothing else" },
    { 0 },
};

/* -- Training anew ---------------------------------------------------------------------------------------------------
 */

static const command_option anew[] = {
    { OPTION_HEADING, .name = "What to train:" },
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .fallback = "vit_nano_patch4_32", .recipe = true,
      .help = "The network, one of the list below" },
    { 0 },
};
static const command_option rate_anew[] = {
    { OPTION_NUMBER, "lr", OPTION_FIELD(lr), "X", 0, INFINITY, true, "0.001", .recipe = true,
      .help = "The highest learning rate of AdamW; it warms up, then falls along a cosine" },
    { 0 },
};

/* -- Training further ------------------------------------------------------------------------------------------------
 */

static const command_option further[] = {
    { OPTION_HEADING, .name = "What to train:" },
    { OPTION_TEXT, "weights", OPTION_FIELD(weights), "FILE", .required = true,
      .help = "The weights to begin with: safetensors, or what PyTorch's torch.save wrote (.pth, .pt, .bin). A head of "
              "other classes, positions of another picture size, and other channels are made to fit" },
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .otherwise = "the one that the weights fit", .recipe = true,
      .help = "The network; vitro models lists them" },
    { OPTION_TEXT, "part", OPTION_FIELD(part), "KEY", .otherwise = "found by itself",
      .help = "Where in a file of torch.save the tensors are, such as model_ema" },
    { 0 },
};
static const command_option which_of_it[] = {
    { OPTION_HEADING, .name = "Which of it:" },
    { OPTION_TEXT, "freeze", OPTION_FIELD(freeze), "GLOB", .otherwise = "nothing", .recipe = true,
      .help = "Parameters that stay as they are, such as '{patch_embed,blocks.{0..5}}.*'. Batch norms among them keep "
              "their running statistics" },
    { OPTION_TEXT, "lr-of", OPTION_FIELD(rates), "GLOB=X;...", .otherwise = "--lr for all", .recipe = true,
      .help = "Learning rates of some parameters: 'blocks.*=1e-5; head.*=1e-3'" },
    { OPTION_NUMBER, "layer-decay", OPTION_FIELD(layer_decay), "X", 0, 1, true, "1", .recipe = true,
      .help = "The learning rate of each layer is that of the one behind it times this" },
    { 0 },
};
static const command_option rate_further[] = {
    { OPTION_NUMBER, "lr", OPTION_FIELD(lr), "X", 0, INFINITY, true, "0.0003", .recipe = true,
      .help = "The highest learning rate of AdamW; it warms up, then falls along a cosine" },
    { 0 },
};

/* -- Command lines ---------------------------------------------------------------------------------------------------
 */

const command_line training_line = {
    .version = "vit_cifar10 (vitro) " VITRO_VERSION,
    .doc = "Trains one of the models below to tell kinds of pictures apart, such as CIFAR-10's ten, and tests it after "
           "each epoch.",
    .tables = { anew, of_pictures, of_augmentation, of_steps, rate_anew, of_the_run },
};

const command_line finetuning_line = {
    .version = "vitro finetune " VITRO_VERSION,
    .doc = "Trains a network further from a file of weights, on other pictures or classes, and tests it after each "
           "epoch.",
    .tables = { further, of_pictures, of_augmentation, which_of_it, of_steps, rate_further, of_the_run },
    .no_models = true,
};

options options_parse(const command_line *line, int argc, char **argv)
{
    options o = { .line = line,
                  .freeze = "",
                  .rates = "",
                  .train_limit = VT_AUTO,
                  .test_limit = VT_AUTO,
                  .image_size = VT_AUTO,
                  .workers = VT_AUTO,
                  .mix_epochs = VT_AUTO,
                  .layer_decay = 1 };
    command_line_parse(line, argc, argv, &o);
    return o;
}

bool options_tell(const options *o)
{
    return !o->quiet && !o->json;
}

void options_recipe(const options *o, char *text, size_t size)
{
    command_line_recipe(o->line, o, text, size);
}
