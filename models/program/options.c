/* options.c - the options of the training programs, a row each. */
#include "program/options.h"
#include "program/learning_rate.h"
#include "program/optimizers.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- Rows that all have -------------------------------------------------------------------------------------------- */

static const command_option of_pictures[] = {
    { OPTION_TEXT, "data", OPTION_FIELD(data), "DIR|NAME", .otherwise = "left out: what ./data holds, else synthetic",
      .help =
          "A folder with JPEG and PNG files in a folder for each class, or with the binary files of CIFAR-10, which "
          "tools/get-cifar10 downloads, or of CIFAR-100, or with files in MNIST's form; or a name: cifar10, cifar100, "
          "mnist and folder in ./data, or synthetic: pictures drawn by the program" },
    { OPTION_TEXT, "classes", OPTION_FIELD(classes), "N:N", .otherwise = "all", .fixed = true,
      .help = "Pictures of these classes alone: 0:4 are the first five. vitro data lists them" },
    { OPTION_INTEGER, "train-limit", OPTION_FIELD(train_limit), "N", 1, 1e6, .otherwise = "all",
      .help = "Train on the first N pictures only" },
    { OPTION_INTEGER, "test-limit", OPTION_FIELD(test_limit), "N", 1, 1e6, .otherwise = "all",
      .help = "Test on the first N pictures only" },
    { OPTION_INTEGER, "image-size", OPTION_FIELD(image_size), "N", 1, 4096, .otherwise = "the network's", .fixed = true,
      .help = "Height and width that pictures are resized to" },
    { OPTION_NUMBER, "validation-fraction", OPTION_FIELD(validation_fraction), "X", 0, 0.9, true, "0.1", .fixed = true,
      .help = "Of each class, where a folder of classes has none apart for testing" },
    { OPTION_INTEGER, "split-seed", OPTION_FIELD(split_seed), "N", 0, 0x1p62, .fallback = "1", .fixed = true,
      .help = "Which pictures of such a folder these are. --seed does not change it, so that runs of all seeds are "
              "tested on the same" },
    { OPTION_FLAG, "skip-bad", OPTION_FIELD(skip_bad),
      .help = "Read all pictures of a folder before training, and leave out those that cannot be read" },
    { 0 },
};

static const command_option of_steps[] = {
    { OPTION_HEADING, .name = "How:" },
    { OPTION_INTEGER, "epochs", OPTION_FIELD(epochs), "N", 1, 1e6, .otherwise = "10, or as many as --time allows",
      .fixed = true, .instead_of = "time", .help = "Times to go through the training pictures" },
    { OPTION_INTEGER, "batch", OPTION_FIELD(batch), "N", 1, 1e6, .fallback = "64", .fixed = true, .or_auto = true,
      .help = "Pictures a step; auto: the largest power of two, up to 1024, that --memory, or the machine, has room "
              "for" },
    { 0 },
};

static const command_option of_augmentation[] = {
    { OPTION_HEADING, .name = "Changed at random:" },
    { OPTION_TEXT, "augment", OPTION_FIELD(augment), "LIST",
      .otherwise = "crop,flip; of folders: resized-crop,flip; of digits: none", .fixed = true,
      .help =
          "What is done to each picture, one after the other, such as crop:4,flip,randaugment:2:9,erase:0.25. There "
          "are crop, resized-crop, flip, jitter, randaugment, trivial, autoaugment, autoaugment-cifar, erase; and "
          "none" },
    { OPTION_INTEGER, "repeats", OPTION_FIELD(repeats), "N", 1, 64, .fallback = "1", .fixed = true,
      .help = "How often an epoch has a picture, each time augmented anew; it has so many times fewer of them" },
    { OPTION_NUMBER, "mixup", OPTION_FIELD(mixup), "A", 0, 100, .fallback = "0", .fixed = true,
      .help = "Mix pictures and labels of a batch by a share that is drawn from Beta(A, A); 0: never" },
    { OPTION_NUMBER, "cutmix", OPTION_FIELD(cutmix), "A", 0, 100, .fallback = "0", .fixed = true,
      .help = "Put rectangles of pictures into others, and mix labels by their areas; 0: never" },
    { OPTION_NUMBER, "mix-probability", OPTION_FIELD(mix_probability), "P", 0, 1, .fallback = "1", .fixed = true,
      .help = "That a batch is mixed" },
    { OPTION_NUMBER, "cutmix-odds", OPTION_FIELD(cutmix_odds), "P", 0, 1, .fallback = "0.5", .fixed = true,
      .help = "That it is CutMix, where there is mixup, too" },
    { OPTION_INTEGER, "mix-epochs", OPTION_FIELD(mix_epochs), "N", 0, 1e6, .otherwise = "all", .fixed = true,
      .help = "Mix batches of the first N epochs only" },
    { 0 },
};

static const command_option of_updates[] = {
    { OPTION_TEXT, "optimizer", OPTION_FIELD(optimizer), OPTIMIZER_NAMES, .one_of = true, .fallback = "adamw",
      .fixed = true, .instead_of = "momentum",
      .help = "By what weights are updated. Muon leaves the first and the last layer to AdamW" },
    { OPTION_NUMBER, "lr", OPTION_FIELD(lr), "X", 0, INFINITY, true, .fixed = true,
      .otherwise = "what suits the optimiser: 0.001 of AdamW, and 0.0003 where weights are trained further",
      .help = "The highest learning rate" },
    { OPTION_NUMBER, "weight-decay", OPTION_FIELD(weight_decay), "X", 0, INFINITY, .fixed = true,
      .otherwise = "what suits the optimiser: 0.05 of AdamW",
      .help = "Weight decay of the matrices; an L2 term of sgd, adam and rmsprop, and decoupled otherwise" },
    { OPTION_NUMBER, "momentum", OPTION_FIELD(momentum), "X", 0, 0.9999, .fixed = true,
      .otherwise = "0.9 of sgd, 0 of rmsprop, 0.95 of muon", .help = "Of sgd, rmsprop and muon" },
    { OPTION_NUMBER, "clip", OPTION_FIELD(clip), "X", 0, INFINITY, .otherwise = "1, or 0 with --clip-value",
      .fixed = true, .instead_of = "clip-value",
      .help = "The longest that all gradients together may be; 0: any length" },
    { OPTION_NUMBER, "clip-value", OPTION_FIELD(clip_value), "X", 0, INFINITY, .fallback = "0", .fixed = true,
      .instead_of = "clip", .help = "The largest that an element of a gradient may be; 0: any size" },
    { OPTION_INTEGER, "accumulate", OPTION_FIELD(accumulate), "N", 1, 1e6, .fallback = "1", .fixed = true,
      .help = "Batches an update, as one of N times the size would be, in the memory of one" },
    { OPTION_NUMBER, "ema", OPTION_FIELD(ema), "X", 0, 0.999999999, .fallback = "0", .fixed = true,
      .help =
          "Keep an average of the weights, which keeps this much of itself in an update; it is tested, and saved as "
          "model-ema.safetensors. 0: none" },
    { OPTION_HEADING, .name = "Learning rates:" },
    { OPTION_TEXT, "schedule", OPTION_FIELD(schedule), SCHEDULE_NAMES, .one_of = true, .fixed = true,
      .otherwise = "cosine, or constant with schedule-free", .help = "How the learning rate falls after the warm-up" },
    { OPTION_NUMBER, "warmup", OPTION_FIELD(warmup), "EPOCHS", 0, 1e6, .fixed = true,
      .otherwise = "0.5, or 30 % of all with one-cycle", .help = "In which it rises; 0.5 are half an epoch" },
    { OPTION_NUMBER, "cooldown", OPTION_FIELD(cooldown), "EPOCHS", 0, 1e6, .fallback = "0", .fixed = true,
      .help = "At the end, in which it falls in a line from what the schedule ended with to --lr-final" },
    { OPTION_NUMBER, "lr-final", OPTION_FIELD(lr_final), "X", 0, INFINITY, .fallback = "0", .fixed = true,
      .help = "What cosine, linear and the cool-down end with" },
    { OPTION_NUMBER, "lr-step", OPTION_FIELD(lr_step), "EPOCHS", 0, 1e6, true, .fixed = true,
      .otherwise = "a third of all", .help = "After how many step lowers it, again and again" },
    { OPTION_NUMBER, "lr-factor", OPTION_FIELD(lr_factor), "X", 0, 1, .fallback = "0.1", .fixed = true,
      .help = "What step multiplies it by" },
    { 0 },
};

static const command_option of_the_range_test[] = {
    { OPTION_HEADING, .name = "Looking for a learning rate:" },
    { OPTION_TEXT, "lr-range", OPTION_FIELD(lr_range), "MIN:MAX", .otherwise = "trains",
      .help = "Instead of training, let the learning rate grow from MIN to MAX, such as 1e-6:1, update by update, and "
              "suggest one: lr_range.csv and a plot. Nothing of what is trained is kept" },
    { OPTION_INTEGER, "lr-range-steps", OPTION_FIELD(lr_range_steps), "N", 10, 100000, .fallback = "100",
      .help = "In so many updates" },
    { 0 },
};

static const command_option of_the_objective[] = {
    { OPTION_HEADING, .name = "What is learned:" },
    { OPTION_TEXT, "loss", OPTION_FIELD(loss), "cross-entropy|bce", .one_of = true, .fallback = "cross-entropy",
      .fixed = true, .help = "bce: whether a picture is of a class is asked of each class apart" },
    { OPTION_NUMBER, "label-smoothing", OPTION_FIELD(label_smoothing), "X", 0, 0.999, .fallback = "0.1", .fixed = true,
      .help = "The part of each label that all classes share" },
    { OPTION_NUMBER, "drop-path", OPTION_FIELD(drop_path), "X", 0, 0.999, .otherwise = "the network's", .fixed = true,
      .help = "How often the last block is skipped; those before it less often" },
    { OPTION_NUMBER, "dropout", OPTION_FIELD(dropout), "X", 0, 0.999, .otherwise = "the network's", .fixed = true,
      .help = "How often an activation is dropped, where the network drops any" },
    { OPTION_TEXT, "teacher", OPTION_FIELD(teacher), "FILE", .otherwise = "none", .fixed = true,
      .help = "Weights of a network of the same classes, of which this one learns as well. A distillation token learns "
              "from it alone" },
    { OPTION_TEXT, "distill", OPTION_FIELD(distill), "soft|hard", .one_of = true, .fallback = "hard", .fixed = true,
      .help = "What of the teacher: soft, its probabilities, or hard, the class that it decides for" },
    { OPTION_NUMBER, "distill-weight", OPTION_FIELD(distill_weight), "X", 0, 1, .fallback = "0.5", .fixed = true,
      .help = "The teacher's part of the loss" },
    { OPTION_NUMBER, "temperature", OPTION_FIELD(temperature), "X", 0, INFINITY, true, "3", .fixed = true,
      .help = "By which logits are divided before soft probabilities are taken" },
    { 0 },
};

static const command_option of_tests[] = {
    { OPTION_HEADING, .name = "How it is tested:" },
    { OPTION_FLAG, "test-flip", OPTION_FIELD(test_flip),
      .help = "Test pictures together with their mirror images, too: the mean of their logits decides. It takes twice "
              "as long" },
    { 0 },
};

static const command_option of_the_end[] = {
    { OPTION_HEADING, .name = "Until when:" },
    { OPTION_INTEGER, "patience", OPTION_FIELD(patience), "N", 1, 1e6, .otherwise = "any", .fixed = true,
      .help = "Stop after N epochs in which the accuracy of the test has not become better" },
    { OPTION_DURATION, "time", OPTION_FIELD(time), "TIME", .otherwise = "any", .fixed = true, .instead_of = "epochs",
      .help = "Train for so long, 90s, 30m or 1.5h: the learning rate reaches its end by then" },
    { OPTION_INTEGER, "overfit-batches", OPTION_FIELD(overfit_batches), "N", 1, 1e6, .otherwise = "all pictures",
      .fixed = true, .help = "Train and test on the first N batches alone, as they are: what can learn learns them" },
    { 0 },
};

static const command_option of_the_run[] = {
    { OPTION_HEADING, .name = "From what:" },
    { OPTION_INTEGER, "seed", OPTION_FIELD(seed), "N", 0, 0x1p62, .fallback = "1", .fixed = true,
      .help = "Of the first weights, the order of the pictures and their augmentation" },
    { OPTION_HEADING, .name = "On what:" },
    { OPTION_TEXT, "device", OPTION_FIELD(device), "NAME", .fallback = "cpu",
      .help = "cpu, cuda: an NVIDIA GPU, or cuda:1, the second, or reference: the slow f64 oracle" },
    { OPTION_DTYPE, "precision", OPTION_FIELD(precision), "f32|f64|bf16", .fallback = "f32", .fixed = true,
      .help = "Of weights and arithmetic; bf16: of products' factors" },
    { OPTION_INTEGER, "threads", OPTION_FIELD(threads), "N", 1, 1024, .otherwise = "one a core",
      .help = "Threads to compute with" },
    { OPTION_INTEGER, "workers", OPTION_FIELD(workers), "N", 1, 256, .otherwise = "1, or one a core to read files",
      .help = "Threads that read and augment pictures ahead of the computation; they never change a bit" },
    { 0 },
};

static const command_option of_memory[] = {
    { OPTION_BYTES, "memory", OPTION_FIELD(memory), "SIZE", .otherwise = "any",
      .help = "Keep all tensors in so much memory, 512M or 2G: what of a forward pass does not fit is computed again "
              "when the backward pass comes to it. Says what the least is, if that does not do" },
    { OPTION_FLAG, "checkpoint-activations", OPTION_FIELD(checkpoint_activations),
      .help =
          "Keep as little of a forward pass as can be, and compute the rest again: less memory, more time, the same "
          "figures" },
    { 0 },
};

static const command_option to_a_folder[] = {
    { OPTION_HEADING, .name = "Where to:" },
    { OPTION_TEXT, "out", OPTION_FIELD(out), "DIR", .fallback = "out",
      .help = "Folder for what the run leaves: report.html, log.csv, weights, pictures, a checkpoint" },
    { OPTION_FLAG, "resume", OPTION_FIELD(resume),
      .help =
          "Continue the run that was stopped in the --out folder, with the same options; it ends with the same bits "
          "as one that was never stopped" },
    { OPTION_INTEGER, "keep", OPTION_FIELD(keep), "N", 0, 1e6, .fallback = "0",
      .help = "Keep the checkpoints of the last N epochs, too, as checkpoint-EPOCH.safetensors" },
    { OPTION_FLAG, "quiet", OPTION_FIELD(quiet), .help = "Print errors alone" },
    { OPTION_FLAG, "json", OPTION_FIELD(json), .help = "Print a line of JSON an epoch, and nothing else" },
    { 0 },
};

static const command_option of_a_recipe[] = {
    { OPTION_RECIPE, "recipe", OPTION_FIELD(recipe), "NAME|FILE", .otherwise = "none",
      .help =
          "Options of one of the recipes that --help lists, or of a JSON file, whose name has a / or ends in .json. "
          "Options that are given beside it override its own" },
    { 0 },
};

/* -- Training anew ------------------------------------------------------------------------------------------------- */

static const command_option anew[] = {
    { OPTION_HEADING, .name = "What to train:" },
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .fallback = "vit_nano_patch4_32", .fixed = true,
      .help = "The network, one of the list below" },
    { 0 },
};
/* -- Training further ---------------------------------------------------------------------------------------------- */

static const command_option further[] = {
    { OPTION_HEADING, .name = "What to train:" },
    { OPTION_TEXT, "weights", OPTION_FIELD(weights), "FILE", .required = true,
      .help = "The weights to begin with: safetensors, or what PyTorch's torch.save wrote (.pth, .pt, .bin). A head of "
              "other classes, positions of another picture size, and other channels are made to fit" },
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .otherwise = "the one that the weights fit", .fixed = true,
      .help = "The network; vitro models lists them" },
    { OPTION_TEXT, "part", OPTION_FIELD(part), "KEY", .otherwise = "found by itself",
      .help = "Where in a file of torch.save the tensors are, such as model_ema" },
    { 0 },
};
static const command_option which_of_it[] = {
    { OPTION_HEADING, .name = "Which of it:" },
    { OPTION_TEXT, "freeze", OPTION_FIELD(freeze), "GLOB", .otherwise = "nothing", .fixed = true,
      .help = "Parameters that stay as they are, such as '{patch_embed,blocks.{0..5}}.*'. Batch norms among them keep "
              "their running statistics" },
    { OPTION_TEXT, "lr-of", OPTION_FIELD(rates), "GLOB=X;...", .otherwise = "--lr for all", .fixed = true,
      .help = "Learning rates of some parameters: 'blocks.*=1e-5; head.*=1e-3'" },
    { OPTION_NUMBER, "layer-decay", OPTION_FIELD(layer_decay), "X", 0, 1, true, "1", .fixed = true,
      .help = "The learning rate of each layer is that of the one behind it times this" },
    { 0 },
};
/* -- Command lines ------------------------------------------------------------------------------------------------- */

const command_line training_line = {
    .version = "vit_cifar10 (vitro) " VITRO_VERSION,
    .doc = "Trains one of the models below to tell kinds of pictures apart, such as CIFAR-10's ten, and tests it after "
           "each epoch.",
    .tables = { anew, of_a_recipe, of_pictures, of_augmentation, of_steps, of_updates, of_the_range_test,
                of_the_objective, of_tests, of_the_end, of_the_run, of_memory, to_a_folder },
};

const command_line finetuning_line = {
    .version = "vitro finetune " VITRO_VERSION,
    .doc = "Trains a network further from a file of weights, on other pictures or classes, and tests it after each "
           "epoch.",
    .tables = { further, of_a_recipe, of_pictures, of_augmentation, which_of_it, of_steps, of_updates,
                of_the_range_test, of_the_objective, of_tests, of_the_end, of_the_run, of_memory, to_a_folder },
    .no_models = true,
};

/* -- Looking at data ----------------------------------------------------------------------------------------------- */

static const command_option shown[] = {
    { OPTION_HEADING, .name = "What to show:" },
    { OPTION_INTEGER, "show", OPTION_FIELD(show), "N", 1, 10000, .otherwise = "no pictures, only what there is",
      .help = "Write a sheet of the first N pictures that training gets" },
    { OPTION_INTEGER, "epoch", OPTION_FIELD(epochs), "N", 1, 1e6, .fallback = "1", .help = "In which epoch" },
    { OPTION_INTEGER, "batch", OPTION_FIELD(batch), "N", 1, 1e6, .fallback = "64",
      .help = "Pictures a step: those that are mixed with each other" },
    { OPTION_TEXT, "out", OPTION_FIELD(out), "FILE", .fallback = "data.png", .help = "The PNG file of the sheet" },
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .fallback = "vit_nano_patch4_32",
      .help = "The network that pictures of a folder are resized for; vitro models lists them" },
    { OPTION_INTEGER, "seed", OPTION_FIELD(seed), "N", 0, 0x1p62, .fallback = "1",
      .help = "Of the order of the pictures and their augmentation" },
    { 0 },
};

const command_line data_line = {
    .version = "vitro data " VITRO_VERSION,
    .doc = "Says which pictures of which classes there are to train on, and shows them as training gets them: cut to "
           "size, augmented and mixed.",
    .tables = { of_pictures, of_augmentation, shown },
    .no_models = true,
};

/* -- Comparing models ---------------------------------------------------------------------------------------------- */

static const command_option compared[] = {
    { OPTION_ARGUMENTS, "MODEL", OPTION_FIELD(models), .of_zoo = true, .required = true,
      .help = "The networks, two or more: names that vitro models lists, or files of weights to begin with" },
    { 0 },
};
static const command_option compared_by_default[] = {
    { OPTION_ARGUMENTS, "MODEL", OPTION_FIELD(models), .of_zoo = true,
      .help = "The networks, two or more: names that vitro models lists, or files of weights to begin with "
              "(vit_tiny_patch4_32 resnet18_cifar)" },
    { 0 },
};
static const command_option of_the_comparison[] = {
    { OPTION_HEADING, .name = "How much:" },
    { OPTION_INTEGER, "seeds", OPTION_FIELD(seeds), "N", 1, 100, .fallback = "3", .fixed = true,
      .help = "How often each is trained: from --seed on, each time from other weights and in another order" },
    { OPTION_TEXT, "fractions", OPTION_FIELD(fractions), "X,X...", .otherwise = "1", .fixed = true,
      .help = "Train on these parts of the training pictures, such as 0.1,0.5,1" },
    { OPTION_TEXT, "equal", OPTION_FIELD(equal), "LIST", .otherwise = "epochs,compute, or what suits the experiment",
      .fixed = true,
      .help =
          "What is the same for all, one after the other: epochs; compute, counted in multiply-accumulates; time, by "
          "how fast each is on this machine" },
    { OPTION_DURATION, "time", OPTION_FIELD(time), "TIME", .otherwise = "30m, or what --epochs take", .fixed = true,
      .help = "Choose epochs and pictures so that all runs take about so long, 90s, 30m or 1.5h; with --train-limit, "
              "of at most so many pictures" },
    { OPTION_FLAG, "quick", OPTION_FIELD(quick), .fixed = true,
      .help = "The same as --time 10m --batch 16: few pictures, but enough steps" },
    { OPTION_INTEGER, "epochs", OPTION_FIELD(epochs), "N", 0, 1e6, .otherwise = "as many as --time allows",
      .fixed = true,
      .help = "Times to go through the training pictures; at equal compute a cheaper network has more. 0: files of "
              "weights are tested as they are" },
    { OPTION_INTEGER, "batch", OPTION_FIELD(batch), "N", 1, 1e6, .otherwise = "64, or 16 with --quick", .fixed = true,
      .help = "Pictures a step" },
    { 0 },
};
static const command_option to_the_folder_of_all[] = {
    { OPTION_HEADING, .name = "Where to:" },
    { OPTION_TEXT, "out", OPTION_FIELD(out), "DIR", .fallback = "out",
      .help = "Folder for the results: report.html, compare.csv, compare.json, plots, and each run's folder in runs" },
    { OPTION_FLAG, "resume", OPTION_FIELD(resume),
      .help = "Continue the comparison that was stopped in the --out folder, with the same options" },
    { OPTION_FLAG, "quiet", OPTION_FIELD(quiet), .help = "Print errors alone" },
    { OPTION_FLAG, "json", OPTION_FIELD(json), .help = "Print compare.json at the end, and nothing else" },
    { 0 },
};

const command_line comparing_line = {
    .version = "vitro compare " VITRO_VERSION,
    .doc = "Trains models on the same pictures from the same seeds and tells which is better: at equal epochs and at "
           "equal compute, and whether the difference is more than chance.",
    .tables = { compared, of_pictures, of_the_comparison, of_augmentation, of_updates, of_the_objective, of_the_run,
                to_the_folder_of_all },
    .no_models = true,
};
const command_line vit_vs_resnet_line = {
    .version = "vit_vs_resnet (vitro) " VITRO_VERSION,
    .doc = "Trains a vision transformer and a ResNet-18 on the same pictures from the same seeds and tells which is "
           "better: at equal epochs and at equal compute, and whether the difference is more than chance.",
    .tables = { compared_by_default, of_pictures, of_the_comparison, of_augmentation, of_updates, of_the_objective,
                of_the_run, to_the_folder_of_all },
    .no_models = true,
};

static const command_option of_experiments[] = {
    { OPTION_ARGUMENT, "NAME", OPTION_FIELD(experiment), .help = "The experiment; without a name, all are listed" },
    { 0 },
};

const command_line experimenting_line = {
    .version = "vitro experiment " VITRO_VERSION,
    .doc =
        "Tries out what is said of vision transformers: trains small ones that differ in one thing alone, on the same "
        "pictures from the same seeds, and tells what the numbers say. Without --time or --epochs, an experiment is "
        "as long as with --quick.",
    .tables = { of_experiments, of_pictures, of_the_comparison, of_augmentation, of_updates, of_the_objective,
                of_the_run, to_the_folder_of_all },
    .no_models = true,
};

options options_parse(const command_line *line, int argc, char **argv)
{
    options o = { .line = line,
                  .epochs = VT_AUTO,
                  .batch = VT_AUTO,
                  .lr = VT_AUTO,
                  .weight_decay = VT_AUTO,
                  .momentum = VT_AUTO,
                  .clip = VT_AUTO,
                  .warmup = VT_AUTO,
                  .lr_step = VT_AUTO,
                  .drop_path = VT_AUTO,
                  .dropout = VT_AUTO,
                  .patience = VT_AUTO,
                  .freeze = "",
                  .rates = "",
                  .train_limit = VT_AUTO,
                  .test_limit = VT_AUTO,
                  .image_size = VT_AUTO,
                  .workers = VT_AUTO,
                  .mix_epochs = VT_AUTO,
                  .layer_decay = 1 };
    o.on_line = command_line_parse(line, argc, argv, &o);
    return o;
}

bool options_tell(const options *o)
{
    return !o->quiet && !o->json;
}

/* -- What follows from other options ------------------------------------------------------------------------------- */

bool options_contradict(const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%s", text);
    return false;
}

static bool complete_optimizer(options *o)
{
    const optimizer_kind *kind = optimizer_kind_of(o->optimizer);
    if (o->momentum != VT_AUTO && kind->momentum == VT_AUTO)
        return options_contradict("--momentum is of sgd, rmsprop and muon, not of %s", o->optimizer);
    if (o->ema > 0 && kind->averages) return options_contradict("--ema: %s keeps an average by itself", o->optimizer);
    if (o->momentum == VT_AUTO) o->momentum = kind->momentum;
    if (o->lr == VT_AUTO) o->lr = o->weights ? kind->lr_further : kind->lr;
    if (o->weight_decay == VT_AUTO) o->weight_decay = kind->weight_decay;
    return true;
}

static bool complete_schedule(options *o)
{
    bool averages = optimizer_kind_of(o->optimizer)->averages;
    if (!o->schedule) o->schedule = averages ? "constant" : "cosine";
    if (averages && strcmp(o->schedule, "constant") != 0)
        return options_contradict(
            "--schedule is %s; schedule-free takes the place of a schedule: leave it out, or make it constant",
            o->schedule);
    if (o->warmup == VT_AUTO) o->warmup = strcmp(o->schedule, "one-cycle") == 0 ? 0.3 * (double)o->epochs : 0.5;
    if (o->lr_step == VT_AUTO && strcmp(o->schedule, "step") == 0) o->lr_step = (double)o->epochs / 3;
    if (o->time > 0 || o->warmup + o->cooldown <= (double)o->epochs) return true;
    return options_contradict("a warm-up of %g epochs and a cool-down of %g are more than the %lld of all", o->warmup,
                              o->cooldown, (long long)o->epochs);
}

static bool complete_range_test(options *o)
{
    char *end = NULL;
    if (!o->lr_range) return true;
    if (o->resume) return options_contradict("--lr-range keeps nothing that --resume could continue");
    o->lr_range_first = strtod(o->lr_range, &end);
    if (*end == ':') o->lr_range_last = strtod(end + 1, &end);
    if (*end == 0 && o->lr_range_first > 0 && o->lr_range_last > o->lr_range_first && isfinite(o->lr_range_last))
        return true;
    return options_contradict("--lr-range is \"%s\"; it must be two learning rates, the lower one first: 1e-6:1",
                              o->lr_range);
}

bool options_complete(options *o)
{
    const int64_t any_number = 1000001; /* more than can be asked for */
    if (o->time > 0 && o->epochs != VT_AUTO)
        return options_contradict("--time decides how many epochs there are: leave --epochs out");
    if (o->epochs == VT_AUTO) o->epochs = o->time > 0 ? any_number : 10;
    if (o->clip_value > 0 && o->clip != VT_AUTO && o->clip > 0)
        return options_contradict(
            "--clip bounds all gradients together, and --clip-value each element: give one of them");
    if (o->clip == VT_AUTO) o->clip = o->clip_value > 0 ? 0 : 1;
    if (o->memory > 0 && o->checkpoint_activations)
        return options_contradict("--memory keeps as much as fits, and --checkpoint-activations as little as can be: "
                                  "give one of them");
    return complete_optimizer(o) && complete_schedule(o) && complete_range_test(o);
}

void options_list_fixed(const options *o, char *text, size_t size)
{
    command_line_list_fixed(o->line, o, text, size);
}
