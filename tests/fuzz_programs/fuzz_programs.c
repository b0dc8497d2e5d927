/* fuzz_programs.c - draws random programs and holds each to what it must give in every mode.
 *
 *     fuzz_programs --programs 1000 --seed 20261129
 *     fuzz_programs --seed 20261129 --only
 *
 * The program number i has the seed S + i. What is found is made as small as it goes and printed as C. */
#include "check.h"
#include "draw.h"
#include "isolate.h"
#include "modes.h"
#include "print.h"
#include "shrink.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct settings {
    uint64_t seed;
    int programs, findings, shrink_seconds, modes_each;
    bool only, plain, every_operation, counts;
    const char *mode;
    mode modes[MAX_MODES];
    int mode_count;
} settings;

static const char usage[] =
    "usage: fuzz_programs [--programs N] [--seed S] [--only] [--mode TEXT] [--modes N] [--findings N]\n"
    "                     [--shrink SECONDS] [--every-operation] [--counts] [--print]\n"
    "\n"
    "Draws N random programs (1000), from the seeds S, S + 1, ... (1), and compares what each gives in several modes\n"
    "with the reference device in f64, and its gradients with differences of the loss.\n"
    "\n"
    "  --seed today       seeds that follow from the date\n"
    "  --only             the program of seed S alone, in every mode\n"
    "  --print            that program as C, and nothing else\n"
    "  --mode TEXT        modes whose names contain the text; with --only they are listed\n"
    "  --modes N          in how many modes each program runs, drawn by its seed (5); 0: all\n"
    "  --findings N       stops after so many (1)\n"
    "  --shrink SECONDS   how long each may be made smaller (60)\n"
    "  --every-operation  fails if there is an operation that no program has\n"
    "  --counts           prints how often each was drawn\n"
    "\n"
    "The exit status is 0 where nothing is found. It is 1 where something is; and where noise explains more than a\n"
    "twentieth of the differences whatever they are, so that too little has been compared.\n";

/* -- Arguments ----------------------------------------------------------------------------------------------------- */

/* The date in UTC, times a million: programs that no other day has. */
static uint64_t today(void)
{
    time_t now = time(NULL);
    struct tm date;
    gmtime_r(&now, &date);
    return (uint64_t)((date.tm_year + 1900) * 10000 + (date.tm_mon + 1) * 100 + date.tm_mday) * 1000000;
}

static bool read_arguments(int argc, char **argv, settings *s)
{
    static const struct option options[] = {
        { "programs", required_argument, NULL, 'n' },
        { "seed", required_argument, NULL, 's' },
        { "only", no_argument, NULL, 'o' },
        { "mode", required_argument, NULL, 'm' },
        { "modes", required_argument, NULL, 'k' },
        { "findings", required_argument, NULL, 'f' },
        { "shrink", required_argument, NULL, 't' },
        { "every-operation", no_argument, NULL, 'e' },
        { "counts", no_argument, NULL, 'c' },
        { "print", no_argument, NULL, 'p' },
        { 0 },
    };
    *s = (settings){ .seed = 1, .programs = 1000, .findings = 1, .shrink_seconds = 60, .modes_each = 5, .mode = "" };
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'n': s->programs = atoi(optarg); break;
        case 's': s->seed = strcmp(optarg, "today") == 0 ? today() : strtoull(optarg, NULL, 10); break;
        case 'o': s->only = true; break;
        case 'm': s->mode = optarg; break;
        case 'k': s->modes_each = atoi(optarg); break;
        case 'f': s->findings = atoi(optarg); break;
        case 't': s->shrink_seconds = atoi(optarg); break;
        case 'e': s->every_operation = true; break;
        case 'c': s->counts = true; break;
        case 'p': s->plain = s->only = true; break;
        default: return false;
        }
    }
    return optind == argc;
}

static void choose_modes(settings *s)
{
    mode all[MAX_MODES];
    int count = list_modes(all);
    for (int i = 0; i < count; i++)
        if (strstr(all[i].name, s->mode)) s->modes[s->mode_count++] = all[i];
}

/* -- Programs ------------------------------------------------------------------------------------------------------ */

/* Some of the modes, by the program's seed. */
static int modes_of(const settings *s, uint64_t seed, mode *modes)
{
    dice d = { seed ^ 0x5eed };
    int count = s->mode_count;
    memcpy(modes, s->modes, sizeof s->modes);
    if (s->only || !s->modes_each || count <= s->modes_each) return count;
    for (int i = 0; i < s->modes_each; i++) {
        int at = between(&d, i, count - 1);
        mode swap = modes[i];
        modes[i] = modes[at];
        modes[at] = swap;
    }
    return s->modes_each;
}

static finding check_seed(const settings *s, uint64_t seed, program *p, report *r)
{
    finding f = { NOTHING };
    mode modes[MAX_MODES];
    r->under_way.mode = oracle;
    draw_program(seed, p);
    if (!settle(p, &f)) return f;
    judged_so_far = r->judged;
    f = check_program(p, modes, modes_of(s, seed, modes), &r->under_way);
    r->judged = judged_so_far;
    return f;
}

static void check_seeds(report *r, void *user)
{
    const settings *s = user;
    static program p;
    for (; r->seed < s->seed + (uint64_t)s->programs; r->seed++) {
        end_after(60);
        r->found = check_seed(s, r->seed, &p, r);
        if (r->found.kind) return;
    }
    if (s->counts) print_drawn();
    if (s->every_operation && !is_every_operation_drawn()) exit(1);
}

static const char *kind_name(const finding *f)
{
    static const char *const names[] = { "nothing", "a wrong value", "a refusal", "a wrong gradient", "a crash" };
    return names[f->kind];
}

typedef struct found_seed {
    const settings *settings;
    finding found;
} found_seed;

/* In a child: drawing may crash too. */
static void shrink_and_print(report *r, void *user)
{
    const found_seed *f = user;
    static program p;
    char note[2200];
    finding found = f->found, ignored;
    draw_program(r->seed, &p);
    settle(&p, &ignored);
    finding again = check_in_a_child(&p, &found);
    if (again.kind == found.kind)
        shrink(&p, &found, f->settings->shrink_seconds);
    else
        printf("By itself the program does not show it: run those before it too.\n");
    snprintf(note, sizeof note, "seed %llu, %s: %s", (unsigned long long)r->seed, found.mode.name, found.text);
    print_program(stdout, &p, &found.mode, note);
}

static void report_finding(const settings *s, const report *r)
{
    static report *shrinking;
    if (!shrinking) shrinking = shared_report();
    *shrinking = (report){ .seed = r->seed };
    printf("\nseed %llu, %s: %s: %s\n", (unsigned long long)r->seed, r->found.mode.name, kind_name(&r->found),
           r->found.text);
    in_a_child(shrink_and_print, &(found_seed){ s, r->found }, shrinking, s->shrink_seconds + 120);
    if (shrinking->found.kind) printf("It cannot be made smaller: %s\n", shrinking->found.text);
}

static void print_only(report *r, void *user)
{
    const settings *s = user;
    static program p;
    finding f;
    char note[64];
    draw_program(r->seed, &p);
    settle(&p, &f);
    snprintf(note, sizeof note, "seed %llu", (unsigned long long)r->seed);
    print_program(stdout, &p, &s->modes[0], note);
}

/* A fuzzer that explains everything finds nothing. */
static bool is_compared(const judged *j)
{
    printf("noise explains %lld of %lld differences whatever they are\n", (long long)j->unbounded,
           (long long)j->differences);
    return j->unbounded <= 10 + j->differences / 20;
}

int main(int argc, char **argv)
{
    static settings s;
    if (!read_arguments(argc, argv, &s)) return fputs(usage, stderr), 2;
    setenv("VT_BF16", "emulate", 1);
    setenv("VT_STRICT", "0", 1);
    report *r = shared_report();
    choose_modes(&s);
    if (s.only) s.programs = 1;
    if (s.plain) return r->seed = s.seed, print_only(r, &s), 0;
    int findings = 0;
    printf("%d programs from seed %llu\n", s.programs, (unsigned long long)s.seed);
    for (r->seed = s.seed; findings < s.findings && r->seed < s.seed + (uint64_t)s.programs;) {
        in_a_child(check_seeds, &s, r, 600);
        if (!r->found.kind) break;
        findings++;
        report_finding(&s, r);
        memset(&r->found, 0, sizeof r->found);
        r->seed++;
    }
    printf("%d found\n", findings);
    return !is_compared(&r->judged) || findings != 0;
}
