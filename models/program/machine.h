/* machine.h - the computer that a program runs on. */
#ifndef MODELS_PROGRAM_MACHINE_H
#define MODELS_PROGRAM_MACHINE_H

#include <stdint.h>

/* What the system does not tell is empty, or 0. */
typedef struct machine {
    char processor[128];    /* "Intel(R) Xeon(R) Platinum 8488C" */
    char instructions[128]; /* of those that the speed of arithmetic depends on: "avx2 fma avx512f amx_bf16" */
    char system[128];       /* "Linux 6.1.0 x86_64" */
    char onednn[64];        /* "3.7.2" */
    int64_t cores;          /* that this process may use */
    int64_t memory_bytes;
} machine;

void machine_describe(machine *m);

/* Bytes that processes may still take without swapping, as the system estimates; 0: it does not tell. */
int64_t machine_free_memory(void);

/* The most memory that this process has held so far, in bytes. */
int64_t machine_peak_memory(void);

#endif
