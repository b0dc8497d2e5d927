/* attention_bf16.h - attention.c's functions for bf16 operands on processors with a matrix unit: the products are
 * those of bf16, for which weights and gradients of logits are rounded to it; all else is f32. */

/* -- Matrices in scratch memory ---------------------------------------------------------------------------------- */

enum { PAIRED = 2 * MATRIX_SIDE }; /* elements of a row of a matrix of the unit */

/* Extents that may be one of depth are filled up to this, others to whole_f32, which is a matrix too. */
static int64_t padded(int64_t extent)
{
    return divide_up(extent, PAIRED) * PAIRED;
}

/* Rows of bf16 elements; words of two rows each, which b of a product is made of; rows of sums. */
typedef struct bf16_rows {
    uint16_t *at;
    int64_t stride;
} bf16_rows;

typedef struct panel {
    word *at;
    int64_t stride;
} panel;

typedef struct floats {
    float *at;
    int64_t stride;
} floats;

static void *take_words(scratch_layout_f32 *r, int64_t rows, int64_t stride)
{
    float *taken = r->memory ? r->memory + r->used : NULL;
    r->used += rows * stride;
    return taken;
}

static bf16_rows take_bf16(scratch_layout_f32 *r, int64_t rows, int64_t columns)
{
    int64_t words = stride_of_f32(padded(columns) / 2);
    return (bf16_rows){ take_words(r, padded(rows), words), 2 * words };
}

static panel take_panel(scratch_layout_f32 *r, int64_t depth, int64_t columns)
{
    int64_t stride = stride_of_f32(padded(columns));
    return (panel){ take_words(r, padded(depth) / 2, stride), stride };
}

static floats take_floats(scratch_layout_f32 *r, int64_t rows, int64_t columns)
{
    int64_t stride = stride_of_f32(padded(columns));
    return (floats){ take_words(r, padded(rows), stride), stride };
}

/* Rows [first, first + rows), and zeros after and beside them. */
static void load_bf16(const matrix *m, int64_t first, int64_t rows, int64_t columns, bf16_rows to)
{
    uint16_t *row = to.at;
    for (int64_t i = 0; i < rows; i++, row += to.stride) {
        const void *from = element(m, first + i, 0);
        if (m->dtype == VT_BF16 && m->column == 1)
            memcpy(row, from, (size_t)columns * sizeof *row);
        else if (m->dtype == VT_BF16)
            for (int64_t j = 0; j < columns; j++) row[j] = ((const uint16_t *)from)[j * m->column];
        else
            for (int64_t j = 0; j < columns; j++) row[j] = bf16_of_f32(((const float *)from)[j * m->column]);
        for (int64_t j = columns; j < padded(columns); j++) row[j] = 0;
    }
    for (int64_t i = rows; i < padded(rows); i++, row += to.stride)
        memset(row, 0, (size_t)padded(columns) * sizeof *row);
}

/* Rounds rows; zeros come after and beside them. */
static void narrow(floats from, int64_t rows, int64_t columns, bf16_rows to)
{
    for (int64_t i = 0; i < padded(rows); i++) {
        uint16_t *row = to.at + i * to.stride;
        const float *x = from.at + i * from.stride;
        if (i < rows) narrow_sums_f32(x, whole_f32(columns), row);
        int64_t filled = i < rows ? whole_f32(columns) : 0;
        memset(row + filled, 0, (size_t)(padded(columns) - filled) * sizeof *row);
    }
}

static void make_panel(bf16_rows from, int64_t rows, int64_t columns, panel to)
{
    bf16_interleave(from.at, from.stride, padded(rows) / 2, whole_f32(columns), to.at, to.stride);
}

/* Of the transpose of [rows, columns]. */
static void make_transposed_panel(bf16_rows from, int64_t rows, int64_t columns, panel to)
{
    bf16_transpose((const word *)(const void *)from.at, from.stride / 2, whole_f32(rows), padded(columns) / 2, to.at,
                   to.stride);
}

/* The transpose of [rows, columns], by way of its panel. */
static void transpose_bf16(bf16_rows from, int64_t rows, int64_t columns, panel between, bf16_rows to)
{
    make_panel(from, rows, columns, between);
    bf16_transpose(between.at, between.stride, padded(rows) / 2, whole_f32(columns), (word *)(void *)to.at,
                   to.stride / 2);
}

/* c [rows, columns] = a [rows, depth] b [depth, columns], or is added to c. */
static void multiply_bf16(bf16_rows a, panel b, floats c, int64_t rows, int64_t columns, int64_t depth, bool add,
                          prefetch *prefetch)
{
    bf16_multiply(&(bf16_product){ .rows = rows,
                                   .columns = whole_f32(columns),
                                   .words = padded(depth) / 2,
                                   .a = (const word *)(const void *)a.at,
                                   .a_stride = a.stride / 2,
                                   .b = b.at,
                                   .b_stride = b.stride,
                                   .c = c.at,
                                   .c_stride = c.stride,
                                   .add = add,
                                   .prefetch = prefetch });
}

static floats sums_of(floats x, int64_t first)
{
    return (floats){ x.at + first * x.stride, x.stride };
}

/* The logits of `rows` queries, of which the first is number i, from the products of q and k. */
static void finish_logits(const heads *h, const visibility *v, const key_block *k, int64_t i, int64_t rows, floats s)
{
    const float scale = (float)h->scale;
    for (int64_t r = 0; r < rows; r++) {
        float *row = s.at + r * s.stride;
        for (int64_t j = 0; j < k->count; j++) row[j] *= scale;
        finish_row_f32(v, k, i + r, row);
    }
}

/* -- Forward ----------------------------------------------------------------------------------------------------- */

_Static_assert((int)TILE_f32 >= (int)MATRIX_SIDE, "a number for each row of a matrix");

typedef struct forward_bf16 {
    int64_t blocks, block; /* of keys, and keys in one */
    bf16_rows rows;        /* of k or v, before they are panels */
    panel k, v;            /* of all blocks, one after the other: of the transpose of k, and of v */
    bf16_rows q, weights;  /* of a tile of queries */
    floats s, y;           /* of a tile of queries */
    prefetch *prefetch;
} forward_bf16;

static forward_bf16 lay_out_forward_bf16(const heads *h, scratch_layout_f32 *r)
{
    forward_bf16 f = { .blocks = parts_of(h->keys, KEY_BLOCK) };
    f.block = divide_up(h->keys, f.blocks);
    f.rows = take_bf16(r, f.block, most(h->channels, h->width));
    f.k = take_panel(r, f.blocks * padded(h->channels), f.block);
    f.v = take_panel(r, f.blocks * padded(f.block), h->width);
    f.q = take_bf16(r, MATRIX_SIDE, h->channels);
    f.weights = take_bf16(r, MATRIX_SIDE, f.block);
    f.s = take_floats(r, MATRIX_SIDE, f.block);
    f.y = take_floats(r, MATRIX_SIDE, h->width);
    return f;
}

static size_t forward_bf16_scratch(const heads *h)
{
    scratch_layout_f32 r = { .memory = NULL };
    lay_out_forward_bf16(h, &r);
    return (size_t)r.used * sizeof(float);
}

/* Block b of the first `keys` keys. */
static key_block block_of_keys(const forward_bf16 *f, int64_t b, int64_t keys)
{
    int64_t first = b * f->block;
    return (key_block){ first, most(0, least(f->block, keys - first)), f->s.stride };
}

static panel panel_of_keys(const heads *h, const forward_bf16 *f, int64_t b)
{
    return (panel){ f->k.at + b * padded(h->channels) / 2 * f->k.stride, f->k.stride };
}

static panel panel_of_values(const forward_bf16 *f, int64_t b)
{
    return (panel){ f->v.at + b * padded(f->block) / 2 * f->v.stride, f->v.stride };
}

static void load_key_panels(const heads *h, const forward_head *m, const forward_bf16 *f)
{
    for (int64_t b = 0; b < f->blocks; b++) {
        key_block k = block_of_keys(f, b, h->keys);
        load_bf16(&m->k, k.first, k.count, h->channels, f->rows);
        make_transposed_panel(f->rows, k.count, h->channels, panel_of_keys(h, f, b));
        load_bf16(&m->v, k.first, k.count, h->width, f->rows);
        make_panel(f->rows, k.count, h->width, panel_of_values(f, b));
    }
}

/* As attend_f32. */
static void attend_bf16(const heads *h, const forward_head *m, const key_block *k, int64_t b, const forward_bf16 *f,
                        int64_t i, int64_t rows, softmax_f32 *w)
{
    multiply_bf16(f->q, panel_of_keys(h, f, b), f->s, rows, k->count, h->channels, false, f->prefetch);
    finish_logits(h, &m->visibility, k, i, rows, f->s);
    soften_f32(w, rows, whole_f32(k->count), f->s.at, f->s.stride);
    drop_f32(&m->dropping, k, i, rows, f->s.at);
    for (int64_t r = 0; b > 0 && r < rows; r++)
        for (int64_t e = 0; e < h->width; e++) f->y.at[r * f->y.stride + e] *= w->factor[r];
    narrow(f->s, rows, k->count, f->weights);
    multiply_bf16(f->weights, panel_of_values(f, b), f->y, rows, h->width, k->count, b > 0, f->prefetch);
}

/* As store_queries_f32. */
static void store_queries_bf16(const heads *h, const forward_head *m, const forward_bf16 *f, const softmax_f32 *w,
                               int64_t i, int64_t rows)
{
    of_rows_f32 logsumexp, factor;
    row_results_f32(w, logsumexp, factor);
    store_rows_f32(f->y.at, f->y.stride, factor, 1, rows, h->width, &m->y, i);
    for (int64_t r = 0; r < rows; r++) *(float *)element(&m->logsumexp, i + r, 0) = logsumexp[r];
}

static void forward_bf16_of(const kernel_call *call, const heads *h, int64_t head, int64_t first, int64_t end,
                            void *memory)
{
    forward_bf16 f = lay_out_forward_bf16(h, &(scratch_layout_f32){ .memory = memory });
    forward_head m = forward_head_of(call, h, head);
    prefetch soon = forward_prefetch(call, h, head, &m, first, end, MATRIX_SIDE * PAIRED);
    f.prefetch = &soon;
    matrix_unit_begin();
    load_key_panels(h, &m, &f);
    for (int64_t i = first; i < end; i += MATRIX_SIDE) {
        int64_t rows = least(MATRIX_SIDE, end - i), visible = h->causal ? least(h->keys, i + rows) : h->keys;
        softmax_f32 w = { .sum = { 0 } };
        for (int r = 0; r < TILE_f32; r++) w.max[r] = -INFINITY;
        load_bf16(&m.q, i, rows, h->channels, f.q);
        for (int64_t b = 0; b == 0 || b * f.block < visible; b++) {
            key_block k = block_of_keys(&f, b, visible);
            attend_bf16(h, &m, &k, b, &f, i, rows, &w);
        }
        store_queries_bf16(h, &m, &f, &w, i, rows);
    }
    matrix_unit_end();
}

/* -- Backward ---------------------------------------------------------------------------------------------------- */

typedef struct backward_bf16 {
    int64_t key_blocks, key_block, query_blocks, query_block;
    bf16_rows key_rows;                  /* k or v, before they are panels */
    panel k, transposed_k, transposed_v; /* of a block of keys */
    bf16_rows q, g;                      /* of a block of queries */
    panel q_panel, g_panel;              /* of the same */
    floats s, ds;                        /* logits, then weights; gradients of weights, then of logits */
    bf16_rows weights, dlogits, turned;  /* the same, rounded; one of them transposed */
    panel between;                       /* on the way there */
    floats g_rows, y;                    /* of a few queries */
    floats dq, dk, dv;                   /* of all queries; of a block of keys */
    prefetch *prefetch;
} backward_bf16;

static backward_bf16 lay_out_backward_bf16(const heads *h, scratch_layout_f32 *r)
{
    backward_bf16 w = { .key_blocks = parts_of(h->keys, KEY_BLOCK), .query_blocks = parts_of(h->queries, QUERY_BLOCK) };
    int64_t keys = w.key_block = divide_up(h->keys, w.key_blocks);
    int64_t queries = w.query_block = divide_up(h->queries, w.query_blocks);
    w.key_rows = take_bf16(r, keys, most(h->channels, h->width));
    w.k = take_panel(r, keys, h->channels);
    w.transposed_k = take_panel(r, h->channels, keys);
    w.transposed_v = take_panel(r, h->width, keys);
    w.q = take_bf16(r, queries, h->channels);
    w.g = take_bf16(r, queries, h->width);
    w.q_panel = take_panel(r, queries, h->channels);
    w.g_panel = take_panel(r, queries, h->width);
    w.s = take_floats(r, queries, keys);
    w.ds = take_floats(r, queries, keys);
    w.weights = take_bf16(r, queries, keys);
    w.dlogits = take_bf16(r, queries, keys);
    w.turned = take_bf16(r, keys, queries);
    w.between = take_panel(r, queries, keys);
    w.g_rows = take_floats(r, MATRIX_SIDE, h->width);
    w.y = take_floats(r, MATRIX_SIDE, h->width);
    w.dq = take_floats(r, w.query_blocks * padded(queries), h->channels);
    w.dk = take_floats(r, keys, h->channels);
    w.dv = take_floats(r, keys, h->width);
    return w;
}

static size_t backward_bf16_scratch(const heads *h)
{
    scratch_layout_f32 r = { .memory = NULL };
    lay_out_backward_bf16(h, &r);
    return (size_t)r.used * sizeof(float);
}

/* As weigh_f32, of up to 16 queries from number `row` of a block on, of which the first is number `first`. */
static void weigh_bf16(const heads *h, const backward_head *m, const key_block *k, const backward_bf16 *w,
                       int64_t first, int64_t row, int64_t rows)
{
    floats s = sums_of(w->s, row), ds = sums_of(w->ds, row);
    of_rows_f32 mean;
    finish_logits(h, &m->visibility, k, first + row, rows, s);
    load_rows_f32(&m->g, first + row, rows, h->width, 1, w->g_rows.at, w->g_rows.stride);
    load_rows_f32(&m->y, first + row, rows, h->width, 1, w->y.at, w->y.stride);
    mean_of_f32(rows, h->width, w->g_rows.at, w->y.at, w->y.stride, mean);
    weigh_rows_f32(m, k, first + row, rows, mean, s.at, ds.at);
}

static void load_block_bf16(const heads *h, const backward_head *m, const key_block *k, const backward_bf16 *w)
{
    load_bf16(&m->k, k->first, k->count, h->channels, w->key_rows);
    make_panel(w->key_rows, k->count, h->channels, w->k);
    make_transposed_panel(w->key_rows, k->count, h->channels, w->transposed_k);
    load_bf16(&m->v, k->first, k->count, h->width, w->key_rows);
    make_transposed_panel(w->key_rows, k->count, h->width, w->transposed_v);
}

static void load_queries_bf16(const heads *h, const backward_head *m, int64_t first, int64_t count,
                              const backward_bf16 *w)
{
    load_bf16(&m->q, first, count, h->channels, w->q);
    load_bf16(&m->g, first, count, h->width, w->g);
    make_panel(w->q, count, h->channels, w->q_panel);
    make_panel(w->g, count, h->width, w->g_panel);
}

/* dv += weightsᵀ g, dk += dlogitsᵀ q, dq += dlogits k, for block b of queries, of `count` */
static void add_gradients_bf16(const heads *h, const key_block *k, const backward_bf16 *w, int64_t b, int64_t count)
{
    floats dq = sums_of(w->dq, b * padded(w->query_block));
    narrow(w->s, count, k->count, w->weights);
    narrow(w->ds, count, k->count, w->dlogits);
    transpose_bf16(w->weights, count, k->count, w->between, w->turned);
    multiply_bf16(w->turned, w->g_panel, w->dv, k->count, h->width, count, b > 0, w->prefetch);
    transpose_bf16(w->dlogits, count, k->count, w->between, w->turned);
    multiply_bf16(w->turned, w->q_panel, w->dk, k->count, h->channels, count, b > 0, w->prefetch);
    multiply_bf16(w->dlogits, w->k, dq, count, h->channels, k->count, k->first > 0, w->prefetch);
}

static void backward_block_bf16(const heads *h, const backward_head *m, const key_block *k, const backward_bf16 *w)
{
    const float one = 1, scale = (float)h->scale;
    load_block_bf16(h, m, k, w);
    for (int64_t b = 0; b < w->query_blocks; b++) {
        int64_t first = b * w->query_block, count = most(0, least(w->query_block, h->queries - first));
        load_queries_bf16(h, m, first, count, w);
        multiply_bf16(w->q, w->transposed_k, w->s, count, k->count, h->channels, false, w->prefetch);
        multiply_bf16(w->g, w->transposed_v, w->ds, count, k->count, h->width, false, w->prefetch);
        for (int64_t row = 0; row < count; row += MATRIX_SIDE)
            weigh_bf16(h, m, k, w, first, row, least(MATRIX_SIDE, count - row));
        add_gradients_bf16(h, k, w, b, count);
    }
    store_rows_f32(w->dk.at, w->dk.stride, &scale, 0, k->count, h->channels, &m->dk, k->first);
    store_rows_f32(w->dv.at, w->dv.stride, &one, 0, k->count, h->width, &m->dv, k->first);
}

static void backward_bf16_of(const kernel_call *call, const heads *h, const turn *t, void *memory)
{
    backward_bf16 w = lay_out_backward_bf16(h, &(scratch_layout_f32){ .memory = memory });
    backward_head m = backward_head_of(call, h, t->head);
    prefetch soon = backward_prefetch(call, h, t->next, &m, PAIRED * PAIRED);
    const float scale = (float)h->scale;
    w.prefetch = &soon;
    matrix_unit_begin();
    for (int64_t b = 0; b < w.key_blocks; b++) {
        int64_t first = b * w.key_block;
        key_block k = { first, most(0, least(w.key_block, h->keys - first)), w.s.stride };
        backward_block_bf16(h, &m, &k, &w);
    }
    for (int64_t b = 0; b < w.query_blocks; b++) {
        int64_t first = b * w.query_block, count = most(0, least(w.query_block, h->queries - first));
        store_rows_f32(sums_of(w.dq, b * padded(w.query_block)).at, w.dq.stride, &scale, 0, count, h->channels, &m.dq,
                       first);
    }
    matrix_unit_end();
}
