/* data_sets.h - the data sets that programs train on, a row each. */
#ifndef MODELS_PROGRAM_DATA_SETS_H
#define MODELS_PROGRAM_DATA_SETS_H

#include <vitro/vitro.h>

/* Which pictures, and of what size where they are of several. */
typedef struct picture_choice {
    int64_t limit;         /* VT_AUTO: all */
    int64_t height, width; /* that the network wants */
    double validation_fraction;
    uint64_t seed; /* of the split */
    bool skip_bad;
} picture_choice;

typedef struct data_set {
    const char *name;                  /* on the command line */
    const char *folder;                /* where its files are looked for; NULL: it needs none */
    const char *about;                 /* for people */
    bool (*is_in)(const char *folder); /* whether any of its files are in the folder; NULL: it needs none */
    vt_dataset *(*open)(const char *folder, bool train, const picture_choice *which);
    float mean[3], std[3]; /* of the channels, in units of the full scale; of grey pictures three times the same */
    const char *augment;   /* how training augments them by default: digits are not mirrored */
} data_set;

/* In the order in which they are looked for; ended by a name of NULL. The last needs no files. */
extern const data_set data_sets[];

/* Whether an option of programs is of pictures in folders, and the set has others. */
bool data_set_ignores(const data_set *set, const char *option);

#endif
