/* unreadable.h - the error that a file which is not as its format wants it gets. */
#ifndef VITRO_IO_UNREADABLE_H
#define VITRO_IO_UNREADABLE_H

#include <vitro/base.h>

/* Raises "<path> cannot be read: <reason>". Returns false. */
bool unreadable(vt_site at, const char *path, const char *reason, ...) VT_PRINTF(3, 4);

#endif
