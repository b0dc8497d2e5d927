/* sanitized.h - whether a sanitizer watches this program, which makes it several times as slow. */
#ifndef VITRO_TESTS_SANITIZED_H
#define VITRO_TESTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
enum { SANITIZED = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) };
#else
enum { SANITIZED = 0 };
#endif

/* For what defines the numbers that a test wants: plain loops, which would take most of its time. */
#define NOT_SANITIZED __attribute__((no_sanitize("address", "undefined", "thread")))

#endif
