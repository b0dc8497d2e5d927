/* machine_file.c - the CPU's tuning file, read when it is first asked. */
#include "backends/cpu/machine/machine_file.h"
#include "backends/cpu/machine/level.h"
#include "backends/cpu/onednn/onednn.h"
#include "backends/tuning_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tuning_cache found = EMPTY_TUNING_CACHE;
static char *machine; /* NULL where memory is short: then there is no file */
static pthread_once_t is_read = PTHREAD_ONCE_INIT, is_written = PTHREAD_ONCE_INIT;

/* What the system calls the processor; empty where it does not say. */
static void find_processor(char name[256])
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");
    name[0] = 0;
    while (file && !name[0] && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "model name", 10) == 0 && colon) strcpy(name, colon + 1);
    }
    if (file) fclose(file);
}

static void read_file(void)
{
    char processor[256], version[32];
    find_processor(processor);
    onednn_version(version);
    if (asprintf(&machine, "%s, oneDNN %s,%s", level_name(), version, processor) < 0) machine = NULL;
    if (machine) tuning_file_read(&found, machine);
}

static void write_file(void)
{
    tuning_file_write(&found, machine);
}

static void write_at_exit(void)
{
    if (machine) atexit(write_file);
}

bool machine_file_recall(const char *name, char answer[MAX_ANSWER])
{
    pthread_once(&is_read, read_file);
    return tuning_recall(&found, name, answer);
}

bool machine_file_keep(const char *name, const char *answer)
{
    pthread_once(&is_read, read_file);
    pthread_once(&is_written, write_at_exit);
    return tuning_keep(&found, name, answer);
}
