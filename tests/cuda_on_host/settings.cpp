/* settings.cpp - see settings.h. */
#include "settings.h"
#include "scheduler.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace on_host
{

static uint64_t random_state;

static turns order_from(const char *value)
{
    if (!value || !*value) return IN_ORDER;
    if (strcmp(value, "reversed") == 0) return REVERSED;
    char *end;
    random_state = strtoull(value, &end, 10);
    if (*end == '\0') return SHUFFLED;
    fprintf(stderr, "CUDA_ON_HOST_ORDER=%s is neither \"reversed\" nor a number\n", value);
    abort();
}

static int number_from(const char *variable, int otherwise, int most)
{
    const char *value = getenv(variable);
    if (!value || !*value) return otherwise;
    char *end;
    const long number = strtol(value, &end, 10);
    if (*end == '\0' && number >= 1 && number <= most) return (int)number;
    fprintf(stderr, "%s=%s is no number from 1 to %d\n", variable, value, most);
    abort();
}

static settings read_environment()
{
    const char *defer = getenv("CUDA_ON_HOST_DEFER");
    const int most = SHARED_BYTES >> 10;
    return { order_from(getenv("CUDA_ON_HOST_ORDER")), defer && strcmp(defer, "1") == 0,
             number_from("CUDA_ON_HOST_MULTIPROCESSORS", 4, 1024), number_from("CUDA_ON_HOST_DEVICES", 1, 16),
             (size_t)number_from("CUDA_ON_HOST_SHARED_KIB", most, most) << 10 };
}

const settings &asked()
{
    static const settings read = read_environment();
    return read;
}

uint64_t random_below(uint64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

} // namespace on_host
