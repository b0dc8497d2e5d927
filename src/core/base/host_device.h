/* host_device.h - for functions that kernels of a GPU call as well as the host. */
#ifndef VITRO_CORE_BASE_HOST_DEVICE_H
#define VITRO_CORE_BASE_HOST_DEVICE_H

/* A compiler for GPUs has defined it as its own before. */
#ifndef HOST_DEVICE
#define HOST_DEVICE static inline
#endif

#endif
