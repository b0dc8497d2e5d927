/* progress.h - how far a long loop has come, on the stream a program chooses. */
#ifndef VITRO_PROGRESS_H
#define VITRO_PROGRESS_H

#include <vitro/base.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* On a terminal, one line that is rewritten at most ten times a second and fits the terminal's width:
 *
 *     epoch 3/200  [=========>           ]   45%  loss 1.2345  acc 55.3%  1234 img/s  0:12 left
 *
 * Elsewhere (a file, a pipe, TERM=dumb), a plain line each time another tenth is done. A value to keep on the stack;
 * its members are the functions' own, and a NULL one is ignored. Not for several threads at a time. */
typedef struct vt_progress {
    FILE *stream;
    char label[64];
    int64_t total, done;
    double loss, accuracy;
    double started, drawn; /* seconds of the monotonic clock */
    int tenths;            /* reported as plain lines */
    bool terminal;
} vt_progress;

/* Starts the clock for a loop over `total` images; 0 where their number is not known. The label is cut after 63 bytes.
 * A NULL stream prints nothing. */
VT_API vt_progress vt_progress_begin(FILE *stream, const char *label, int64_t total);
/* `done` images of the total are behind us; loss and accuracy (a fraction, 0 to 1) are what to show beside them. An
 * accuracy of NaN is one that is not measured, and is left out. */
VT_API void vt_progress_update(vt_progress *progress, int64_t done, double loss, double accuracy);
/* Whether an update with so many images done would show anything; where not, finding out what to show can wait. */
VT_API bool vt_progress_is_due(const vt_progress *progress, int64_t done);
/* Shows the last state with the time taken, and ends the line. */
VT_API void vt_progress_end(vt_progress *progress);

#ifdef __cplusplus
}
#endif
#endif
