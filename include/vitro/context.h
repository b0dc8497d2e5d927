/* context.h - the state ops record into: device, precision, mode, seed, scopes. Each thread has its own, made at first
 * use and freed when the thread ends. */
#ifndef VITRO_CONTEXT_H
#define VITRO_CONTEXT_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Chooses where later steps run: "cpu" (the default), "cuda", or "reference", the slow f64 oracle. Tensors move to
 * where they are used. "cuda:1" is the second of several GPUs; a process computes on one of them, and "cuda" is that
 * one, or the first. Error: a name that this build does not know, a device that this machine does not have, or another
 * GPU than before. */
VT_API void vt_set_device(const char *name);
VT_API const char *vt_device(void);

/* The level of processors whose kernels the device runs; "" where it has no levels. The CPU's are "baseline", "avx2",
 * "avx512", "avx512_bf16" and "amx", of which the highest that this machine has is chosen when a program starts, or a
 * lower one that VT_CPU in the environment names: then oneDNN uses no more than that, either. A build for other
 * processors, or for one machine, has one level: "baseline" or "native". */
VT_API const char *vt_device_level(void);

/* The dtype of parameters and of created tensors where none is given: VT_F32 (the default) or VT_F64. VT_BF16 is a
 * policy: tensors are f32, and so are weights, norms, softmax, losses and updates; the factors of matrix products,
 * convolutions and attention are rounded to bf16, as may be their results, and summed in f32. Error: the machine's
 * processor has no bf16 arithmetic, and VT_BF16=emulate in the environment does not ask for it all the same. */
VT_API void vt_set_precision(vt_dtype dtype);
VT_API vt_dtype vt_precision(void);

/* Training mode: dropout, drop path and batch norm behave as in training. Off at the start. */
VT_API void vt_set_training(bool training);
VT_API bool vt_training(void);

/* Eager mode runs each op as it is recorded and checks its result: the first NaN or infinity that an op makes of finite
 * numbers becomes an error naming the op and the line. Where an input has one, or an option is one, as in
 * vt_pad(.value = -INFINITY), or where the op makes tensors of options alone, what comes of it has been asked for: rows
 * that a mask of -INFINITY covers whole are NaN behind a softmax, and no error. VT_MODE=eager in the environment turns
 * it on from the start. */
VT_API void vt_set_eager(bool eager);
VT_API bool vt_eager(void);

/* Random numbers are Philox4x32-10 (Salmon et al. 2011) keyed by the seed; each random op takes the next stream, so the
 * same program draws the same numbers on every device. Save the state to continue a stopped run with the same bits. */
typedef struct vt_random_state {
    uint64_t seed, stream;
} vt_random_state;
VT_API void vt_seed(uint64_t seed);
VT_API vt_random_state vt_random_get(void);
VT_API void vt_random_set(vt_random_state state);

/* Threads that the CPU backend computes with, 1024 at most; 0 asks for the machine's default. */
VT_API void vt_set_threads(int threads);
VT_API int vt_threads(void);

/* The most bytes that tensors may take together with what a plan computes in: vt_statistics' peak_bytes. The plan of a
 * step that would take more keeps less of its forward pass, and computes what it did not keep again when the backward
 * pass comes to it (activation checkpointing; Chen et al., "Training deep nets with sublinear memory cost", 2016): as
 * much of it as it takes to fit. Values keep their bits, but for rounding to bf16 in VT_BF16. VT_AUTO: every step takes
 * as little as can be found. 0, at the start: any number. A step that does not fit is an error, which says what the
 * least is. Error: another negative number. */
VT_API void vt_set_memory_limit(int64_t bytes);
VT_API int64_t vt_memory_limit(void);

/* A step is planned by passes over it, which change nothing but speed and, by rounding, last digits. All are on; a pass
 * is turned off or on here by its name, or every one with "all". VT_PASSES in the environment does the same from the
 * start: "-in_place", "none", "none,dead_code". Error: an unknown name. */
VT_API void vt_set_pass(const char *name, bool on);
/* The name of pass number `index`, counted from 0 in the order in which they run; NULL behind the last. */
VT_API const char *vt_pass_name(int index);

/* Runs what has been recorded and not yet run: every effect, in order. */
VT_API void vt_flush(void);

/* Frees everything of this thread's context: all its tensors, those of models and optimisers too, become stale. What
 * the program made itself (models, optimisers) it still frees, before or after. */
VT_API void vt_shutdown(void);

/* Runs what has been recorded and waits until the device has done it. Reading a value waits by itself; this is for
 * measuring time. Error: what kernels of a device that runs beside the host found wrong in their data. */
VT_API void vt_synchronize(void);

/* Scopes own the tensors made inside them.
 *
 *     for (...) {
 *         VT_SCOPE;                  // temporaries end with the block, also on break, continue and return
 *         ...
 *     }
 *
 * When a scope ends, its effects and kept tensors are computed; everything else is forgotten. */
typedef struct vt_scope {
    int depth;
} vt_scope;
VT_API vt_scope vt_scope_begin(void);
/* Ends the scope, and those inside of it that have not ended. NULL, and a scope that has ended, are ignored. Error: a
 * negative depth. */
VT_API void vt_scope_end(vt_scope *scope);
#define VT_SCOPE vt_scope VT_CLEANUP_(vt_scope_end) VT_JOIN(vt_scope_, __LINE__) = vt_scope_begin()

/* Moves a tensor to the enclosing scope. It comes out as a value: its history ends with the scope, and a later
 * vt_backward that reaches it is an error unless it was made by vt_detach. Returns the tensor. */
VT_API vt_tensor vt_keep_at(vt_site at, vt_tensor x);
#define vt_keep(x) vt_keep_at(VT_HERE, x)

/* Ends one tensor now, whichever scope it belongs to, and gives its memory back. What was computed from it can be
 * differentiated all the same: where that takes the value of a tensor that an op made, it is computed again. One that
 * was made from data is gone, and an op or a gradient that is yet to read it is an error. An inert handle, and one
 * whose tensor has ended, are ignored. Error: a tensor of another thread. */
VT_API void vt_free(vt_tensor x);

typedef struct vt_statistics {
    int64_t live_tensors;     /* handles that have not ended */
    int64_t live_bytes;       /* held by tensors */
    int64_t reserved_bytes;   /* held by the allocator, live or ready for use again */
    int64_t peak_bytes;       /* the most live_bytes has been, since vt_statistics_reset_peak */
    int64_t nodes_run;        /* ops executed */
    int64_t nodes_recomputed; /* of these, executed again because their value was read late */
    int64_t plan_hits;        /* runs that found a plan made before */
    int64_t plan_misses;      /* runs that a plan was made for */
    double planning_seconds;  /* what making them took */
} vt_statistics;
VT_API vt_statistics vt_statistics_get(void);
/* Begins peak_bytes anew, with what tensors hold now. */
VT_API void vt_statistics_reset_peak(void);

#ifdef __cplusplus
}
#endif
#endif
