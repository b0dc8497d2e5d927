/* test_einsum.c - sums of products against loops over all axes. (What is refused is among the samples in
 * cases/einops.c.)
 */
#include "cases/case.h"
#include <criterion/criterion.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

enum { MAX_TENSORS = 4, MAX_COUNT = 4096 };

typedef struct sum {
    const char *pattern; /* as vt_einsum gets it */
    const char *loops;   /* the same with a letter for each axis, and a right side */
    int count;
    vt_shape shape[MAX_TENSORS];
} sum;

#define SHAPE(...) SAMPLE_SHAPE_(__VA_ARGS__)

static const sum sums[] = {
    { "ij,jk->ik", "ij,jk->ik", 2, { SHAPE(3, 4), SHAPE(4, 5) } },
    { "ij,jk", "ij,jk->ik", 2, { SHAPE(3, 4), SHAPE(4, 5) } },
    { "ba", "ba->ab", 1, { SHAPE(3, 4) } },
    { "bA", "bA->Ab", 1, { SHAPE(3, 4) } },
    { " i j , j k -> k i ", "ij,jk->ki", 2, { SHAPE(3, 4), SHAPE(4, 5) } },
    { "ji,kj->ik", "ji,kj->ik", 2, { SHAPE(4, 3), SHAPE(5, 4) } },
    { "ij,kj->ik", "ij,kj->ik", 2, { SHAPE(3, 4), SHAPE(5, 4) } },
    { "ji,jk->ki", "ji,jk->ki", 2, { SHAPE(4, 3), SHAPE(4, 5) } },
    { "bij,bjk->bik", "bij,bjk->bik", 2, { SHAPE(2, 3, 4), SHAPE(2, 4, 5) } },
    { "ibj,jkb->kbi", "ibj,jkb->kbi", 2, { SHAPE(3, 2, 4), SHAPE(4, 5, 2) } },
    { "bhqd,bhkd->bhqk", "bhqd,bhkd->bhqk", 2, { SHAPE(2, 3, 4, 5), SHAPE(2, 3, 6, 5) } },
    { "bqhd,bkhd->bhqk", "bqhd,bkhd->bhqk", 2, { SHAPE(2, 4, 3, 5), SHAPE(2, 6, 3, 5) } },
    { "bhqk,bkhd->bqhd", "bhqk,bkhd->bqhd", 2, { SHAPE(2, 3, 4, 6), SHAPE(2, 6, 3, 5) } },
    { "abcd,dcef->abef", "abcd,dcef->abef", 2, { SHAPE(2, 3, 4, 5), SHAPE(5, 4, 2, 3) } },
    { "abcd,cbe->eda", "abcd,cbe->eda", 2, { SHAPE(2, 3, 4, 5), SHAPE(4, 3, 2) } },
    { "i,i->", "i,i->", 2, { SHAPE(5), SHAPE(5) } },
    { "i,i->i", "i,i->i", 2, { SHAPE(5), SHAPE(5) } },
    { "bi,bi->b", "bi,bi->b", 2, { SHAPE(3, 5), SHAPE(3, 5) } },
    { "ij,i->ij", "ij,i->ij", 2, { SHAPE(3, 5), SHAPE(3) } },
    { "j,ij->ij", "j,ij->ij", 2, { SHAPE(5), SHAPE(3, 5) } },
    { "ij,j->i", "ij,j->i", 2, { SHAPE(3, 5), SHAPE(5) } },
    { "i,j->ji", "i,j->ji", 2, { SHAPE(3), SHAPE(5) } },
    { "ij,kl->iljk", "ij,kl->iljk", 2, { SHAPE(2, 3), SHAPE(4, 5) } },
    { "ij,kl->ik", "ij,kl->ik", 2, { SHAPE(2, 3), SHAPE(4, 5) } },
    { "ii->i", "ii->i", 1, { SHAPE(4, 4) } },
    { "ii", "ii->", 1, { SHAPE(4, 4) } },
    { "iji->ji", "iji->ji", 1, { SHAPE(4, 3, 4) } },
    { "iijj->ij", "iijj->ij", 1, { SHAPE(4, 4, 3, 3) } },
    { "ijij->ji", "ijij->ji", 1, { SHAPE(4, 3, 4, 3) } },
    { "iii->i", "iii->i", 1, { SHAPE(3, 3, 3) } },
    { "iiii->", "iiii->", 1, { SHAPE(3, 3, 3, 3) } },
    { "ii,i->i", "ii,i->i", 2, { SHAPE(3, 3), SHAPE(3) } },
    { "ij->", "ij->", 1, { SHAPE(3, 4) } },
    { "ijk->ki", "ijk->ki", 1, { SHAPE(3, 4, 2) } },
    { "...ij,...jk->...ik", "abij,abjk->abik", 2, { SHAPE(2, 3, 4, 2), SHAPE(2, 3, 2, 5) } },
    { "...ij,...jk", "abij,abjk->abik", 2, { SHAPE(2, 3, 4, 2), SHAPE(2, 3, 2, 5) } },
    { "...ij,jk", "abij,jk->abik", 2, { SHAPE(2, 3, 4, 2), SHAPE(2, 5) } },
    { "...i,...i->...", "abi,bi->ab", 2, { SHAPE(2, 3, 4), SHAPE(3, 4) } },
    { "...i,...i->...", "abi,abi->ab", 2, { SHAPE(2, 1, 4), SHAPE(1, 3, 4) } },
    { "i...j->j...i", "iabj->jabi", 1, { SHAPE(2, 3, 4, 5) } },
    { "i...->i", "iab->i", 1, { SHAPE(2, 3, 4) } },
    { "...", "ab->ab", 1, { SHAPE(2, 3) } },
    { "...i->...", "i->", 1, { SHAPE(3) } },
    { "...ii->...i", "abii->abi", 1, { SHAPE(2, 3, 4, 4) } },
    { "...,...", "ab,b->ab", 2, { SHAPE(2, 3), SHAPE(3) } },
    { "ij,ij->ij", "ij,ij->ij", 2, { SHAPE(1, 3), SHAPE(2, 1) } },
    { "ij,jk->ik", "ij,jk->ik", 2, { SHAPE(3, 1), SHAPE(4, 5) } },
    { "ij,ij->", "ij,ij->", 2, { SHAPE(1, 1), SHAPE(1, 1) } },
    { ",ij->ji", ",ij->ji", 2, { { .rank = 0 }, SHAPE(2, 3) } },
    { ",", ",->", 2, { { .rank = 0 }, { .rank = 0 } } },
    { "", "->", 1, { { .rank = 0 } } },
    { "ij,jk,kl->il", "ij,jk,kl->il", 3, { SHAPE(2, 3), SHAPE(3, 4), SHAPE(4, 5) } },
    { "ij,jk,kl->il", "ij,jk,kl->il", 3, { SHAPE(5, 4), SHAPE(4, 2), SHAPE(2, 5) } },
    { "i,ij,j->", "i,ij,j->", 3, { SHAPE(3), SHAPE(3, 4), SHAPE(4) } },
    { "ij,ij,ij->j", "ij,ij,ij->j", 3, { SHAPE(3, 4), SHAPE(3, 4), SHAPE(3, 4) } },
    { "ab,bc,cd,da->", "ab,bc,cd,da->", 4, { SHAPE(2, 3), SHAPE(3, 4), SHAPE(4, 2), SHAPE(2, 2) } },
    { "a,b,c,d->dbca", "a,b,c,d->dbca", 4, { SHAPE(2), SHAPE(3), SHAPE(4), SHAPE(2) } },
    { "abcdefgh,abcdefgh->abcdefgh",
      "abcdefgh,abcdefgh->abcdefgh",
      2,
      { SHAPE(2, 2, 2, 2, 2, 2, 2, 2), SHAPE(2, 2, 2, 2, 2, 2, 2, 2) } },
    { "abcdefgh,abcdefgh->hgfedcb",
      "abcdefgh,abcdefgh->hgfedcb",
      2,
      { SHAPE(2, 2, 2, 2, 2, 2, 2, 2), SHAPE(2, 2, 2, 2, 2, 2, 2, 2) } },
    { "ij,jk->ik", "ij,jk->ik", 2, { SHAPE(3, 0), SHAPE(0, 5) } },
    { "ij,jk->ik", "ij,jk->ik", 2, { SHAPE(0, 3), SHAPE(3, 5) } },
    { "ii->i", "ii->i", 1, { SHAPE(0, 0) } },
    { "ii->", "ii->", 1, { SHAPE(0, 0) } },
};

/* -- The loops ---------------------------------------------------------------------------------------------------- */

/* The number of the element that letters have such values; along an extent of 1, the only one. */
static int64_t place_of(const char *letters, vt_shape shape, const int64_t value[128])
{
    int64_t place = 0;
    for (int i = 0; i < shape.rank; i++)
        place = place * shape.dim[i] + (shape.dim[i] == 1 ? 0 : value[(int)letters[i]]);
    return place;
}

static void expect(const sum *s, double (*x)[MAX_COUNT], const double *got, vt_shape shape)
{
    int64_t extent[128], value[128] = { 0 }, total = 1;
    const char *letters[MAX_TENSORS], *at = s->loops, *right = strstr(s->loops, "->") + 2;
    static double want[MAX_COUNT];
    vt_shape wanted = { .rank = (int)strlen(right) };
    char text[128], wanted_text[128];
    for (int i = 0; i < 128; i++) extent[i] = 1;
    for (int t = 0; t < s->count; t++, at++)
        for (letters[t] = at; isalpha((unsigned char)*at); at++)
            if (s->shape[t].dim[at - letters[t]] != 1) extent[(int)*at] = s->shape[t].dim[at - letters[t]];
    for (int i = 0; i < wanted.rank; i++) wanted.dim[i] = extent[(int)right[i]];
    for (int i = 0; i < 128; i++) total *= extent[i];
    memset(want, 0, sizeof want);
    for (int64_t step = 0; step < total; step++) {
        double product = 1;
        for (int t = 0; t < s->count; t++) product *= x[t][place_of(letters[t], s->shape[t], value)];
        want[place_of(right, wanted, value)] += product;
        for (int i = 0; i < 128 && ++value[i] == extent[i]; i++) value[i] = 0;
    }
    cr_assert(vt_shape_equal(shape, wanted), "%s: the shape is %s, not %s", s->pattern, vt_shape_text(shape, text),
              vt_shape_text(wanted, wanted_text));
    for (int64_t i = 0; i < vt_shape_count(wanted); i++)
        cr_assert(fabs(got[i] - want[i]) < 1e-12 * (double)(total + 1), "%s: element %lld is %g, not %g", s->pattern,
                  (long long)i, got[i], want[i]);
}

Test(einsum, is_what_loops_over_all_axes_add_up)
{
    static double x[MAX_TENSORS][MAX_COUNT], y[MAX_COUNT];
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        VT_SCOPE;
        const sum *s = &sums[i];
        vt_tensor tensors[MAX_TENSORS];
        for (int t = 0; t < s->count; t++) {
            vt_tensor drawn = vt_uniform(s->shape[t], .low = -1, .dtype = VT_F64);
            cr_assert(vt_read(drawn, x[t], MAX_COUNT, VT_F64), "%s", vt_error_message());
            tensors[t] = vt_from_data(x[t], s->shape[t], VT_F64);
        }
        vt_tensor out = vt_einsum_list(s->pattern, tensors, s->count);
        cr_assert(vt_read(out, y, MAX_COUNT, VT_F64), "%s: %s", s->pattern, vt_error_message());
        expect(s, x, y, vt_shape_of(out));
    }
    vt_shutdown();
}
