/* chain.h - several ops on each element as one: what a planner makes of ops of which each alone reads the one before.
 */
#ifndef VITRO_PASSES_CHAIN_H
#define VITRO_PASSES_CHAIN_H

#include <stdint.h>

enum { CHAIN_LINKS = 12, CHAIN_INPUTS = 6, CHAIN_OPERANDS = 3, CHAIN_WORDS = 32 };

/* One op. Operands count the inputs of the chain from 0, and the results of its links from CHAIN_INPUTS on. */
typedef struct chain_link {
    int64_t op; /* its id */
    int64_t operands, operand[CHAIN_OPERANDS];
    int64_t attributes, attributes_size; /* where in `words`, and how many bytes */
} chain_link;

typedef struct chain_attributes {
    int64_t count, words_used;
    chain_link link[CHAIN_LINKS];
    int64_t words[CHAIN_WORDS];
} chain_attributes;

#endif
