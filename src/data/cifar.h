/* cifar.h - the binary files of CIFAR-10 and of CIFAR-100. */
#ifndef VITRO_DATA_CIFAR_H
#define VITRO_DATA_CIFAR_H

#include <vitro/data.h>

enum { CIFAR_MOST_LABELS = 2 };

/* A file is records of label bytes, and 3072 bytes of a picture [3, 32, 32]. */
typedef struct cifar_form {
    const char *name;    /* in messages */
    const char *archive; /* the folder that the published archive unpacks to */
    const char *advice;  /* how to get the files */
    int classes;
    int labels;                           /* bytes a record; the last of them is the class */
    int labels_below[CIFAR_MOST_LABELS];  /* what each is below */
    const char *const *train_files;       /* in order */
    const char *const *test_files;        /* likewise */
    int train_count, train_file_pictures; /* pictures for training, and those of a file */
    int test_count;                       /* pictures for testing, all in one file */
    const char *names_file;               /* a class name a line */
    const char *const *names;             /* where there is no such file */
} cifar_form;

/* Opens what is in dir, or in its child of the archive's name. NULL with an error. */
vt_dataset *cifar_open(vt_site at, const cifar_form *form, const char *dir, bool train, int64_t limit);

#endif
