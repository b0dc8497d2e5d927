/* criterion.h - as much of Criterion as the tests use, for where it does not work itself, or takes too long: the thread
 * sanitizer has the addresses at which it keeps memory, what an emulator runs cannot start itself again, and a program
 * with the address sanitizer takes long to start, which each of Criterion's tests does. */
#ifndef VITRO_PLAIN_CRITERION_H
#define VITRO_PLAIN_CRITERION_H

/* As an installed header: no warnings of empty variadic arguments. */
#pragma GCC system_header

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct plain_options {
    void (*init)(void), (*fini)(void);
    int signal, exit_code; /* how the test is to end */
    double timeout;        /* left to the watchdog */
} plain_options;

/* By Criterion's own names. */
struct criterion_test {
    const char *category, *name;
};
extern const struct criterion_test *criterion_current_test;

/* A suite where `run` is NULL. */
typedef struct plain_test {
    const char *suite, *name;
    void (*run)(void);
    plain_options options;
    struct plain_test *next;
    struct criterion_test named;
} plain_test;

void plain_add(plain_test *test);
void plain_fail(bool must, const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void plain_skip(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#ifdef __cplusplus
}
#endif

#define PLAIN_ADD(identifier, ...)                                                                                     \
    __attribute__((constructor)) static void identifier##_add(void)                                                    \
    {                                                                                                                  \
        static plain_test test = { __VA_ARGS__ };                                                                      \
        plain_add(&test);                                                                                              \
    }

#define Test(suite_, name_, ...)                                                                                       \
    static void suite_##_##name_##_test(void);                                                                         \
    PLAIN_ADD(suite_##_##name_, #suite_, #name_, suite_##_##name_##_test, { __VA_ARGS__ })                             \
    static void suite_##_##name_##_test(void)

/* The end takes the semicolon. */
#define TestSuite(suite_, ...)                                                                                         \
    PLAIN_ADD(suite_##_suite, #suite_, NULL, NULL, { __VA_ARGS__ })                                                    \
    struct plain_test

/* What the message is made of may be there only where the condition does not hold. */
#define PLAIN_CHECK(condition, must, ...)                                                                              \
    ((condition) ? (void)0 : plain_fail(must, __FILE__, __LINE__, #condition, "" __VA_ARGS__))
#define cr_assert(condition, ...)              PLAIN_CHECK(condition, true, __VA_ARGS__)
#define cr_assert_not(condition, ...)          cr_assert(!(condition), __VA_ARGS__)
#define cr_assert_eq(a, b, ...)                cr_assert((a) == (b), __VA_ARGS__)
#define cr_assert_float_eq(a, b, epsilon, ...) cr_assert(fabs((double)((a) - (b))) <= (epsilon), __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)            cr_assert(strcmp(a, b) == 0, __VA_ARGS__)
#define cr_expect(condition, ...)              PLAIN_CHECK(condition, false, __VA_ARGS__)
#define cr_expect_null(value, ...)             cr_expect((value) == NULL, __VA_ARGS__)
#define cr_expect_str_eq(a, b)                 cr_expect(strcmp(a, b) == 0, "\"%s\" is not \"%s\"", a, b)
#define cr_skip_test(...)                      plain_skip("" __VA_ARGS__)

#endif
