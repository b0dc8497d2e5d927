/* temporary.h - a folder of its own for each test of a suite: TestSuite(name, .init = enter_folder, .fini =
 * leave_folder)
 */
#ifndef VITRO_TESTS_TEMPORARY_H
#define VITRO_TESTS_TEMPORARY_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char temporary_folder[256];

static inline void enter_folder(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(temporary_folder, sizeof temporary_folder, "%s/vitro-test-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(temporary_folder) || chdir(temporary_folder) != 0) abort();
}

/* Files in the current folder, hidden ones too. */
static inline int count_files(void)
{
    int count = 0;
    DIR *folder = opendir(".");
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (folder) closedir(folder);
    return count;
}

/* The folders of these tests are flat. */
static inline void leave_folder(void)
{
    DIR *folder = opendir(temporary_folder);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", temporary_folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) remove(path);
    }
    if (folder) closedir(folder);
    if (chdir("/") != 0 || rmdir(temporary_folder) != 0) abort();
}

static inline void write_test_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) abort();
}

/* The file with a terminating zero, to be freed. */
static inline char *read_test_file(const char *path, size_t *size)
{
    *size = 0;
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*size + 1);
    if (!text || fread(text, 1, *size, file) != *size) abort();
    text[*size] = 0;
    fclose(file);
    return text;
}

#endif
