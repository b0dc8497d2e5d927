/* file_check.h - which of many picture files can be read. */
#ifndef VITRO_DATA_FILE_CHECK_H
#define VITRO_DATA_FILE_CHECK_H

#include <vitro/base.h>

/* Reads all files, in as many threads as there are processors. why[i] is what is wrong with file i, to be freed by the
 * caller, or NULL. False with an error that is of no file, such as no memory; `why` is to be freed then, too. */
bool file_check(vt_site at, char *const *paths, int64_t count, char **why);

#endif
