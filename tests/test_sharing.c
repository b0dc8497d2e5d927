/* test_sharing.c - what CPU kernels share work by (work_stealing.h), and what they ask the memory for (prefetch.h). */
#include "backends/cpu/product/prefetch.h"
#include "backends/cpu/machine/work_stealing.h"
#include <criterion/criterion.h>
#include <pthread.h>

enum { THREADS = 4, PIECES = 4001 };

Test(shares, a_thread_takes_its_own_pieces_in_order_and_then_the_last_ones_of_the_next)
{
    share shares[2];
    int64_t piece, expected[] = { 3, 4, 5, 2, 1, 0 };
    shares_cut(shares, 2, 6);
    for (int i = 0; i < 6; i++) {
        cr_assert(shares_take(shares, 2, 1, &piece));
        cr_assert_eq(piece, expected[i], "take %d gave piece %d", i, (int)piece);
    }
    cr_assert_not(shares_take(shares, 2, 1, &piece));
    cr_assert_not(shares_take(shares, 2, 0, &piece));
}

Test(shares, no_thread_gets_a_piece_where_there_is_none)
{
    share shares[3];
    int64_t piece, taken = 0;
    shares_cut(shares, 3, 0);
    for (int t = 0; t < 3; t++) cr_assert_not(shares_take(shares, 3, t, &piece));
    shares_cut(shares, 3, 2); /* fewer than threads */
    while (shares_take(shares, 3, 2, &piece)) taken |= 1 << piece;
    cr_assert_eq(taken, 3);
}

typedef struct taker {
    share *shares;
    int64_t thread;
    int times[PIECES];
} taker;

static void *take_all(void *context)
{
    taker *t = context;
    for (int64_t piece; shares_take(t->shares, THREADS, t->thread, &piece);) t->times[piece]++;
    return NULL;
}

Test(shares, each_piece_is_taken_once_by_threads_that_race)
{
    static taker takers[THREADS];
    share shares[THREADS];
    pthread_t threads[THREADS];
    shares_cut(shares, THREADS, PIECES);
    for (int t = 0; t < THREADS; t++) {
        takers[t] = (taker){ .shares = shares, .thread = t };
        cr_assert_eq(pthread_create(&threads[t], NULL, take_all, &takers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) cr_assert_eq(pthread_join(threads[t], NULL), 0);
    for (int piece = 0; piece < PIECES; piece++) {
        int times = 0;
        for (int t = 0; t < THREADS; t++) times += takers[t].times[piece];
        cr_assert_eq(times, 1, "piece %d was taken %d times", piece, times);
    }
}

Test(prefetch, every_line_of_every_row_comes_once_at_the_pace)
{
    static char memory[8192];
    fetch_list list;
    prefetch a = { .pace = 3 };
    prefetch_add(&a, memory, 2, 1024, 130);
    prefetch_add(&a, memory, 0, 1024, 64);
    prefetch_add(&a, memory + 4096, 3, 256, 64);
    int64_t expected[] = { 0, 64, 128, 1024, 1088, 1152, 4096, 4352, 4608 };
    cr_assert_eq(a.lines, 9);
    for (int i = 0; i < 9; i += 3) {
        prefetch_next(&a, 8, &list);
        cr_assert_eq(list.count, 3);
        for (int j = 0; j < 3; j++) cr_assert_eq(list.line[j] - memory, expected[i + j], "line %d", i + j);
    }
    prefetch_next(&a, 8, &list);
    cr_assert_eq(list.count, 0);
}

Test(prefetch, no_more_come_than_there_is_room_for)
{
    static char memory[1024];
    fetch_list list;
    prefetch a = { .pace = 5 };
    prefetch_add(&a, memory, 1, 0, 320);
    for (int i = 0; i < 2; i++) {
        prefetch_next(&a, 2, &list);
        cr_assert_eq(list.count, 2);
    }
    prefetch_next(&a, 2, &list);
    cr_assert_eq(list.count, 1);
    cr_assert_eq(list.line[0], memory + 256);
    prefetch_next(NULL, 2, &list);
    cr_assert_eq(list.count, 0);
}
