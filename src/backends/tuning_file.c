/* tuning_file.c - a tuning cache as a file: a line that says what it is of, then the text of the cache. It lies in the
 * folder that VT_CACHE names (empty: there is no file), or else in the user's cache folder (XDG base directories). */
#include "backends/tuning_file.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What has grown beyond this is left, and written anew. */
enum { MAX_BYTES = 1 << 20, VERSION = 1 };

/* The folder; NULL where there is none. To be freed. */
static char *folder(void)
{
    const char *own = getenv("VT_CACHE"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int made = -1;
    if (own)
        made = *own ? asprintf(&path, "%s", own) : -1;
    else if (cache && *cache == '/')
        made = asprintf(&path, "%s/vitro", cache);
    else if (home && *home == '/')
        made = asprintf(&path, "%s/.cache/vitro", home);
    return made < 0 ? NULL : path;
}

/* FNV-1a: the name of a machine's file. Its first line decides. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash;
}

static char *path_in(const char *folder, const char *machine)
{
    char *path = NULL;
    return folder && asprintf(&path, "%s/tuning-%016" PRIx64, folder, hash_of(machine)) >= 0 ? path : NULL;
}

/* What the file begins with. */
static char *head_of(const char *machine)
{
    char *head = NULL;
    return asprintf(&head, "vitro tuning %d: %s\n", VERSION, machine) >= 0 ? head : NULL;
}

/* -- Reading ------------------------------------------------------------------------------------------------------- */

/* The whole of a regular file, as text; NULL where it cannot be read, or is too large. */
static char *text_of(const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return NULL;
    bool fits = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= MAX_BYTES;
    char *text = fits ? malloc((size_t)status.st_size + 1) : NULL;
    ssize_t size = text ? read(file, text, (size_t)status.st_size) : -1;
    close(file);
    if (size >= 0) {
        text[size] = 0;
        return text;
    }
    free(text);
    return NULL;
}

void tuning_file_read(tuning_cache *c, const char *machine)
{
    char *in = folder(), *path = path_in(in, machine), *head = head_of(machine);
    char *text = path && head ? text_of(path) : NULL;
    if (text && strncmp(text, head, strlen(head)) == 0) tuning_cache_restore(c, text + strlen(head));
    free(in);
    free(path);
    free(head);
    free(text);
}

/* -- Writing ------------------------------------------------------------------------------------------------------- */

/* With the folders above it. */
static bool make_folder(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made) return false;
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static bool write_text(int file, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t written = write(file, text, left);
        if (written < 0 && errno != EINTR) return false;
        if (written < 0) continue;
        text += written;
        left -= (size_t)written;
    }
    return true;
}

/* Beside the file, and put in its place once it is whole. */
static void replace(const char *path, const char *head, const char *text)
{
    char *beside = NULL;
    if (asprintf(&beside, "%s.XXXXXX", path) < 0) return;
    int file = mkostemp(beside, O_CLOEXEC);
    bool ok = file >= 0 && write_text(file, head) && write_text(file, text) && fsync(file) == 0;
    if (file >= 0) ok = close(file) == 0 && ok;
    if (file >= 0 && (!ok || rename(beside, path) != 0)) unlink(beside);
    free(beside);
}

void tuning_file_write(tuning_cache *c, const char *machine)
{
    char *in = folder(), *path = path_in(in, machine), *head = head_of(machine), *text = tuning_cache_text(c);
    if (path && head && text && make_folder(in)) replace(path, head, text);
    free(in);
    free(path);
    free(head);
    free(text);
}
