/* error.h - one sticky error a thread: the first failure is kept, and while it stands ops record nothing. */
#ifndef VITRO_ERROR_H
#define VITRO_ERROR_H

#include <vitro/base.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vt_status {
    VT_OK,
    VT_ERROR_ARGUMENT, /* a shape, dtype, axis, pattern or option that does not fit */
    VT_ERROR_HANDLE,   /* an inert or stale tensor, or a value that was not kept */
    VT_ERROR_GRADIENT, /* something that cannot be differentiated */
    VT_ERROR_NUMERIC,  /* NaN or infinity, found in eager mode */
    VT_ERROR_MEMORY,
    VT_ERROR_FILE,        /* a file that is missing, unreadable, truncated, of another format, or cannot be written */
    VT_ERROR_UNSUPPORTED, /* a device, precision or kernel that is not there */
} vt_status;

/* True while an error stands. */
VT_API bool vt_failed(void);
VT_API vt_status vt_error_status(void);
/* The message of the standing error, "" where none stands. It names the thing, what it was, what it should have been,
 * and the user's file and line. */
VT_API const char *vt_error_message(void);
/* Prints "vitro: <message>" to the stream, where it is not NULL, and returns 1, the exit code of a program that failed.
 */
VT_API int vt_error_print(FILE *stream);
VT_API void vt_error_clear(void);
/* Raises an error of the user's own making; ignored while another stands, and where the status is VT_OK. */
VT_API void vt_error_raise(vt_status status, vt_site at, const char *format, ...) VT_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
