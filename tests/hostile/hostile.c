/* hostile.c - calls every public function with what no program means, and sees that it is an error or means what its
 * header says: no crash, no hang, no leak, nothing printed, and a context that works afterwards. */
#include "hostile.h"
#include "draw.h"
#include "../numbers.h"
#include "../sanitized.h"
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern const function functions[];

enum {
    CPU_SECONDS = SANITIZED ? 20 : 4, /* that a call may take */
    SECONDS = 1200,                   /* by the clock, while it waits */
    SEARCHED = 4000,                  /* calls at most in which arguments that are right are looked for */
    MAX_COMPLAINTS = 3,               /* of a function */
    MAX_CRASHES = 3,
};
static const rlim_t MEMORY_LIMIT = (rlim_t)3 << 29;

static struct {
    uint64_t seed;
    int64_t calls; /* of each function */
    const char *only;
    bool print;
} options = { 1, 200, NULL, false };

/* What a child tells its parent, also when it crashes. */
typedef struct report {
    int64_t call;
    int64_t calls, failed, worked;
    int complaints;
    bool found; /* arguments that are right */
    plan right;
    int draws; /* how many they are */
    char text[TEXT_SIZE];
} report;
static report *told;

static const function *under_test;
static FILE *out; /* the terminal: what the library prints goes to a file */
static int printed;
static plan now;

/* -- Random numbers ----------------------------------------------------------------------------------------------- */

static uint64_t state;

static uint32_t draw32(void)
{
    return (uint32_t)(next_word(&state) >> 16);
}

static void seed_call(int64_t call)
{
    state = options.seed * 0x2545f4914f6cdd1d + (uint64_t)call;
    for (const char *c = under_test->name; *c; c++) state = (state ^ (uint8_t)*c) * 0x100000001b3;
    draw32();
}

/* -- What is found ------------------------------------------------------------------------------------------------ */

void complain(const char *format, ...)
{
    if (told->complaints++ >= MAX_COMPLAINTS) return;
    va_list list;
    va_start(list, format);
    fprintf(out, "%s, call %lld: ", under_test->name, (long long)told->call);
    vfprintf(out, format, list);
    fprintf(out, "\n    %s\n", told->text);
    va_end(list);
    fflush(out);
}

/* Whether a message says of what it speaks: the function, an argument, a part of the function's name, or a file; or is
 * the test's own. */
static bool is_about_the_call(const char *message)
{
    char words[1024];
    if (strstr(message, " in callback_") || strcmp(under_test->name, "vt_error_raise") == 0) return true;
    if (vt_error_status() == VT_ERROR_FILE || vt_error_status() == VT_ERROR_MEMORY) return true;
    snprintf(words, sizeof words, "%s %s", under_test->words, under_test->name + strlen("vt_"));
    char *name = strrchr(words, ' ');
    for (char *c = name; *c; c++)
        if (*c == '_') *c = ' ';
    for (char *rest = words, *word; (word = strtok_r(rest, " ", &rest));)
        if (strcmp(word, "set") != 0 && strcmp(word, "with") != 0 && strlen(word) > 1 && strstr(message, word))
            return true;
    return false;
}

static void check_message(const char *when)
{
    const char *message = vt_error_message();
    if (!*message) complain("%s an error without a message", when);
    if (strstr(message, "(null)")) complain("%s the message is: %s", when, message);
}

/* -- A call ------------------------------------------------------------------------------------------------------- */

static vt_scope outer, scope; /* what is kept moves to the outer one */

static void set_timer(int seconds)
{
    alarm(seconds ? SECONDS : 0);
    setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = seconds }, NULL);
}

static void begin_call(void)
{
    outer = vt_scope_begin();
    scope = vt_scope_begin();
    vt_set_eager(now.eager);
    vt_set_training(now.training);
    draw_begin(&now);
}

void ready(void)
{
    vt_error_clear();
    if (now.fails_before) vt_error_raise(VT_ERROR_NUMERIC, VT_HERE, "an error from before");
    set_timer(CPU_SECONDS);
}

void returned(void)
{
    if (!vt_failed()) return;
    check_message("after the call");
    bool other = vt_error_status() != VT_ERROR_NUMERIC || !strstr(vt_error_message(), "an error from before");
    if (!now.fails_before && !is_about_the_call(vt_error_message()))
        complain("the message names neither the function nor an argument: %s", vt_error_message());
    if (now.fails_before && other && strcmp(under_test->name, "vt_error_clear") != 0)
        complain("the error from before is gone: %s", vt_error_message());
}

static void read_whole(vt_tensor x)
{
    enum { MOST = 4096 };
    char memory[MOST * sizeof(double)];
    int64_t count = vt_count(x);
    if (vt_rank(x) < 0 || vt_rank(x) > VT_MAX_RANK || count < 0) complain("the result has rank %d", vt_rank(x));
    if (count > MOST) return;
    if (!vt_read(x, memory, count, VT_DTYPE_DEFAULT) && !vt_failed()) complain("the result is not read, and no error");
}

static void differentiate(vt_tensor y)
{
    if (vt_failed() || !vt_is_live(y) || !vt_dtype_is_float(vt_dtype_of(y)) || vt_count(y) > 4096) return;
    vt_backward(vt_sum(y));
    const vt_tensor *x;
    for (int i = trainable_drawn(&x) - 1; i >= 0 && !vt_failed(); i--) {
        vt_tensor g = vt_is_live(x[i]) ? vt_grad(x[i]) : VT_INERT;
        if (vt_is_live(g)) read_whole(g);
    }
}

void use_tensor(vt_tensor x, bool may_be_inert)
{
    if (vt_failed()) return;
    if (!x.id && !may_be_inert) complain("the result is inert, and no error");
    if (!vt_is_live(x)) return;
    read_whole(x);
    if (now.training) differentiate(x);
}

void use_string(const char *text)
{
    if (text) (void)strlen(text);
}

void use_object(void *object, void (*end)(void *))
{
    if (!object && !vt_failed()) complain("the result is NULL, and no error");
    until_the_end(object, end);
}

/* A context that an error was in computes as before. */
static void check_context(void)
{
    VT_SCOPE;
    float x[2] = { 1, 2 };
    vt_tensor t = vt_from_data(x, VT_SHAPE(2), VT_F32);
    if (!vt_read(vt_add(t, t), x, 2, VT_F32) || x[0] != 2 || x[1] != 4)
        complain("afterwards 1 + 1 is %g: %s", x[0], vt_error_message());
}

static void restore_context(void)
{
    vt_error_clear();
    vt_set_eager(false);
    vt_error_clear();
    vt_set_device("cpu");
    vt_set_precision(VT_F32);
    vt_set_training(false);
    vt_set_threads(1);
    vt_set_memory_limit(0);
    vt_set_pass("all", true);
    if (vt_failed()) complain("the settings are not put back: %s", vt_error_message());
}

static void check_nothing_left(void)
{
    vt_statistics s = vt_statistics_get();
    if (s.live_tensors || s.live_bytes)
        complain("%lld tensors, %lld bytes are left", (long long)s.live_tensors, (long long)s.live_bytes);
    struct stat file;
    if (SANITIZED || fstat(printed, &file) != 0 || file.st_size == 0) return;
    char text[256] = "";
    if (pread(printed, text, sizeof text - 1, 0) > 0) complain("it printed: %s", text);
    if (ftruncate(printed, 0) == 0) lseek(printed, 0, SEEK_SET);
}

static void read_received(void)
{
    const vt_tensor *x;
    for (int i = tensors_received(&x) - 1; i >= 0 && !vt_failed(); i--)
        if (vt_is_live(x[i])) read_whole(x[i]);
}

static void end_call(void)
{
    read_received();
    if (!vt_failed()) vt_flush();
    if (vt_failed()) check_message("at the end");
    if (options.print) fprintf(out, "%s\n    %s\n", told->text, vt_failed() ? vt_error_message() : "no error");
    told->failed += vt_failed();
    told->worked += !vt_failed();
    vt_error_clear();
    draw_end();
    vt_scope_end(&scope);
    vt_scope_end(&outer);
    set_timer(0);
    restore_context();
    check_context();
    check_nothing_left();
    vt_error_clear();
}

/* -- The calls of a function -------------------------------------------------------------------------------------- */

static void choose(choice *c, uint32_t hostile_odds)
{
    *c = (choice){ draw32(), hostile_odds && draw32() % hostile_odds == 0 };
}

static void plan_with(uint32_t hostile_odds)
{
    static const uint32_t odds[] = { 2, 16, 64 };
    now = (plan){ .odds = odds[draw32() % 3] };
    for (int i = 0; i < MAX_CHOICES; i++) choose(&now.choices[i], hostile_odds);
}

static void plan_call(int64_t call, bool searching)
{
    static const uint32_t odds[] = { 1, 2, 4, 16 };
    if (searching)
        plan_with(0);
    else if (call % 2 && told->found && told->draws) {
        now = told->right;
        choose(&now.choices[call / 2 % told->draws], 1);
    } else
        plan_with(odds[draw32() % 4]);
    if (searching && call == 0) now.odds = UINT32_MAX;
    now.fails_before = !searching && draw32() % 16 == 0;
    now.eager = draw32() % 8 == 0;
    now.training = draw32() % 2;
}

static void make_call(int64_t call)
{
    told->call = call;
    told->calls++;
    begin_call();
    under_test->call();
    end_call();
}

/* The calls from that one on. The first ones look for arguments that are right, to be spoilt one at a time. */
static void make_calls(int64_t from)
{
    for (int64_t call = from; call < SEARCHED + options.calls; call++) {
        bool searching = call < SEARCHED;
        int64_t worked = told->worked;
        if (searching && told->found) continue;
        seed_call(call);
        plan_call(call, searching);
        make_call(call);
        if (!searching || told->worked == worked) continue;
        told->found = true;
        told->right = now;
        told->draws = draws_made();
    }
}

/* -- In a child --------------------------------------------------------------------------------------------------- */

/* The folder of a child, which lies in the one that the parent made. */
static const char folder[] = "child";

static void begin_child(void)
{
    if (mkdir(folder, 0700) != 0 || chdir(folder) != 0) abort();
    printed = open("printed", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    out = fdopen(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), "w");
    if (printed < 0 || !out || dup2(printed, STDOUT_FILENO) < 0 || dup2(printed, STDERR_FILENO) < 0) abort();
    if (!SANITIZED) setrlimit(RLIMIT_AS, &(struct rlimit){ MEMORY_LIMIT, MEMORY_LIMIT });
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    call_text = told->text;
    write_files();
    start_another_thread();
}

static void run_child(int64_t from)
{
    begin_child();
    make_calls(from);
    end_another_thread();
    vt_shutdown();
    fclose(out);
    exit(0); /* where leaks are looked for */
}

/* -- In the parent ------------------------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *ftw)
{
    (void)s, (void)kind, (void)ftw;
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What the child printed last: the report of a sanitizer, where there is one. */
static void show_printed(void)
{
    char line[512];
    FILE *f = fopen("child/printed", "r");
    for (int i = 0; f && i < 60 && fgets(line, sizeof line, f); i++) fprintf(stderr, "    %s", line);
    if (f) fclose(f);
}

static void describe_end(int status)
{
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    fprintf(stderr, "%s, call %lld: ", under_test->name, (long long)told->call);
    if (sig == SIGPROF || sig == SIGALRM)
        fprintf(stderr, "has not returned in %d seconds", sig == SIGPROF ? CPU_SECONDS : SECONDS);
    else if (sig)
        fprintf(stderr, "%s", strsignal(sig));
    else
        fprintf(stderr, "the process ended with %d", WEXITSTATUS(status));
    fprintf(stderr, "\n    %s\n", told->text);
    show_printed();
}

/* The calls of a function, the rest in another child where one crashes. */
static bool try_function(const function *f)
{
    int status = 1, crashes = 0;
    under_test = f;
    memset(told, 0, sizeof *told);
    for (int64_t from = 0; status && from < SEARCHED + options.calls && crashes < MAX_CRASHES; from = told->call + 1) {
        fflush(NULL);
        pid_t child = fork();
        if (child < 0) abort();
        if (child == 0) run_child(from);
        while (waitpid(child, &status, 0) != child) continue;
        if (status) describe_end(status);
        crashes += status != 0;
        remove_folder(folder);
    }
    return !crashes && !told->complaints;
}

/* In a child too: the parent has no context, which its children would have to share. */
static void prepare_files(void)
{
    int status;
    pid_t child = fork();
    if (child < 0) abort();
    if (child == 0) {
        call_text = told->text;
        make_files();
        vt_shutdown();
        exit(0);
    }
    if (waitpid(child, &status, 0) != child || status) abort();
    read_files();
}

static int usage(void)
{
    fprintf(stderr, "usage: hostile [--seed N] [--calls N of each function] [--only FUNCTION] [--print]\n");
    return 2;
}

static bool read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *given = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--print") == 0)
            options.print = true;
        else if (!given)
            return false;
        else if (strcmp(argv[i], "--seed") == 0)
            options.seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--calls") == 0)
            options.calls = strtoll(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--only") == 0)
            options.only = argv[++i];
        else
            return false;
    }
    return options.calls > 0;
}

static void enter_folder(char path[256])
{
    const char *parent = getenv("TMPDIR"), *memory = "/dev/shm"; /* where to flush files to the disk takes no time */
    if (!parent) parent = access(memory, W_OK) == 0 ? memory : "/tmp";
    snprintf(path, 256, "%s/vitro-hostile-XXXXXX", parent);
    if (!mkdtemp(path) || chdir(path) != 0) abort();
}

int main(int argc, char **argv)
{
    char path[256];
    int tried = 0, wrong = 0, right = 0;
    int64_t calls = 0, failed = 0;
    if (!read_options(argc, argv)) return usage();
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED) abort();
    enter_folder(path);
    prepare_files();
    for (const function *f = functions; f->name; f++) {
        if (options.only && strcmp(options.only, f->name) != 0) continue;
        wrong += !try_function(f);
        tried++;
        calls += told->calls;
        failed += told->failed;
        right += told->found;
        if (!told->found) printf("no call of %s was found that works\n", f->name);
    }
    if (chdir("/") == 0) remove_folder(path);
    if (!tried) return fprintf(stderr, "no function %s\n", options.only), 2;
    printf("%d functions, %lld calls, %lld errors; %d functions worked with all arguments right; %d are wrong\n", tried,
           (long long)calls, (long long)failed, right, wrong);
    return wrong != 0;
}
