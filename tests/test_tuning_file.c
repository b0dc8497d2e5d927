/* test_tuning_file.c - choices in a file of the user's: another program takes them over, and no state of the file or of
 * its folder does harm. */
#include "backends/tuning_file.h"
#include "temporary.h"
#include <criterion/criterion.h>
#include <ftw.h>

static void begin(void)
{
    enter_folder();
    setenv("VT_CACHE", "caches/vitro", 1);
    unsetenv("XDG_CACHE_HOME");
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

/* With the folders in it. */
static void leave(void)
{
    if (chdir("/") != 0 || nftw(temporary_folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0) abort();
}

TestSuite(tuning_file, .init = begin, .fini = leave);

static const char machine[] = "avx2, oneDNN 2.6, some processor";

static void write_answer(const char *answer)
{
    tuning_cache c = EMPTY_TUNING_CACHE;
    cr_assert(tuning_keep(&c, "work/1 2", answer));
    tuning_file_write(&c, machine);
    tuning_cache_clear(&c);
}

/* What the file of the machine answers; empty where nothing. */
static const char *answer_of(const char *of)
{
    static char answer[MAX_ANSWER];
    tuning_cache c = EMPTY_TUNING_CACHE;
    tuning_file_read(&c, of);
    answer[0] = 0;
    tuning_recall(&c, "work/1 2", answer);
    tuning_cache_clear(&c);
    return answer;
}

static void open_folder(const char *path)
{
    cr_assert(chdir(path) == 0);
}

/* The name of the file in the folder, of which there is one. */
static char *only_file(void)
{
    static char name[256];
    DIR *folder = opendir(".");
    int count = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.') count++, snprintf(name, sizeof name, "%s", entry->d_name);
    if (folder) closedir(folder);
    cr_assert(count == 1, "%d files", count);
    return name;
}

Test(tuning_file, is_read_by_the_next_program_of_the_machine)
{
    cr_assert_str_eq(answer_of(machine), "");
    write_answer("3");
    cr_assert_str_eq(answer_of(machine), "3");
    cr_assert_str_eq(answer_of("avx512, oneDNN 2.6, some processor"), "");
    write_answer("4");
    cr_assert_str_eq(answer_of(machine), "4");
    open_folder("caches/vitro");
    only_file();
}

Test(tuning_file, that_is_damaged_is_as_none)
{
    static const char *const texts[] = {
        "",
        "vitro",
        "vitro tuning 1: another machine\nwork/1 2 3;",
        "vitro tuning 2: avx2, oneDNN 2.6, some processor\n",
        "vitro tuning 1: avx2, oneDNN 2.6, some processor\nwork/1 2",
        "\xff\xfe\x80 2 3;",
    };
    write_answer("3");
    open_folder("caches/vitro");
    setenv("VT_CACHE", ".", 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_test_file(only_file(), texts[i], strlen(texts[i]));
        cr_assert_str_eq(answer_of(machine), "", "%s", texts[i]);
    }
    write_answer("5");
    cr_assert_str_eq(answer_of(machine), "5");
}

Test(tuning_file, that_is_too_large_is_as_none)
{
    write_answer("3");
    open_folder("caches/vitro");
    setenv("VT_CACHE", ".", 1);
    cr_assert(truncate(only_file(), 1 << 24) == 0);
    cr_assert_str_eq(answer_of(machine), "");
}

Test(tuning_file, that_is_a_pipe_is_as_none)
{
    write_answer("3");
    open_folder("caches/vitro");
    setenv("VT_CACHE", ".", 1);
    char *name = only_file();
    cr_assert(unlink(name) == 0 && mkfifo(name, 0600) == 0);
    cr_assert_str_eq(answer_of(machine), "");
}

Test(tuning_file, that_cannot_be_written_is_no_error)
{
    write_test_file("file", "x", 1);
    setenv("VT_CACHE", "file/vitro", 1);
    write_answer("3");
    cr_assert_str_eq(answer_of(machine), "");
    cr_assert(count_files() == 1);
}

Test(tuning_file, is_not_there_where_the_folder_is_empty)
{
    setenv("VT_CACHE", "", 1);
    setenv("HOME", temporary_folder, 1);
    write_answer("3");
    cr_assert_str_eq(answer_of(machine), "");
    cr_assert(count_files() == 0);
}

Test(tuning_file, lies_in_the_users_cache_folder)
{
    unsetenv("VT_CACHE");
    setenv("HOME", temporary_folder, 1);
    write_answer("3");
    open_folder(".cache/vitro");
    only_file();
    setenv("XDG_CACHE_HOME", temporary_folder, 1);
    cr_assert_str_eq(answer_of(machine), "");
    write_answer("4");
    cr_assert(chdir(temporary_folder) == 0);
    open_folder("vitro");
    only_file();
}
