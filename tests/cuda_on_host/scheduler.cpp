/* scheduler.cpp - the threads of a block take turns: each runs until it waits for others or ends.
 *
 * For the thread sanitizer they are threads whose only edges to others are __syncthreads and __syncwarp: what else the
 * lanes of a warp do together orders no accesses to memory. This file itself is not compiled for it, and what it writes
 * for threads to read is no race. For that it must use nothing that other files compile as well: no templates of the
 * standard library, and no memset. */
#include "scheduler.h"
#include "cuda_on_host.h"
#include "fiber.h"
#include "sanitizers.h"
#include "settings.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace on_host
{

int thread_number;
uint64_t block_number;

namespace
{

#ifdef CUDA_ON_HOST_TSAN
constexpr bool THREADS_OWN_FIBERS = true; /* with the sanitizer's record of its calls */
#else
constexpr bool THREADS_OWN_FIBERS = false;
#endif

struct cuda_thread {
    uint3 index;
    fiber *runs_on; /* NULL before it starts */
    place waits_at;
    bool waits, ended;
    uint64_t value, answer; /* in an operation of its warp */
    int asked;
};

/* Lanes of a warp that wait for each other. */
struct meeting {
    unsigned mask, arrived;
    bool exchange; /* not only __syncwarp */
    place at;
    unsigned round;
    char edges[2]; /* of odd and of even rounds: who is late to leave one takes no edge from the next */
};

/* Lanes that part ways can wait in several meetings at once. */
enum { MEETINGS = 8 };

struct warp {
    unsigned alive;
    meeting meetings[MEETINGS];
};

struct block_barrier {
    int arrived, threads[MAX_THREADS];
    unsigned round;
    place at;
    char edges[2];
};

/* The running grid, and of its running block what the threads share. */
const grid *running;
int thread_count, alive;
cuda_thread threads[MAX_THREADS];
warp warps[MAX_WARPS];
block_barrier meeting_of_all;
char block_began, block_ended; /* edges */

/* Turns: threads start in an order of their own; those that waited and may go on are in a ring. */
int start_order[MAX_THREADS], started;
int ready[MAX_THREADS], first_ready, ready_count;

fiber host, fibers[MAX_THREADS], *running_fiber, *idle_fibers;
int fibers_made;

/* -- Turns -------------------------------------------------------------------------------------------------------- */

void make_ready(int thread)
{
    threads[thread].waits = false;
    ready[(first_ready + ready_count++) % MAX_THREADS] = thread;
}

int take_ready()
{
    if (asked().order == SHUFFLED) {
        int drawn = (first_ready + (int)random_below((uint64_t)ready_count)) % MAX_THREADS, other = ready[drawn];
        ready[drawn] = ready[first_ready];
        ready[first_ready] = other;
    }
    int thread = ready[first_ready];
    first_ready = (first_ready + 1) % MAX_THREADS;
    ready_count--;
    return thread;
}

enum { NOBODY = -1 };

/* Who goes on now. Other threads start only when none that has started can go on, so that warps run apart. */
int next_thread()
{
    bool may_start = started < thread_count;
    bool start = may_start && (ready_count == 0 || (asked().order == SHUFFLED && random_below(2)));
    if (start) return start_order[started++];
    return ready_count > 0 ? take_ready() : NOBODY;
}

void become(int thread)
{
    thread_number = thread;
    threadIdx = threads[thread].index;
}

void run_fiber(fiber *f)
{
    fiber *from = running_fiber;
    if (f == from) return;
    running_fiber = f;
    switch_fiber(from, f);
}

void thread_main();

/* What a barrier costs the thread sanitizer grows with the square of how many threads it knows, and from its third
 * version on it knows 255 at once. So it tells only so many lanes of a warp apart, and all warps. The number is prime
 * to powers of two: lanes that far from each other, between which values mostly go, are never taken for one thread. */
enum { LANES_TOLD_APART = 7 };

fiber *new_fiber()
{
    fiber *f = &fibers[fibers_made];
    bool first = fibers_made++ % WARP < LANES_TOLD_APART;
    make_fiber(f, thread_main, first ? nullptr : f - LANES_TOLD_APART);
    return f;
}

fiber *fiber_for(int thread)
{
    if (THREADS_OWN_FIBERS) return &fibers[thread];
    fiber *f = idle_fibers;
    if (!f) return new_fiber();
    idle_fibers = f->next;
    return f;
}

void run_thread(int thread)
{
    if (thread == NOBODY) return run_fiber(&host);
    if (!threads[thread].runs_on) threads[thread].runs_on = fiber_for(thread);
    become(thread);
    run_fiber(threads[thread].runs_on);
}

void wait(place at)
{
    cuda_thread &me = threads[thread_number];
    me.waits_at = at;
    me.waits = true;
    run_thread(next_thread());
}

bool same(place a, place b)
{
    return a.line == b.line && (a.file == b.file || strcmp(a.file, b.file) == 0);
}

/* -- Warps -------------------------------------------------------------------------------------------------------- */

uint64_t answer_for(const cuda_thread *lanes, int lane, const meeting &m, unsigned votes)
{
    int asked = lanes[lane].asked;
    if (asked == NOTHING) return 0;
    if (asked == VOTES) return votes;
    if (!(m.arrived >> asked & 1)) die("lane %d reads a value of lane %d, which takes no part", lane, asked);
    return lanes[asked].value;
}

/* All have arrived: each gets its answer, and all but the running thread may go on. */
void close_meeting(meeting &m, int first_thread)
{
    cuda_thread *lanes = &threads[first_thread];
    unsigned votes = 0;
    for (int lane = 0; lane < WARP; lane++)
        if (m.arrived >> lane & 1 && lanes[lane].value) votes |= 1u << lane;
    for (int lane = 0; lane < WARP; lane++) {
        if (!(m.arrived >> lane & 1)) continue;
        lanes[lane].answer = answer_for(lanes, lane, m, votes);
        if (lanes[lane].waits) make_ready(first_thread + lane);
    }
    m.mask = m.arrived = 0;
    m.round++;
}

meeting &meeting_of(warp &w, unsigned mask)
{
    meeting *unused = nullptr;
    for (meeting &m : w.meetings) {
        if (m.mask == mask) return m;
        if (m.mask == 0) unused = &m;
    }
    if (!unused) die("a warp waits with more than %d masks at once", (int)MEETINGS);
    unused->mask = mask;
    return *unused;
}

/* -- The block ---------------------------------------------------------------------------------------------------- */

void open_barrier()
{
    block_barrier &b = meeting_of_all;
    for (int i = 0; i < b.arrived; i++)
        if (threads[b.threads[i]].waits) make_ready(b.threads[i]);
    b.arrived = 0;
    b.round++;
}

/* Those who wait for nobody but this thread wait no longer. */
void end_thread()
{
    int first = thread_number / WARP * WARP;
    warp &w = warps[thread_number / WARP];
    threads[thread_number].ended = true;
    alive--;
    w.alive &= ~(1u << lane());
    for (meeting &m : w.meetings)
        if (m.arrived && (m.mask & w.alive) == m.arrived) close_meeting(m, first);
    if (alive > 0 && meeting_of_all.arrived == alive) open_barrier();
}

/* What a fiber does: one thread, then another, as long as one is to be started. */
void thread_main()
{
    for (;;) {
        acquire_edge(&block_began);
        running->thread(running->argument);
        release_edge(&block_ended);
        end_thread();
        int next = next_thread();
        bool starts = next != NOBODY && !threads[next].runs_on;
        if (starts && !THREADS_OWN_FIBERS) {
            threads[next].runs_on = running_fiber;
            become(next);
            continue;
        }
        running_fiber->next = idle_fibers;
        idle_fibers = running_fiber;
        run_thread(next);
    }
}

/* -- Shared memory ------------------------------------------------------------------------------------------------ */

/* Behind each variable, for what is written past its end. */
enum { RED_ZONE = 64 };

alignas(128) char shared_memory[2 * SHARED_BYTES];
size_t shared_end, shared_used; /* with red zones, and without */

size_t round_up(size_t bytes, size_t multiple)
{
    return (bytes + multiple - 1) / multiple * multiple;
}

/* NaN, whatever the type of floating-point numbers: shared memory comes uninitialised. A call of memset would be the
 * running thread's for the thread sanitizer. */
void fill(void *memory, size_t bytes)
{
    volatile uint64_t *word = (volatile uint64_t *)memory;
    for (size_t i = 0; i < round_up(bytes, 8) / 8; i++) word[i] = ~(uint64_t)0;
}

/* The next bytes of the arena, from a multiple of 8 on: filled, and a red zone behind. */
char *take_shared(size_t begin, size_t bytes)
{
    shared_end = round_up(begin + bytes, 8) + RED_ZONE;
    shared_used += bytes;
    if (shared_used > running->shared_limit || shared_end > sizeof shared_memory)
        die("the block uses %zu bytes of shared memory, and may use %zu", shared_used, running->shared_limit);
    char *memory = &shared_memory[begin];
    open_memory(memory, round_up(bytes, 8));
    fill(memory, bytes);
    close_memory(memory + bytes, shared_end - begin - bytes);
    return memory;
}

/* A multiple of the alignment and not of twice that, so that code which takes more for granted fails. */
char *place_in_shared(size_t bytes, size_t alignment)
{
    size_t least = alignment < 8 ? 8 : alignment;
    return take_shared(round_up(shared_end, 2 * least) + least, bytes);
}

void clear_shared()
{
    close_memory(shared_memory, shared_end);
    shared_used = 0;
    take_shared(0, running->dynamic_bytes);
}

/* -- Blocks ------------------------------------------------------------------------------------------------------- */

uint3 index_in(dim3 extent, uint64_t number)
{
    return { (unsigned)(number % extent.x), (unsigned)(number / extent.x % extent.y),
             (unsigned)(number / extent.x / extent.y) };
}

void order_threads()
{
    turns order = asked().order;
    for (int t = 0; t < thread_count; t++) start_order[t] = order == REVERSED ? thread_count - 1 - t : t;
    for (int t = thread_count - 1; order == SHUFFLED && t > 0; t--) {
        int other = (int)random_below((uint64_t)t + 1), swap = start_order[t];
        start_order[t] = start_order[other];
        start_order[other] = swap;
    }
}

void prepare_block(uint64_t number)
{
    blockIdx = index_in(gridDim, number);
    block_number++;
    alive = thread_count;
    started = ready_count = meeting_of_all.arrived = 0;
    for (int t = 0; t < thread_count; t++) {
        threads[t].runs_on = nullptr;
        threads[t].waits = threads[t].ended = false;
    }
    for (int w = 0; w * WARP < thread_count; w++) {
        int lanes = thread_count - w * WARP;
        warps[w].alive = lanes >= WARP ? ~0u : (1u << lanes) - 1;
        for (meeting &m : warps[w].meetings) m.mask = m.arrived = 0;
    }
    order_threads();
    clear_shared();
}

void run_block(uint64_t number)
{
    prepare_block(number);
    release_edge(&block_began);
    run_thread(next_thread());
    acquire_edge(&block_ended);
    if (alive > 0) die("deadlock: none of %d threads can go on", alive);
}

uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
    return b == 0 ? a : greatest_common_divisor(b, a % b);
}

/* Block number (first + i * step) mod count at turn i meets each once. */
struct block_order {
    uint64_t count, first, step;
};

block_order order_of_blocks(uint64_t count)
{
    if (asked().order == IN_ORDER) return { count, 0, 1 };
    if (asked().order == REVERSED) return { count, count - 1, count - 1 };
    uint64_t step = 1 + random_below(count < 1 << 20 ? count : 1 << 20);
    while (greatest_common_divisor(step, count) != 1) step++;
    return { count, random_below(count), step };
}

void report_waiting_threads()
{
    enum { SHOWN = 4 };
    int waiting = 0;
    for (int t = 0; t < thread_count; t++) {
        if (threads[t].ended || !threads[t].waits || waiting++ >= SHOWN) continue;
        fprintf(stderr, "  thread %d waits at %s:%d\n", t, threads[t].waits_at.file, threads[t].waits_at.line);
    }
    if (waiting > SHOWN) fprintf(stderr, "  and %d more wait\n", waiting - SHOWN);
}

} // namespace

void run_grid(const grid &g)
{
    running = &g;
    blockDim = g.threads;
    gridDim = g.blocks;
    thread_count = (int)(blockDim.x * blockDim.y * blockDim.z);
    for (int t = 0; t < thread_count; t++) threads[t].index = index_in(blockDim, (uint64_t)t);
    become_fiber(&host);
    running_fiber = &host;
    /* Made here, since to make one is an edge from its maker. */
    while (THREADS_OWN_FIBERS && fibers_made < thread_count) new_fiber();
    block_order blocks = order_of_blocks((uint64_t)gridDim.x * gridDim.y * gridDim.z);
    for (uint64_t i = 0; i < blocks.count; i++) run_block((blocks.first + i * blocks.step) % blocks.count);
    running = nullptr;
}

/* -- For kernels -------------------------------------------------------------------------------------------------- */

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fprintf(stderr, "cuda on the host: ");
    vfprintf(stderr, format, arguments);
    if (running) {
        fprintf(stderr, "\n  in %s, block (%u, %u, %u), thread %d\n", running->kernel, blockIdx.x, blockIdx.y,
                blockIdx.z, thread_number);
        report_waiting_threads();
    } else {
        fprintf(stderr, "\n");
    }
    abort();
}

void barrier(place at)
{
    if (!running) die("a barrier outside of kernels, %s:%d", at.file, at.line);
    block_barrier &b = meeting_of_all;
    if (b.arrived > 0 && !same(b.at, at))
        die("threads of a block wait at different barriers: %s:%d and %s:%d", at.file, at.line, b.at.file, b.at.line);
    char *edge = &b.edges[b.round % 2];
    release_edge(edge);
    b.at = at;
    b.threads[b.arrived++] = thread_number;
    if (b.arrived == alive)
        open_barrier();
    else
        wait(at);
    acquire_edge(edge);
}

uint64_t warp_op(unsigned mask, uint64_t value, int asked, place at)
{
    if (!running) die("an operation of a warp outside of kernels, %s:%d", at.file, at.line);
    if (!(mask >> lane() & 1)) die("the mask 0x%x of %s:%d leaves out the calling lane", mask, at.file, at.line);
    warp &w = warps[thread_number / WARP];
    meeting &m = meeting_of(w, mask);
    m.exchange = asked != NOTHING || (m.arrived && m.exchange);
    if (m.arrived && m.exchange && !same(m.at, at))
        die("lanes of a warp wait in different operations: %s:%d and %s:%d", at.file, at.line, m.at.file, m.at.line);
    char *edge = m.exchange ? nullptr : &m.edges[m.round % 2];
    if (edge) release_edge(edge);
    m.at = at;
    m.arrived |= 1u << lane();
    cuda_thread &me = threads[thread_number];
    me.value = value;
    me.asked = asked;
    if ((mask & w.alive) == m.arrived)
        close_meeting(m, thread_number - lane());
    else
        wait(at);
    if (edge) acquire_edge(edge);
    return me.answer;
}

void shared_variable::enter_block(size_t bytes, size_t alignment)
{
    if (!running) die("shared memory outside of kernels");
    memory = place_in_shared(bytes, alignment);
    block = block_number;
}

void *dynamic_shared()
{
    if (!running) die("shared memory outside of kernels");
    return shared_memory;
}

} // namespace on_host
