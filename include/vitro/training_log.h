/* training_log.h - the figures of each epoch, kept in a CSV file and drawn as curves. */
#ifndef VITRO_TRAINING_LOG_H
#define VITRO_TRAINING_LOG_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One row. Accuracies and the calibration error are fractions, 0 to 1; what was not measured is NaN. */
typedef struct vt_epoch {
    int64_t epoch; /* counted from 1 */
    double train_loss, train_accuracy;
    double test_loss, test_accuracy;
    double seconds;
    double images_per_second;
    double test_top5;              /* how often the right class was among the five most probable */
    double test_calibration_error; /* expected calibration error (Guo et al. 2017) */
    double learning_rate;          /* of the last step */
    double test_flip_accuracy;     /* of the means of the logits of a picture and of its mirror image */
    double peak_bytes;             /* the most that tensors held in training */
} vt_epoch;

typedef struct vt_training_log {
    vt_epoch *epochs; /* in increasing order, with gaps where epochs were not logged */
    size_t count;
} vt_training_log;

/* Adds a row to the CSV file at path, made where there is none, under the header
 *
 *     epoch,train_loss,train_accuracy,test_loss,test_accuracy,seconds,images_per_second,
 *     test_top5,test_calibration_error,learning_rate,test_flip_accuracy,peak_bytes
 *
 * in one line. Columns that come later stand behind these: read them by their names. A log that ends with
 * images_per_second, learning_rate or test_flip_accuracy, as they were, is read too, with NaN in the columns it lacks,
 * and gets them with the next row.
 *
 * Rows of the same epoch and of later ones are dropped, so that a run resumed at an earlier epoch, or begun anew,
 * leaves the log of one run. The file is replaced all at once: whatever happens, it is the old log or the new one.
 * Numbers are written with the digits it takes to read the same number back.
 *
 * Errors: a file that is there and is no such log (it is left as it is), or that cannot be written. False with an
 * error, and while an error stands. */
VT_API bool vt_training_log_append_at(vt_site at, const char *path, const vt_epoch *epoch);
#define vt_training_log_append(path, epoch) vt_training_log_append_at(VT_HERE, path, epoch)

/* Reads a log. False with an error where there is none or it is malformed; the log is empty then. */
VT_API bool vt_training_log_read_at(vt_site at, const char *path, vt_training_log *log);
#define vt_training_log_read(path, log) vt_training_log_read_at(VT_HERE, path, log)
/* Empties the log; NULL is ignored. */
VT_API void vt_training_log_free(vt_training_log *log);

/* Draws loss and accuracy over the epochs, in training and in testing, to a file whose name ends in .svg or .png. NaN
 * and infinity leave gaps. A loss that spans a large range has a logarithmic axis. The title, above the curves, may be
 * NULL.
 *
 * Errors: VT_ERROR_UNSUPPORTED in a build without cairo; a name of another kind; a file that cannot be written. False
 * with an error, and while an error stands. */
VT_API bool vt_training_log_plot_at(vt_site at, const vt_training_log *log, const char *title, const char *path);
#define vt_training_log_plot(log, title, path) vt_training_log_plot_at(VT_HERE, log, title, path)

#ifdef __cplusplus
}
#endif
#endif
