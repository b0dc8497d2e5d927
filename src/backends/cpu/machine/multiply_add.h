/* multiply_add.h - nothing but multiplications and additions: the most that a level of processors can do. */
#ifndef VITRO_BACKENDS_CPU_MACHINE_MULTIPLY_ADD_H
#define VITRO_BACKENDS_CPU_MACHINE_MULTIPLY_ADD_H

/* Computes in registers alone, on as many threads as the next parallel region gets; returns the FLOP of all. */
double multiply_add(void);

#endif
