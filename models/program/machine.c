/* machine.c - the computer that a program runs on. */
#include "program/machine.h"
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifdef VITRO_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

/* Whether the word is among those of a text. */
static bool has_word(const char *text, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at += length)
        if ((at == text || strchr(" \t", at[-1])) && strchr(" \t\n", at[length])) return true;
    return false;
}

/* As Linux calls them, on x86 and ARM. */
static void choose_instructions(const char *all, char *text, size_t size)
{
    static const char *const known[] = { "sse4_1",   "avx",      "avx2",     "fma",         "avx512f", "avx512_vnni",
                                         "avx_vnni", "amx_tile", "amx_bf16", "avx512_bf16", "asimd",   "bf16",
                                         "i8mm",     "sve",      "sve2",     NULL };
    size_t used = 0;
    for (const char *const *word = known; *word && used < size; word++)
        if (has_word(all, *word)) used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "", *word);
}

/* What stands behind the colon of a line "key : value". */
static const char *value_of(char *line, const char *key)
{
    if (strncmp(line, key, strlen(key)) != 0) return NULL;
    char *value = strchr(line, ':');
    if (value) value += 1 + strspn(value + 1, " \t");
    return value;
}

static void read_processor(machine *m)
{
    static char line[8192]; /* that of all instructions is long */
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file)) {
        const char *name = value_of(line, "model name"), *flags = value_of(line, "flags");
        if (!flags) flags = value_of(line, "Features");
        if (name && !*m->processor) snprintf(m->processor, sizeof m->processor, "%.*s", (int)strcspn(name, "\n"), name);
        if (flags && !*m->instructions) choose_instructions(flags, m->instructions, sizeof m->instructions);
    }
    if (file) fclose(file);
}

void machine_describe(machine *m)
{
    struct utsname system;
    cpu_set_t cores;
    *m = (machine){ .memory_bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) };
    read_processor(m);
    if (uname(&system) == 0)
        snprintf(m->system, sizeof m->system, "%.32s %.64s %.24s", system.sysname, system.release, system.machine);
    if (sched_getaffinity(0, sizeof cores, &cores) == 0) m->cores = CPU_COUNT(&cores);
#ifdef VITRO_HAVE_ONEDNN
    const dnnl_version_t *version = dnnl_version();
    snprintf(m->onednn, sizeof m->onednn, "%d.%d.%d", version->major, version->minor, version->patch);
#endif
}

int64_t machine_free_memory(void)
{
    char line[256];
    long long kilobytes = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && kilobytes == 0 && fgets(line, sizeof line, file)) sscanf(line, "MemAvailable: %lld kB", &kilobytes);
    if (file) fclose(file);
    return 1024 * (int64_t)kilobytes;
}

int64_t machine_peak_memory(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? 1024 * (int64_t)usage.ru_maxrss : 0;
}
