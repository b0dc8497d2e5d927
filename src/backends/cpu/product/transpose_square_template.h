/* transpose_square_template.h - vectors, and squares of as many rows as a vector has elements, for one element type:
 * REAL, and NAMED(x), its name for x. */

typedef REAL NAMED(vector) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
enum { NAMED(LANES) = VECTOR_BYTES / sizeof(REAL) };

/* LANES rows of `from`, whole vectors, as columns: row i and row i + LANES / 2 take turns as often as it needs to bring
 * every element to its place, which is the logarithm of LANES. */
static inline __attribute__((always_inline)) void NAMED(transpose_square)(const REAL *from, int64_t from_stride,
                                                                          REAL *to, int64_t to_stride)
{
    enum { LANES_ = NAMED(LANES) };
    NAMED(vector) row[LANES_], turned[LANES_];
    UNROLLED
    for (int i = 0; i < LANES_; i++) row[i] = *(const NAMED(vector) *)(from + i * from_stride);
    UNROLLED
    for (int round = 1; round < LANES_; round *= 2) {
        UNROLLED
        for (int i = 0; i < LANES_ / 2; i++) {
            turned[2 * i] = __builtin_shufflevector(row[i], row[i + LANES_ / 2], NAMED(LOWER));
            turned[2 * i + 1] = __builtin_shufflevector(row[i], row[i + LANES_ / 2], NAMED(UPPER));
        }
        UNROLLED
        for (int i = 0; i < LANES_; i++) row[i] = turned[i];
    }
    UNROLLED
    for (int i = 0; i < LANES_; i++) *(NAMED(vector) *)(to + i * to_stride) = row[i];
}
