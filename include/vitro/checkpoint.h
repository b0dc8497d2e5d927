/* checkpoint.h - weights in safetensors files, and all that a stopped run needs to continue with the same bits. */
#ifndef VITRO_CHECKPOINT_H
#define VITRO_CHECKPOINT_H

#include <vitro/model.h>
#include <vitro/name_rule.h>
#include <vitro/optimizer.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A line of text beside a file's tensors, an entry of safetensors' __metadata__: "model", "vit_tiny_patch16_224". */
typedef struct vt_metadata {
    const char *key, *value; /* UTF-8 */
} vt_metadata;

typedef struct vt_model_save_args {
    vt_site at_;
    const char *path;
    const vt_model *model;
    vt_named_only named_only_;
    const vt_metadata
        *metadata; /* ends with a row without a key; NULL: there is none. vt_tensor_file_metadata reads it */
} vt_model_save_args;
/* Saves every parameter and buffer under its state-dict name. The file is replaced all at once: whatever happens, it is
 * the old one or the new one. False with an error where it cannot be written, or a key is given twice or has no value.
 */
VT_API bool vt_model_save_with(const vt_model_save_args *a);
#define vt_model_save(...)                                                                                             \
    vt_model_save_with(VT_ARGS(vt_model_save_args, 2, "vt_model_save(path, model, .metadata)", __VA_ARGS__))

typedef struct vt_model_load_args {
    vt_site at_;
    const char *path;
    vt_model *model;
    vt_named_only named_only_;
    const vt_name_rule *rules; /* from the file's names to the model's (name_rule.h); NULL: they are the same */
    const char *part;          /* of a file of torch.save, as for vt_tensor_file_open */
    bool resize;               /* parameters with a grid (vt_parameter) are resampled from the file's */
    const char *channels;      /* a pattern of weights of convolutions that may get other input channels; NULL: none */
    const char *replaceable;   /* a pattern of names that are left as they are where they do not fit; NULL: none */
    bool partial;              /* all that does not fit is left as it is, which is no error then */
    FILE *report;              /* is told of each tensor that does not fit; NULL: nobody is */
} vt_model_load_args;
/* Loads every parameter and buffer from a file that vt_tensor_file_open opens. Floating-point dtypes may differ and are
 * converted; names, after the rules, and shapes may not. False with an error that lists what is missing, unexpected or
 * of another shape, or says what is wrong with the file; the model is then as it was. Of those that do not fit the
 * report has all, one a line:
 *
 *     missing: head.bias [10]
 *     unexpected: fc.bias [10]
 *     another shape: head.weight [10, 768], in the file [1000, 768]
 *
 * What differs between a file and a model that is to be trained further is made to fit where that is asked for. Grids
 * in the file are square, or lines where the model's are; they are resampled bicubically with antialias, and entries in
 * front of them are copied; where shapes are equal nothing is done. One input channel gets the sum of the file's; more
 * of them get the file's over and over, times old / new, so that a grey picture gives what it gave. These lines are in
 * the report, too:
 *
 *     resized: pos_embed [1, 577, 768], in the file [1, 197, 768]
 *     other channels: patch_embed.proj.weight [768, 1, 16, 16], in the file [768, 3, 16, 16]
 *     replaced: head.weight [10, 768], in the file [1000, 768]
 */
VT_API bool vt_model_load_with(const vt_model_load_args *a);
#define vt_model_load(...)                                                                                             \
    vt_model_load_with(VT_ARGS(                                                                                        \
        vt_model_load_args, 2,                                                                                         \
        "vt_model_load(path, model, .rules .part .resize .channels .replaceable .partial .report)", __VA_ARGS__))

/* A line of text beside the tensors: what the program itself has to remember. */
enum { VT_NOTE_SIZE = 2048 };
typedef struct vt_note {
    const char *key;
    char value[VT_NOTE_SIZE];
} vt_note;

/* Saves the model, the optimiser's state, the random state and the notes, as vt_model_save does. */
VT_API bool vt_checkpoint_save_at(vt_site at, const char *path, const vt_model *model, vt_optimizer *optimizer,
                                  const vt_note *notes, int count);
#define vt_checkpoint_save(path, model, optimizer, notes, count)                                                       \
    vt_checkpoint_save_at(VT_HERE, path, model, optimizer, notes, count)

/* Fills in the values of the notes by their keys, and loads nothing else: to see whether a checkpoint is the right one.
 * False with an error where the file has no such note, or is no checkpoint. */
VT_API bool vt_checkpoint_notes_at(vt_site at, const char *path, vt_note *notes, int count);
#define vt_checkpoint_notes(path, notes, count) vt_checkpoint_notes_at(VT_HERE, path, notes, count)

/* Puts model, optimiser and random state back to what they were. False with an error as vt_model_load; everything is
 * then as it was. */
VT_API bool vt_checkpoint_load_at(vt_site at, const char *path, vt_model *model, vt_optimizer *optimizer);
#define vt_checkpoint_load(path, model, optimizer) vt_checkpoint_load_at(VT_HERE, path, model, optimizer)

#ifdef __cplusplus
}
#endif
#endif
