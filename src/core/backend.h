/* backend.h - what a backend provides: memory and a table of kernels. */
#ifndef VITRO_CORE_BACKEND_H
#define VITRO_CORE_BACKEND_H

#include "core/base/array.h"

struct op;

/* The random numbers of a node: the next stream in every step, and so no part of a graph's structure. */
typedef struct bound {
    uint64_t seed, stream;
} bound;

/* What each run of a plan binds to a node anew, as kernels read it in the memory of a device that has its own. */
typedef struct device_bound {
    bound random;
    vt_site at; /* the host's */
} device_bound;

/* One execution of one op. Outputs are contiguous and distinct from the inputs; an op with an effect overwrites the
 * inputs that it says it writes. */
typedef struct kernel_call {
    const struct op *op;
    const void *attributes;
    const struct bound *bound;
    int inputs, outputs;
    array *in, *out;
    vt_site at;                              /* for errors that only the data shows */
    void *state;                             /* what `prepare` made */
    void *scratch;                           /* the working memory it asked for, aligned as the backend says */
    const struct device_bound *device_bound; /* `bound` and `at`, where a device has memory of its own */
} kernel_call;

/* What a kernel has ready before it runs, once for all runs of a plan. */
typedef struct preparation {
    void *state;                  /* NULL: none */
    void (*discard)(void *state); /* ends it */
    size_t scratch;               /* bytes of working memory that a run needs */
} preparation;

/* A kernel. It raises an error and returns false where it fails. Masks have a bit for each input or output. */
typedef struct kernel {
    bool (*run)(const kernel_call *call);
    bool (*supports)(const kernel_call *call); /* NULL: every call. Sees shapes, strides, dtypes. Data is no address,
 but NULL where an optional argument is absent */
    bool (*prepare)(const kernel_call *call, preparation *p); /* NULL: nothing to do. Sees what `supports` sees */
    bool strided;         /* takes inputs of any strides; otherwise they come contiguous */
    bool strided_outputs; /* writes outputs of any strides; otherwise they are contiguous */
    bool elementwise; /* an element of the output depends on those at its place in the inputs, broadcast, alone: axes
                       * come in any order, and the output may lie where an input of its shape lies */
    uint32_t channels_last_in, channels_last_out; /* [N, C, ...] that lies in memory as [N, ..., C] */
    uint32_t bf16_in, bf16_out;                   /* f32 values that may lie in memory as bf16 */
    bool waits; /* it waits for its device, so that it can be no part of what is launched as one */
} kernel;

/* The best a device does, as measured: FLOP/s of multiply-adds of f32, bytes/s read and written by a large copy. */
typedef struct device_peak {
    double flops, bytes;
} device_peak;

/* The host's memory that a device reads by itself. */
typedef struct pinned_memory {
    void *data;
    void *read; /* the device's: what says whether the last upload from there has read it */
} pinned_memory;

/* What a device adds that has memory of its own and works while the host goes on. Kernels, copies and what is asked for
 * here take their turns in one queue a thread. These raise an error and return false where they fail. */
typedef struct device_queue {
    /* Which of several devices this process computes on, from 0 on; before `start`. Error: it does on another. */
    bool (*select)(int number);
    bool (*start)(void); /* before anything else on a thread, any number of times. Error: there is no such device */
    void (*stop)(void);  /* gives back what this thread holds of it */
    /* Copies from the host without waiting, beside the queue: as soon as the mark `after` is passed. What is queued
     * later sees it; `from` may be overwritten at once. */
    bool (*upload)(void *to, const void *from, size_t bytes, uint64_t after);
    /* The same from memory that `pin` gave: it may be overwritten once `await_upload` has returned, in any thread, or
     * where this fails. */
    bool (*upload_pinned)(void *to, const pinned_memory *from, size_t bytes, uint64_t after);
    bool (*await_upload)(const pinned_memory *from);
    bool (*pin)(size_t bytes, pinned_memory *memory);           /* false, without an error, where it is short */
    void (*unpin)(pinned_memory *memory);                       /* what was never pinned too */
    bool (*push)(void *to, const void *from, size_t bytes);     /* the same in the queue, for small data */
    bool (*move)(void *to, const void *from, size_t bytes);     /* within the device, in the queue */
    bool (*download)(void *to, const void *from, size_t bytes); /* waits for the queue, as `finish` does */
    bool (*finish)(void);                                       /* Error: what kernels found wrong in their data */
    uint64_t (*mark)(void);                                     /* a new mark, from 1 on, behind all that is queued */

    /* From `capture` to `captured` nothing runs: what is queued is put into a graph, to be launched as one. */
    bool (*capture)(void);
    void *(*captured)(void); /* NULL, with an error, where it cannot be */
    bool (*launch)(void *graph);
    void (*discard)(void *graph);

    bool (*names_ranges)(void); /* whether what is queued is named in a profiler's timeline: then nothing is captured */
    void (*range_begin)(const char *op, vt_site at); /* what is queued until `range_end` */
    void (*range_end)(void);
} device_queue;

typedef struct backend {
    const char *name;
    void (*check_settings)(void); /* as a thread begins. Error: the environment asks for what there is not. Or NULL */
    const char *(*level)(void);   /* of processors, whose kernels it runs; NULL: there are no levels */
    const kernel *(*kernel_of)(const struct op *op);   /* NULL where it has none */
    const kernel *(*fallback_of)(const struct op *op); /* for a call that neither a kernel nor a decomposition serves */
    size_t alignment; /* bytes: memory, and in it the values and the working memory of a plan, begin at multiples */
    void *(*allocate)(size_t bytes); /* NULL where memory is short */
    void (*release)(void *memory, size_t bytes);
    /* Called after each run with the memory that runs share: a chance to make its pages larger, some more at a time,
     * from byte *settled on. NULL: nothing to do. */
    void (*settle)(void *memory, size_t bytes, size_t *settled);
    bool (*copy)(array *to, const array *from); /* as array_copy */
    const device_queue *queue;                  /* NULL: it computes on the host, in the host's memory */
    void (*set_threads)(int threads);
    int (*threads)(void);              /* of the host, that the next kernel runs on */
    bool (*has_bf16)(void);            /* whether it has arithmetic for it; NULL: no */
    device_peak (*measure_peak)(void); /* NULL: not known */
    /* What it has chosen by timing, as text to be freed, and back. NULL: nothing that changes bits. */
    char *(*choices)(void);
    bool (*restore_choices)(const char *text); /* false where the text is none */
} backend;

/* Of the backends this library was built with: that of the name, NULL where there is none. */
const backend *backend_find(const char *name);
/* Number `index`, from 0, the default, on; NULL behind the last. */
const backend *backend_number(int index);
/* Writes "cpu, reference" into text, for messages, and returns it. */
enum { BACKEND_NAMES = 128 };
const char *backend_names(char text[BACKEND_NAMES]);

#endif
