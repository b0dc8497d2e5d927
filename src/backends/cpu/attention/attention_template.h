/* attention_template.h - attention.c's functions for one element type: REAL, and NAMED(x), its name for x. */

#define LANES    NAMED(LANES)
#define TILE     NAMED(TILE)
#define SCRATCH  NAMED(scratch_layout)
#define PRODUCT  NAMED(product)
#define SOFTMAX  NAMED(softmax)
#define FORWARD  NAMED(forward_layout)
#define BACKWARD NAMED(backward_layout)

/* -- Matrices in scratch memory ---------------------------------------------------------------------------------- */

/* x in whole vectors */
static int64_t NAMED(whole)(int64_t x)
{
    return (x + LANES - 1) / LANES * LANES;
}

/* From row to row: an odd number of vectors, so that columns do not meet in a few sets of the cache. */
static int64_t NAMED(stride_of)(int64_t columns)
{
    return NAMED(whole)(columns) / LANES % 2 ? NAMED(whole)(columns) : NAMED(whole)(columns) + LANES;
}

/* A thread's scratch memory, as it is laid out. Without memory it says how much there is to be. */
typedef struct SCRATCH {
    REAL *memory;
    int64_t used;
} SCRATCH;

/* Takes [rows, columns], with rows up to whole vectors too: what is transposed has them as columns. */
static REAL *NAMED(take)(SCRATCH *r, int64_t rows, int64_t columns)
{
    REAL *taken = r->memory ? r->memory + r->used : NULL;
    r->used += NAMED(whole)(rows) * NAMED(stride_of)(columns);
    return taken;
}

#define COPY_ROW(type, load, stride)                                                                                   \
    for (int64_t j = 0; j < n; j++) to[j] = (REAL)load(((const type *)from)[j * (stride)]) * factor

static inline __attribute__((always_inline)) void NAMED(load_row)(const void *restrict from, bool bf16, int64_t stride,
                                                                  int64_t n, REAL factor, REAL *restrict to)
{
    if (bf16 && stride == 1)
        COPY_ROW(uint16_t, bf16_to_f32, 1);
    else if (bf16)
        COPY_ROW(uint16_t, bf16_to_f32, stride);
    else if (stride == 1)
        COPY_ROW(REAL, , 1);
    else
        COPY_ROW(REAL, , stride);
}

#undef COPY_ROW

/* Rows [first, first + rows) times a factor, and zeros after them and beside them up to whole vectors. */
static void NAMED(load_rows)(const matrix *m, int64_t first, int64_t rows, int64_t columns, REAL factor, REAL *to,
                             int64_t stride)
{
    int64_t end = NAMED(whole)(columns), step = row_bytes(m);
    const char *from = element(m, first, 0);
    for (int64_t i = 0; i < rows; i++, from += step)
        NAMED(load_row)(from, m->dtype == VT_BF16, m->column, columns, factor, to + i * stride);
    for (int64_t i = 0; end > columns && i < rows; i++)
        for (int64_t j = columns; j < end; j++) to[i * stride + j] = 0;
    for (int64_t i = rows; i < NAMED(whole)(rows); i++)
        for (int64_t j = 0; j < end; j++) to[i * stride + j] = 0;
}

static void NAMED(load)(const matrix *m, int64_t first, int64_t rows, int64_t columns, REAL factor, REAL *to)
{
    NAMED(load_rows)(m, first, rows, columns, factor, to, NAMED(stride_of)(columns));
}

#define STORE_ROW(type, convert, stride)                                                                               \
    for (int64_t j = 0; j < n; j++) ((type *)to)[j * (stride)] = convert(from[j] * factor)
#define BF16_OF(x) bf16_of_f32((float)(x))

static inline __attribute__((always_inline)) void NAMED(store_row)(const REAL *restrict from, REAL factor, int64_t n,
                                                                   void *restrict to, bool bf16, int64_t stride)
{
    if (bf16 && stride == 1)
        STORE_ROW(uint16_t, BF16_OF, 1);
    else if (bf16)
        STORE_ROW(uint16_t, BF16_OF, stride);
    else if (stride == 1)
        STORE_ROW(REAL, , 1);
    else
        STORE_ROW(REAL, , stride);
}

#undef STORE_ROW
#undef BF16_OF

/* Rows [first, first + rows), row i times factor[i * factor_step]. */
static void NAMED(store_rows)(const REAL *from, int64_t stride, const REAL *factor, int64_t factor_step, int64_t rows,
                              int64_t columns, const matrix *m, int64_t first)
{
    int64_t step = row_bytes(m);
    char *to = element(m, first, 0);
    for (int64_t i = 0; i < rows; i++, to += step)
        NAMED(store_row)(from + i * stride, factor[i * factor_step], columns, to, m->dtype == VT_BF16, m->column);
}

static void NAMED(store)(const REAL *from, const REAL *factor, int64_t factor_step, int64_t rows, int64_t columns,
                         const matrix *m, int64_t first)
{
    NAMED(store_rows)(from, NAMED(stride_of)(columns), factor, factor_step, rows, columns, m, first);
}

/* -- Folding rows ------------------------------------------------------------------------------------------------ */

/* A number for each row of a tile, and what its rows come to lane by lane: lanes of all rows are folded at once. */
enum { TILE = (TILE_ROWS + LANES - 1) / LANES * LANES };
typedef REAL NAMED(of_rows)[TILE];
typedef REAL NAMED(of_lanes)[TILE][LANES];

#define EACH_LANE _Pragma("omp simd") for (int l = 0; l < LANES; l++)
#define EACH_ROW  _Pragma("omp simd") for (int r = 0; r < TILE; r++)

static inline REAL NAMED(larger)(REAL a, REAL b)
{
    return a > b ? a : b;
}

static void NAMED(largest_of_lanes)(NAMED(of_lanes) lanes, NAMED(of_rows) max)
{
    REAL turned[LANES][TILE];
    NAMED(transpose)(TILE, LANES, *lanes, LANES, *turned, TILE);
    EACH_ROW max[r] = turned[0][r];
    for (int l = 1; l < LANES; l++) EACH_ROW max[r] = NAMED(larger)(turned[l][r], max[r]);
}

static void NAMED(sum_of_lanes)(NAMED(of_lanes) lanes, NAMED(of_rows) sum)
{
    REAL turned[LANES][TILE];
    NAMED(transpose)(TILE, LANES, *lanes, LANES, *turned, TILE);
    EACH_ROW sum[r] = turned[0][r];
    for (int l = 1; l < LANES; l++) EACH_ROW sum[r] += turned[l][r];
}

/* -- Logits ------------------------------------------------------------------------------------------------------ */

static inline __attribute__((always_inline)) void NAMED(add_row)(const REAL *bias, int64_t stride, int64_t n, REAL *s)
{
    _Pragma("omp simd") for (int64_t j = 0; j < n; j++) s[j] += bias[j * stride];
}

/* By as many keys as a vector has numbers: one of bytes is longer than a window's row. */
static inline __attribute__((always_inline)) void NAMED(hide_row)(const uint8_t *mask, int64_t stride, int64_t n,
                                                                  REAL *s)
{
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) EACH_LANE s[j + l] = mask[(j + l) * stride] ? s[j + l] : -(REAL)INFINITY;
    for (; j < n; j++) s[j] = mask[j * stride] ? s[j] : -(REAL)INFINITY;
}

/* Bias and mask of query i, most of which lie key by key: then vectors of them are read. */
static void NAMED(adjust_row)(const visibility *v, const key_block *k, int64_t i, REAL *s)
{
    const REAL *bias = v->bias.data ? element(&v->bias, i, k->first) : NULL;
    const uint8_t *mask = v->mask.data ? element(&v->mask, i, k->first) : NULL;
    if (bias && v->bias.column == 1)
        NAMED(add_row)(bias, 1, k->count, s);
    else if (bias)
        NAMED(add_row)(bias, v->bias.column, k->count, s);
    if (mask && v->mask.column == 1)
        NAMED(hide_row)(mask, 1, k->count, s);
    else if (mask)
        NAMED(hide_row)(mask, v->mask.column, k->count, s);
}

/* Query i: what it does not see becomes -inf, and so does what fills up the last vector. */
static void NAMED(finish_row)(const visibility *v, const key_block *k, int64_t i, REAL *s)
{
    NAMED(adjust_row)(v, k, i, s);
    for (int64_t j = visible_keys(v, k, i); j < NAMED(whole)(k->count); j++) s[j] = -(REAL)INFINITY;
}

/* The logits of `rows` queries, of which the first is number i. */
static void NAMED(logits)(const heads *h, const visibility *v, const key_block *k, int64_t i, int64_t rows,
                          const REAL *q, const REAL *transposed_k, REAL *s, prefetch *prefetch)
{
    PRODUCT p = { rows, k->count, h->channels, .a = q, .b = transposed_k, .c = s, .prefetch = prefetch };
    p.a_stride = NAMED(stride_of)(h->channels);
    p.b_stride = p.c_stride = k->stride;
    NAMED(multiply)(&p);
    for (int64_t r = 0; r < rows; r++) NAMED(finish_row)(v, k, i + r, s + r * k->stride);
}

/* -- Dropout ------------------------------------------------------------------------------------------------------ */

static void NAMED(scales_of)(const uint32_t *words, uint32_t least_kept, REAL scale, int64_t n, REAL *kept)
{
    _Pragma("omp simd") for (int64_t j = 0; j < n; j++) kept[j] = words[j] >> 8 >= least_kept ? scale : 0;
}

/* What becomes of query i's weights of a block of keys: 0, or the scale. */
static void NAMED(find_kept)(const dropping *d, const key_block *k, int64_t i, drawn *last, REAL kept[KEY_BLOCK])
{
    const REAL scale = (REAL)d->scale;
    const int64_t element = d->first + i * d->keys + k->first;
    for (int64_t j = 0; j < k->count;) {
        const int64_t at = (element + j) % RANDOM_WORDS, n = least(k->count - j, RANDOM_WORDS - at);
        draw(d, element + j - at, last);
        NAMED(scales_of)(last->words + at, d->least_kept, scale, n, kept + j);
        j += n;
    }
}

static void NAMED(scale_row)(int64_t n, const REAL *factor, REAL *x)
{
    _Pragma("omp simd") for (int64_t j = 0; j < n; j++) x[j] *= factor[j];
}

/* Drops weights of `rows` queries, of which the first is number i. */
static void NAMED(drop)(const dropping *d, const key_block *k, int64_t i, int64_t rows, REAL *weights)
{
    REAL kept[KEY_BLOCK];
    drawn last = { .first = -1 };
    for (int64_t r = 0; d->random && r < rows; r++) {
        NAMED(find_kept)(d, k, i + r, &last, kept);
        NAMED(scale_row)(k->count, kept, weights + r * k->stride);
    }
}

/* -- Forward ----------------------------------------------------------------------------------------------------- */

typedef struct FORWARD {
    int64_t blocks, block;      /* of keys, and keys in one */
    REAL *k, *transposed_k, *v; /* of a block; of all, block after block; of all keys */
    REAL *q, *s, *y;            /* of a tile of queries */
    prefetch *prefetch;
} FORWARD;

static FORWARD NAMED(lay_out_forward)(const heads *h, SCRATCH *r)
{
    FORWARD f = { .blocks = parts_of(h->keys, KEY_BLOCK) };
    f.block = (h->keys + f.blocks - 1) / f.blocks;
    f.k = NAMED(take)(r, f.block, h->channels);
    f.transposed_k = NAMED(take)(r, f.blocks * NAMED(whole)(h->channels), f.block);
    f.v = NAMED(take)(r, h->keys, h->width);
    f.q = NAMED(take)(r, TILE_ROWS, h->channels);
    f.s = NAMED(take)(r, TILE_ROWS, f.block);
    f.y = NAMED(take)(r, TILE_ROWS, h->width);
    return f;
}

static size_t NAMED(forward_scratch)(const heads *h)
{
    SCRATCH r = { .memory = NULL };
    NAMED(lay_out_forward)(h, &r);
    return (size_t)r.used * sizeof(REAL);
}

/* A block of the first `keys` keys. */
static key_block NAMED(forward_block)(const FORWARD *f, int64_t b, int64_t keys)
{
    int64_t first = b * f->block;
    return (key_block){ first, most(0, least(f->block, keys - first)), NAMED(stride_of)(f->block) };
}

static REAL *NAMED(transposed_block)(const heads *h, const FORWARD *f, int64_t b)
{
    return f->transposed_k + b * NAMED(whole)(h->channels) * NAMED(stride_of)(f->block);
}

static void NAMED(load_keys)(const heads *h, const forward_head *m, const FORWARD *f)
{
    for (int64_t b = 0; b < f->blocks; b++) {
        key_block k = NAMED(forward_block)(f, b, h->keys);
        NAMED(load)(&m->k, k.first, k.count, h->channels, 1, f->k);
        NAMED(transpose)
        (k.count, h->channels, f->k, NAMED(stride_of)(h->channels), NAMED(transposed_block)(h, f, b), k.stride);
    }
    NAMED(load)(&m->v, 0, h->keys, h->width, 1, f->v);
}

/* Of each query of a tile: the largest logit so far, the sum of the weights, which are relative to that, and what
 * weights that were summed up before the last block are to be multiplied by. */
typedef struct SOFTMAX {
    NAMED(of_rows) max, sum, factor;
} SOFTMAX;

/* Takes in n logits, in whole vectors, of each row; `shift` is what their weights are relative to. */
static void NAMED(find_largest)(SOFTMAX *w, int64_t rows, int64_t n, const REAL *s, int64_t stride,
                                NAMED(of_rows) shift)
{
    NAMED(of_lanes) lanes = { 0 };
    NAMED(of_rows) max;
    for (int64_t i = 0; i < rows; i++) {
        EACH_LANE lanes[i][l] = -(REAL)INFINITY;
        for (int64_t j = 0; j < n; j += LANES)
            EACH_LANE lanes[i][l] = NAMED(larger)(s[i * stride + j + l], lanes[i][l]);
    }
    NAMED(largest_of_lanes)(lanes, max);
    EACH_ROW
    {
        max[r] = NAMED(larger)(max[r], w->max[r]);
        shift[r] = max[r] == -(REAL)INFINITY ? 0 : max[r];
        w->factor[r] = NAMED(exp_below_zero)(w->max[r] - shift[r]);
        w->max[r] = max[r];
    }
}

/* Turns them into weights. */
static void NAMED(soften)(SOFTMAX *w, int64_t rows, int64_t n, REAL *s, int64_t stride)
{
    NAMED(of_lanes) lanes = { 0 };
    NAMED(of_rows) shift, sum;
    NAMED(find_largest)(w, rows, n, s, stride, shift);
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < n; j += LANES) {
            REAL *weight = s + i * stride + j;
            EACH_LANE
            {
                weight[l] = NAMED(exp_below_zero)(weight[l] - shift[i]);
                lanes[i][l] += weight[l];
            }
        }
    }
    NAMED(sum_of_lanes)(lanes, sum);
    EACH_ROW w->sum[r] = w->sum[r] * w->factor[r] + sum[r];
}

/* Adds what `rows` queries, of which the first is number i, take from a block of keys to y. */
static void NAMED(attend)(const heads *h, const forward_head *m, const key_block *k, const REAL *transposed_k,
                          const FORWARD *f, int64_t i, int64_t rows, SOFTMAX *w)
{
    int64_t stride = NAMED(stride_of)(h->width);
    NAMED(logits)(h, &m->visibility, k, i, rows, f->q, transposed_k, f->s, f->prefetch);
    NAMED(soften)(w, rows, NAMED(whole)(k->count), f->s, k->stride);
    NAMED(drop)(&m->dropping, k, i, rows, f->s);
    for (int64_t r = 0; k->first && r < rows; r++)
        for (int64_t e = 0; e < h->width; e++) f->y[r * stride + e] *= w->factor[r];
    PRODUCT p = {
        rows, h->width, k->count, .a = f->s, .b = f->v + k->first * stride, .c = f->y, .prefetch = f->prefetch
    };
    p.a_stride = k->stride;
    p.b_stride = p.c_stride = stride;
    p.add = k->first > 0;
    NAMED(multiply)(&p);
}

/* log sum and 1 / sum; zeros where the query sees no key */
static void NAMED(row_results)(const SOFTMAX *w, NAMED(of_rows) logsumexp, NAMED(of_rows) factor)
{
    EACH_ROW
    {
        logsumexp[r] = w->sum[r] == 0 ? 0 : w->max[r] + NAMED(log)(w->sum[r]);
        factor[r] = w->sum[r] == 0 ? 0 : 1 / w->sum[r];
    }
}

static void NAMED(store_queries)(const heads *h, const forward_head *m, const FORWARD *f, const SOFTMAX *w, int64_t i,
                                 int64_t rows)
{
    NAMED(of_rows) logsumexp, factor;
    NAMED(row_results)(w, logsumexp, factor);
    NAMED(store)(f->y, factor, 1, rows, h->width, &m->y, i);
    for (int64_t r = 0; r < rows; r++) *(REAL *)element(&m->logsumexp, i + r, 0) = logsumexp[r];
}

/* Queries [first, end) of a head, a tile at a time. */
static void NAMED(forward)(const kernel_call *call, const heads *h, int64_t head, int64_t first, int64_t end,
                           void *memory)
{
    FORWARD f = NAMED(lay_out_forward)(h, &(SCRATCH){ .memory = memory });
    forward_head m = forward_head_of(call, h, head);
    prefetch soon = forward_prefetch(call, h, head, &m, first, end, TILE_ROWS * TILE_VECTORS * LANES);
    f.prefetch = &soon;
    NAMED(load_keys)(h, &m, &f);
    int64_t tiles = parts_of(end - first, TILE_ROWS);
    for (int64_t t = 0; t < tiles; t++) {
        int64_t i = first + (end - first) * t / tiles, rows = first + (end - first) * (t + 1) / tiles - i;
        int64_t visible = h->causal ? least(h->keys, i + rows) : h->keys;
        SOFTMAX w = { .sum = { 0 } };
        EACH_ROW w.max[r] = -(REAL)INFINITY;
        NAMED(load)(&m.q, i, rows, h->channels, (REAL)h->scale, f.q);
        for (int64_t b = 0; b == 0 || b * f.block < visible; b++) {
            key_block k = NAMED(forward_block)(&f, b, visible);
            NAMED(attend)(h, &m, &k, NAMED(transposed_block)(h, &f, b), &f, i, rows, &w);
        }
        NAMED(store_queries)(h, &m, &f, &w, i, rows);
    }
}

/* -- Backward ---------------------------------------------------------------------------------------------------- */

typedef struct BACKWARD {
    int64_t key_blocks, key_block, query_blocks, query_block;
    REAL *k, *transposed_k, *v, *transposed_v, *dk, *dv; /* of a block of keys */
    REAL *q, *g, *weights, *dlogits;                     /* of a block of queries */
    REAL *y;                                             /* of a tile of queries */
    REAL *dq;                                            /* of all queries */
    prefetch *prefetch;
} BACKWARD;

static BACKWARD NAMED(lay_out_backward)(const heads *h, SCRATCH *r)
{
    BACKWARD w = { .key_blocks = parts_of(h->keys, KEY_BLOCK), .query_blocks = parts_of(h->queries, QUERY_BLOCK) };
    w.key_block = (h->keys + w.key_blocks - 1) / w.key_blocks;
    w.query_block = (h->queries + w.query_blocks - 1) / w.query_blocks;
    w.k = NAMED(take)(r, w.key_block, h->channels);
    w.transposed_k = NAMED(take)(r, h->channels, w.key_block);
    w.v = NAMED(take)(r, w.key_block, h->width);
    w.transposed_v = NAMED(take)(r, h->width, w.key_block);
    w.dk = NAMED(take)(r, w.key_block, h->channels);
    w.dv = NAMED(take)(r, w.key_block, h->width);
    w.q = NAMED(take)(r, w.query_block, h->channels);
    w.g = NAMED(take)(r, w.query_block, h->width);
    w.weights = NAMED(take)(r, w.query_block, w.key_block);
    w.dlogits = NAMED(take)(r, w.query_block, w.key_block);
    w.y = NAMED(take)(r, TILE_ROWS, h->width);
    w.dq = NAMED(take)(r, h->queries, h->channels);
    return w;
}

static size_t NAMED(backward_scratch)(const heads *h)
{
    SCRATCH r = { .memory = NULL };
    NAMED(lay_out_backward)(h, &r);
    return (size_t)r.used * sizeof(REAL);
}

/* The mean of the gradients of a query's weights, by the weights: Σ g y, of rows in whole vectors. */
static void NAMED(mean_of)(int64_t rows, int64_t columns, const REAL *g, const REAL *y, int64_t stride,
                           NAMED(of_rows) mean)
{
    NAMED(of_lanes) lanes = { 0 };
    for (int64_t i = 0; i < rows; i++)
        for (int64_t e = 0; e < columns; e += LANES)
            EACH_LANE lanes[i][l] += g[i * stride + e + l] * y[i * stride + e + l];
    NAMED(sum_of_lanes)(lanes, mean);
}

/* weights = e^(logits - logsumexp), dlogits = weights (dweights - mean), of n keys in whole vectors: each in the place
 * of what it is computed from. */
static void NAMED(weigh_row)(int64_t n, REAL logsumexp, REAL mean, REAL *weights, REAL *dlogits)
{
    _Pragma("omp simd") for (int64_t j = 0; j < n; j++)
    {
        weights[j] = NAMED(exp_below_zero)(weights[j] - logsumexp);
        dlogits[j] = weights[j] * (dlogits[j] - mean);
    }
}

/* The same of `rows` queries, of which the first is number i. What is dropped of the weights is dropped of the
 * gradients of weights, and of the weights once the gradients of logits are there. */
static void NAMED(weigh_rows)(const backward_head *m, const key_block *k, int64_t i, int64_t rows, const REAL *mean,
                              REAL *weights, REAL *dlogits)
{
    const dropping *d = &m->dropping;
    REAL kept[KEY_BLOCK];
    drawn last = { .first = -1 };
    for (int64_t r = 0; r < rows; r++, weights += k->stride, dlogits += k->stride) {
        if (d->random) NAMED(find_kept)(d, k, i + r, &last, kept);
        if (d->random) NAMED(scale_row)(k->count, kept, dlogits);
        NAMED(weigh_row)
        (NAMED(whole)(k->count), *(const REAL *)element(&m->logsumexp, i + r, 0), mean[r], weights, dlogits);
        if (d->random) NAMED(scale_row)(k->count, kept, weights);
    }
}

/* Weights and dlogits of `rows` queries from number `row` of a block of which the first is number `first`. */
static void NAMED(weigh)(const heads *h, const backward_head *m, const key_block *k, const BACKWARD *w, int64_t first,
                         int64_t row, int64_t rows)
{
    REAL *weights = w->weights + row * k->stride, *dlogits = w->dlogits + row * k->stride;
    const REAL *q = w->q + row * NAMED(stride_of)(h->channels), *g = w->g + row * NAMED(stride_of)(h->width);
    NAMED(of_rows) mean;
    NAMED(logits)(h, &m->visibility, k, first + row, rows, q, w->transposed_k, weights, w->prefetch);
    PRODUCT p = { rows, k->count, h->width, .a = g, .b = w->transposed_v, .c = dlogits, .prefetch = w->prefetch };
    p.a_stride = NAMED(stride_of)(h->width);
    p.b_stride = p.c_stride = k->stride;
    NAMED(multiply)(&p);
    NAMED(load)(&m->y, first + row, rows, h->width, 1, w->y);
    NAMED(mean_of)(rows, h->width, g, w->y, NAMED(stride_of)(h->width), mean);
    NAMED(weigh_rows)(m, k, first + row, rows, mean, weights, dlogits);
}

/* dv += weightsᵀ g, dk += dlogitsᵀ q, dq += dlogits k, for queries [first, first + count) */
static void NAMED(add_gradients)(const heads *h, const key_block *k, const BACKWARD *w, int64_t first, int64_t count)
{
    int64_t channels = NAMED(stride_of)(h->channels), width = NAMED(stride_of)(h->width);
    PRODUCT dv = { k->count, h->width, count, .a = w->weights, .b = w->g, .c = w->dv, .add = first > 0 };
    PRODUCT dk = { k->count, h->channels, count, .a = w->dlogits, .b = w->q, .c = w->dk, .add = first > 0 };
    PRODUCT dq = { count, h->channels, k->count, .a = w->dlogits, .b = w->k, .add = k->first > 0 };
    dv.prefetch = dk.prefetch = dq.prefetch = w->prefetch;
    dq.c = w->dq + first * channels;
    dv.a_stride = dk.a_stride = dq.a_stride = k->stride;
    dv.b_stride = dv.c_stride = width;
    dk.b_stride = dk.c_stride = dq.b_stride = dq.c_stride = channels;
    NAMED(multiply_transposed)(&dv);
    NAMED(multiply_transposed)(&dk);
    NAMED(multiply)(&dq);
}

static void NAMED(load_block)(const heads *h, const backward_head *m, const key_block *k, const BACKWARD *w)
{
    NAMED(load)(&m->k, k->first, k->count, h->channels, 1, w->k);
    NAMED(load)(&m->v, k->first, k->count, h->width, 1, w->v);
    NAMED(transpose)(k->count, h->channels, w->k, NAMED(stride_of)(h->channels), w->transposed_k, k->stride);
    NAMED(transpose)(k->count, h->width, w->v, NAMED(stride_of)(h->width), w->transposed_v, k->stride);
}

/* dbias += dlogits of queries [first, first + count); rows or columns that the bias repeats are summed up. */
static void NAMED(add_logits)(const matrix *dbias, const key_block *k, const REAL *dlogits, int64_t first,
                              int64_t count)
{
    for (int64_t i = 0; i < count; i++, dlogits += k->stride) {
        REAL *to = element(dbias, first + i, k->first), sum = 0;
        if (dbias->column == 1)
            for (int64_t j = 0; j < k->count; j++) to[j] += dlogits[j];
        else
            for (int64_t j = 0; j < k->count; j++) sum += dlogits[j];
        if (dbias->column == 0) to[0] += sum;
    }
}

static void NAMED(backward_block)(const heads *h, const backward_head *m, const key_block *k, const BACKWARD *w)
{
    const REAL one = 1;
    NAMED(load_block)(h, m, k, w);
    for (int64_t b = 0; b < w->query_blocks; b++) {
        int64_t first = b * w->query_block, count = most(0, least(w->query_block, h->queries - first));
        int64_t tiles = parts_of(count, TILE_ROWS);
        NAMED(load)(&m->q, first, count, h->channels, (REAL)h->scale, w->q);
        NAMED(load)(&m->g, first, count, h->width, 1, w->g);
        for (int64_t t = 0; t < tiles; t++) {
            int64_t row = count * t / tiles;
            NAMED(weigh)(h, m, k, w, first, row, count * (t + 1) / tiles - row);
        }
        NAMED(add_gradients)(h, k, w, first, count);
        if (m->dbias.data) NAMED(add_logits)(&m->dbias, k, w->dlogits, first, count);
    }
    NAMED(store)(w->dk, &one, 0, k->count, h->channels, &m->dk, k->first); /* q came with the scale in it */
    NAMED(store)(w->dv, &one, 0, k->count, h->width, &m->dv, k->first);
}

static void NAMED(backward)(const kernel_call *call, const heads *h, const turn *t, void *memory)
{
    BACKWARD w = NAMED(lay_out_backward)(h, &(SCRATCH){ .memory = memory });
    backward_head m = backward_head_of(call, h, t->head);
    prefetch soon = backward_prefetch(call, h, t->next, &m, TILE_ROWS * TILE_VECTORS * LANES);
    const REAL scale = (REAL)h->scale;
    w.prefetch = &soon;
    m.dbias = t->dbias;
    for (int64_t b = 0; b < w.key_blocks; b++) {
        int64_t first = b * w.key_block;
        key_block k = { first, most(0, least(w.key_block, h->keys - first)), NAMED(stride_of)(w.key_block) };
        NAMED(backward_block)(h, &m, &k, &w);
    }
    NAMED(store)(w.dq, &scale, 0, h->queries, h->channels, &m.dq, 0);
}

/* The gradient of a bias from its parts. */
static void NAMED(add_slices)(const REAL *sums, int64_t slices, const array *out)
{
    int64_t count = vt_shape_count(out->shape);
    for (int64_t i = 0; i < count; i++) {
        REAL sum = 0;
        for (int64_t s = 0; s < slices; s++) sum += sums[s * count + i];
        ((REAL *)out->data)[array_offset(out, i)] = sum;
    }
}

#undef LANES
#undef TILE
#undef SCRATCH
#undef PRODUCT
#undef SOFTMAX
#undef FORWARD
#undef BACKWARD
#undef EACH_LANE
#undef EACH_ROW
