/* chain.cu - several ops on each element in one pass over memory. Threads interpret the links, which are the same for
 * all of them, a few elements at a time; what is between two links stays in registers. */
#include "backends/cuda/elementwise/functions.h"

extern "C" {
#include "passes/chain.h"
}
#include <string.h>

/* Places for inputs and for results that are still to be read. */
enum { SLOTS = 8, OPERANDS = 2 };

struct device_link {
    int16_t op; /* its id */
    int8_t from[OPERANDS], to;
    float p, q;
};

template <int WIDTH> struct slots {
    vector<float, WIDTH> at[SLOTS];
};

/* Registers have no addresses: each place is told by its name. */
template <int WIDTH> static __device__ inline vector<float, WIDTH> get(const slots<WIDTH> &s, int which)
{
    switch (which) {
    case 0: return s.at[0];
    case 1: return s.at[1];
    case 2: return s.at[2];
    case 3: return s.at[3];
    case 4: return s.at[4];
    case 5: return s.at[5];
    case 6: return s.at[6];
    default: return s.at[7];
    }
}

template <int WIDTH> static __device__ inline void set(slots<WIDTH> &s, int which, const vector<float, WIDTH> &x)
{
    switch (which) {
    case 0: s.at[0] = x; break;
    case 1: s.at[1] = x; break;
    case 2: s.at[2] = x; break;
    case 3: s.at[3] = x; break;
    case 4: s.at[4] = x; break;
    case 5: s.at[5] = x; break;
    case 6: s.at[6] = x; break;
    default: s.at[7] = x;
    }
}

template <class Formula, int WIDTH>
static __device__ inline vector<float, WIDTH> apply(const device_link &l, const vector<float, WIDTH> &a,
                                                    const vector<float, WIDTH> &b)
{
    Formula formula = { l.p, l.q };
    vector<float, WIDTH> y;
#pragma unroll
    for (int k = 0; k < WIDTH; k++) y.at[k] = formula(a.at[k], b.at[k], 0);
    return y;
}

template <int WIDTH>
static __device__ inline vector<float, WIDTH> run_link(const device_link &l, const vector<float, WIDTH> &a,
                                                       const vector<float, WIDTH> &b)
{
    switch (l.op) {
#define LINK(op)                                                                                                       \
    case OP_ID_##op:                                                                                                   \
        return apply<op##_formula<float>>(l, a, b);
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) LINK(name)
#include "ops/pointwise.def"
    default: return a;
    }
}

struct links {
    enum { INPUTS = CHAIN_INPUTS, MOST = 4 };
    int count;
    device_link link[CHAIN_LINKS];

    template <int WIDTH>
    __device__ inline void operator()(const vector<float, WIDTH> (&in)[INPUTS], vector<float, WIDTH> *out) const
    {
        slots<WIDTH> s = {};
#pragma unroll
        for (int k = 0; k < INPUTS; k++) s.at[k] = in[k];
        *out = in[0]; /* compilers do not know that there is a link */
#pragma unroll 1
        for (int i = 0; i < count; i++) {
            *out = run_link(link[i], get(s, link[i].from[0]), get(s, link[i].from[1]));
            set(s, link[i].to, *out);
        }
    }
};

/* How many operands the op has as a link; 0: it is none. */
static int operands_as_link(int64_t id)
{
#define OPERANDS_OF(op, inputs)                                                                                        \
    if (id == OP_ID_##op) return (inputs) <= OPERANDS ? (inputs) : 0;
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) OPERANDS_OF(name, inputs)
#include "ops/pointwise.def"
    return 0;
}

/* What holds what while links are assigned to slots. */
struct assignment {
    int slot[CHAIN_INPUTS + CHAIN_LINKS]; /* of each input and result */
    int last[SLOTS];                      /* the link that is the last to read what is there; -1: none does */
};

static int last_reader(const chain_attributes *a, int64_t operand)
{
    int last = -1;
    for (int i = 0; i < a->count; i++)
        for (int k = 0; k < a->link[i].operands; k++)
            if (a->link[i].operand[k] == operand) last = i;
    return last;
}

static void put(assignment *to, const chain_attributes *a, int operand, int slot)
{
    to->slot[operand] = slot;
    to->last[slot] = last_reader(a, operand);
}

/* A slot whose contents no link behind link i reads; SLOTS: there is none. */
static int free_slot(const assignment *held, int i)
{
    int s = 0;
    while (s < SLOTS && held->last[s] > i) s++;
    return s;
}

static device_link make_link(const chain_link *l, const int64_t *attributes, const assignment *held, int to)
{
    device_link link = { .op = (int16_t)l->op, .to = (int8_t)to };
    double words[2] = {};
    for (int k = 0; k < OPERANDS; k++) link.from[k] = (int8_t)held->slot[l->operand[k < l->operands ? k : 0]];
    memcpy(words, attributes, (size_t)l->attributes_size);
    link.p = (float)words[0];
    link.q = (float)words[1];
    return link;
}

/* False where an op is unknown here, or too much is to be held at once. */
static bool make_links(const chain_attributes *a, links *out)
{
    assignment held;
    for (int s = 0; s < SLOTS; s++) held.last[s] = -1;
    for (int k = 0; k < CHAIN_INPUTS; k++) put(&held, a, k, k);
    *out = links{};
    out->count = (int)a->count;
    for (int i = 0; i < a->count; i++) {
        const chain_link *l = &a->link[i];
        int slot = free_slot(&held, i);
        if (operands_as_link(l->op) != l->operands || slot == SLOTS) return false;
        out->link[i] = make_link(l, &a->words[l->attributes], &held, slot);
        put(&held, a, CHAIN_INPUTS + i, slot);
    }
    return true;
}

static bool supports(const kernel_call *call)
{
    links l;
    return takes_floats(call) && make_links((const chain_attributes *)call->attributes, &l);
}

static bool run(const kernel_call *call)
{
    links l;
    return make_links((const chain_attributes *)call->attributes, &l) && run_floats(call, l);
}

extern "C" const kernel_row cuda_chain_kernels[] = {
    { &op_chain, ELEMENTWISE(run, supports) },
    {},
};
