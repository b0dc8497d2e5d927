/* tensor_cores.cpp - what lanes of a warp compute together, as src/backends/cuda/product/mma.h says. Hardware to the
 * programs that run on it, and the innermost of their loops: no sanitizer looks in here. So it must use nothing that
 * other files compile as well. */
#include "mma_on_host.h"

namespace mma_on_host
{

enum { WORDS = 6 };

/* Two boards take turns: a lane may write on one while another still reads from the other, but is never two ahead. */
static uint32_t boards[2][on_host::MAX_THREADS][WORDS];
static unsigned turn[on_host::MAX_THREADS];

typedef const uint32_t (*lanes)[WORDS];

/* Returns what every lane shows. They wait for each other, which orders none of their accesses to memory. */
template <int N> static lanes show(const uint32_t (&words)[N])
{
    int me = on_host::thread_number;
    uint32_t(*board)[WORDS] = boards[turn[me]++ % 2];
    for (int i = 0; i < N; i++) board[me][i] = words[i];
    on_host::warp_op(~0u, 0, on_host::VOTES, { __FILE__, __LINE__ });
    return board + me / on_host::WARP * on_host::WARP;
}

static uint32_t half_of(uint32_t pair, int which)
{
    return which ? pair >> 16 : pair & 0xffff;
}

static float float_of(uint32_t bf16_bits)
{
    uint32_t bits = bf16_bits << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float element_of_a(lanes of, int row, int k)
{
    return float_of(half_of(of[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2], k % 2));
}

static float element_of_b(lanes of, int k, int column)
{
    return float_of(half_of(of[column * 4 + k % 8 / 2][4 + k / 8], k % 2));
}

void multiply(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    lanes of = show({ a[0], a[1], a[2], a[3], b0, b1 });
    int row = on_host::lane() / 4, column = on_host::lane() % 4 * 2;
    float sums[4] = { 0, 0, 0, 0 };
    for (int k = 0; k < 16; k++) {
        float upper = element_of_a(of, row, k), lower = element_of_a(of, row + 8, k);
        float left = element_of_b(of, k, column), right = element_of_b(of, k, column + 1);
        sums[0] += upper * left;
        sums[1] += upper * right;
        sums[2] += lower * left;
        sums[3] += lower * right;
    }
    for (int i = 0; i < 4; i++) d[i] += sums[i];
}

/* Of each row, which a lane has loaded, every lane gets its part. */
void deal_out(uint32_t (&result)[4], const uint32_t (&row)[4], bool transposed)
{
    lanes of = show(row);
    int first = on_host::lane() / 4, second = on_host::lane() % 4 * 2;
    for (int tile = 0; tile < 4; tile++) {
        lanes rows = of + tile * 8;
        result[tile] = transposed ? half_of(rows[second][first / 2], first % 2) |
                                        half_of(rows[second + 1][first / 2], first % 2) << 16
                                  : rows[first][second / 2];
    }
}

} // namespace mma_on_host
