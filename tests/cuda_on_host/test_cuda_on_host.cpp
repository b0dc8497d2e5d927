/* test_cuda_on_host.cpp - that correct programs pass in every schedule, and that what is wrong is found. */
#include "test_cuda_on_host.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

/* -- For programs ------------------------------------------------------------------------------------------------- */

void check(cudaError_t status, const char *call)
{
    if (status == cudaSuccess) return;
    fprintf(stderr, "%s: %s\n", call, cudaGetErrorString(status));
    abort();
}

std::vector<float> numbers(size_t count)
{
    std::vector<float> values(count);
    for (size_t i = 0; i < count; i++) values[i] = (float)((i * 7 + i / 13) % 17) - 8;
    return values;
}

/* -- Runs --------------------------------------------------------------------------------------------------------- */

struct schedule {
    const char *order, *defer;
};

static const schedule schedules[] = {
    { "", "0" }, { "reversed", "0" }, { "1", "0" }, { "2", "0" }, { "3", "0" },
    { "", "1" }, { "reversed", "1" }, { "1", "1" }, { "2", "1" }, { "3", "1" },
};

enum outcome { RIGHT, WRONG_DATA = 10, DIED };

struct report {
    outcome result;
    std::string text;
};

/* Programs leave their memory to the end of the process, but for the one that leaks. */
static bool leaks_count;

extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off()
{
    return !leaks_count;
}

[[noreturn]] static void run_child(const test_program &program, const schedule &s, FILE *text)
{
    leaks_count = program.words && strcmp(program.words, "LeakSanitizer") == 0;
    dup2(fileno(text), STDERR_FILENO);
    setenv("CUDA_ON_HOST_ORDER", s.order, 1);
    setenv("CUDA_ON_HOST_DEFER", s.defer, 1);
    exit(program.run() ? RIGHT : WRONG_DATA);
}

static std::string contents_of(FILE *file)
{
    std::string text;
    char part[4096];
    rewind(file);
    while (size_t got = fread(part, 1, sizeof part, file)) text.append(part, got);
    return text;
}

static report run(const test_program &program, const schedule &s)
{
    FILE *text = tmpfile();
    fflush(stdout);
    pid_t child = fork();
    if (!text || child < 0) {
        perror("test_cuda_on_host");
        exit(1);
    }
    if (child == 0) run_child(program, s, text);
    int status;
    waitpid(child, &status, 0);
    report r = { DIED, contents_of(text) };
    fclose(text);
    if (WIFEXITED(status) && WEXITSTATUS(status) == RIGHT) r.result = RIGHT;
    if (WIFEXITED(status) && WEXITSTATUS(status) == WRONG_DATA) r.result = WRONG_DATA;
    return r;
}

/* -- Verdicts ----------------------------------------------------------------------------------------------------- */

static int tests, failures;

static void tell(const char *name, bool passed, const char *skipped)
{
    tests++;
    failures += !passed;
    printf("%sok %d - %s%s%s\n", passed ? "" : "not ", tests, name, skipped ? " # SKIP " : "", skipped ? skipped : "");
}

static void test_correct(const test_program &program)
{
    bool passed = true;
    for (const schedule &s : schedules) {
        report r = run(program, s);
        if (r.result == RIGHT) continue;
        passed = false;
        printf("# %s, order \"%s\", defer %s: %s\n", program.name, s.order, s.defer,
               r.result == DIED ? "died" : "wrong data");
        fprintf(stderr, "%s", r.text.c_str());
    }
    tell(program.name, passed, nullptr);
}

static bool is_here(finder f)
{
    switch (f) {
#ifdef TESTED_WITH_ASAN
    case ADDRESS_SANITIZER:
#endif
#ifdef TESTED_WITH_TSAN
    case THREAD_SANITIZER:
#endif
#ifdef TESTED_WITH_UBSAN
    case UNDEFINED_SANITIZER:
#endif
    case ANY_BUILD: return true;
    default: return false;
    }
}

static bool is_found(const test_program &program, const report &r)
{
    if (r.result == RIGHT) return false;
    return !program.words || r.text.find(program.words) != std::string::npos;
}

static void test_planted(const test_program &program)
{
    if (!is_here(program.found_by)) return tell(program.name, true, "it takes a sanitizer to find that");
    bool found = false;
    std::string text;
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules && !found; i++) {
        report r = run(program, schedules[i]);
        found = is_found(program, r);
        text += r.text;
    }
    if (!found) fprintf(stderr, "%s: not found; the program said: %s\n", program.name, text.c_str());
    tell(program.name, found, nullptr);
}

int main()
{
    int count = 0;
    for (const test_program *p = correct_programs; p->name; p++) count++;
    for (const test_program *p = planted_bugs; p->name; p++) count++;
    printf("1..%d\n", count);
    for (const test_program *p = correct_programs; p->name; p++) test_correct(*p);
    for (const test_program *p = planted_bugs; p->name; p++) test_planted(*p);
    return failures > 0;
}
