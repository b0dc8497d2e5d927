/* everywhere.h - for functions that kernels of a GPU call as well as the host. */
#ifndef VITRO_CORE_BASE_EVERYWHERE_H
#define VITRO_CORE_BASE_EVERYWHERE_H

/* A compiler for GPUs has defined it as its own before. */
#ifndef EVERYWHERE
#define EVERYWHERE static inline
#endif

#endif
