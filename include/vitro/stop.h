/* stop.h - Ctrl-C asks a program to finish its step, save and leave. For programs: the library installs no handler by
 * itself. */
#ifndef VITRO_STOP_H
#define VITRO_STOP_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* From now on the first SIGINT or SIGTERM is only noted, and the next one ends the process as it always does. A signal
 * that is ignored (as nohup and shells without job control arrange) stays ignored.
 *
 *     vt_stop_on_signals();
 *     while (!vt_stop_requested() && train_step()) { }
 *     save_checkpoint();
 *     return vt_stop_exit_code();
 */
VT_API void vt_stop_on_signals(void);
/* The number of the signal that arrived; 0 where none did. */
VT_API int vt_stop_requested(void);
/* 128 + the signal's number, the shells' convention; 0 where none arrived. */
VT_API int vt_stop_exit_code(void);

#ifdef __cplusplus
}
#endif
#endif
