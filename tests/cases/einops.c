/* einops.c - samples of rearranging by named axes. tests/test_einops.c holds the patterns against explicit loops. */
#include "cases/case.h"

static vt_tensor packed_heads(const vt_tensor *in)
{
    return vt_rearrange(in[0], "b n (t h d) -> t b h n d", .t = 3, .h = 2);
}

static vt_tensor patches(const vt_tensor *in)
{
    return vt_rearrange(in[0], "b c (h p1) (w p2) -> b (h w) (p1 p2 c)", .p1 = 2, .p2 = 3);
}

static vt_tensor same(const vt_tensor *in)
{
    return vt_exp(vt_rearrange(in[0], "a ... -> a ..."));
}

static vt_tensor ones(const vt_tensor *in)
{
    return vt_rearrange(in[0], "1 a () b -> 1 b 1 a ()");
}

static vt_tensor rest_first(const vt_tensor *in)
{
    return vt_rearrange(in[0], "batch ... channel -> (channel batch) ...");
}

static vt_tensor rest_joined(const vt_tensor *in)
{
    return vt_rearrange(in[0], "a ... b -> b (... a)");
}

static vt_tensor named(const vt_tensor *in)
{
    return vt_rearrange(in[0], "(head_2 x) -> x head_2", .sizes = (vt_axis_size[]){ { "head_2", 3 }, { 0 } });
}

#define PATTERN(name, ...)                                                                                             \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return vt_rearrange(in[0], __VA_ARGS__);                                                                       \
    }
PATTERN(no_arrow, "a b")
PATTERN(two_arrows, "a b -> b -> a")
PATTERN(not_closed, "a (b c -> a b c")
PATTERN(not_opened, "a b) -> a b")
PATTERN(nested, "(a (b c)) -> a b c")
PATTERN(twice, "a a -> a")
PATTERN(lost, "a b -> a")
PATTERN(found, "a b -> a b c")
PATTERN(strange, "a b -> a, b")
PATTERN(byte, "a b -> a \xc3 b")
PATTERN(digits, "a 2b -> 2b a")
PATTERN(zero, "a 0 -> a")
PATTERN(two_dots, "a .. -> .. a")
PATTERN(dots_twice, "... a ... -> a ...")
PATTERN(dots_joined, "(a ...) -> a ...")
PATTERN(dots_right, "a b -> a b ...")
PATTERN(dots_left, "a ... -> a")
PATTERN(number, "a 3 -> a 3")
PATTERN(unknown_two, "b (h p) -> b h p")
PATTERN(indivisible, "b (h p) -> b h p", .p = 2)
PATTERN(indivisible_two, "b (h p q) -> b h p q", .p = 2, .q = 3)
PATTERN(other_extent, "b c -> c b", .c = 3)
PATTERN(other_product, "b (h p) -> b h p", .h = 2, .p = 3)
PATTERN(not_one, "b 1 -> b")
PATTERN(other_rank, "b c h w -> b h w c")
PATTERN(too_few, "a b c ... -> a b c ...")
PATTERN(unused, "a b -> b a", .k = 3)
PATTERN(negative, "a (b c) -> a b c", .b = -3)
PATTERN(given_twice, "a (b c) -> a b c", .b = 1, .sizes = (vt_axis_size[]){ { "b", 1 }, { 0 } })
PATTERN(unused_name, "a b -> b a", .sizes = (vt_axis_size[]){ { "head", 1 }, { 0 } })
PATTERN(too_many, "(a b c d) (e f g h i) -> i h g f e d c b a", .a = 1, .b = 1, .c = 1, .e = 1, .f = 1, .g = 1, .h = 1)
PATTERN(too_large, "(a b c) d -> a b c d", .a = INT64_MAX, .b = 3)
PATTERN(no_pattern, NULL)
PATTERN(thirty_three, "a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3 b4 b5 b6 b7 b8 b9 c1 c2 c3 c4 c5 c6 c7 c8 c9 d1 d2 d3 d4 d5 "
                      "d6 d7 -> a1")

static vt_tensor long_pattern(const vt_tensor *in)
{
    char text[700];
    for (int i = 0; i < 699; i++) text[i] = ' ';
    text[699] = 0;
    return vt_rearrange(in[0], text);
}

CASE(rearrange) = {
    { "packed heads", packed_heads, { FLOATS(-1, 1, 2, 3, 12) } },
    { "patches", patches, { FLOATS(-1, 1, 2, 3, 4, 6) } },
    { "nothing", same, { FLOATS(-1, 1, 2, 3) } },
    { "extents of one", ones, { FLOATS(-1, 1, 1, 2, 1, 3) } },
    { "the rest", rest_first, { FLOATS(-1, 1, 2, 3, 4, 5) } },
    { "no rest", rest_first, { FLOATS(-1, 1, 2, 3) } },
    { "the rest, joined", rest_joined, { FLOATS(-1, 1, 2, 3, 4, 5) } },
    { "no rest, joined", rest_joined, { FLOATS(-1, 1, 2, 3) } },
    { "a longer name", named, { FLOATS(-1, 1, 12) } },
    { "empty", packed_heads, { FLOATS(-1, 1, 2, 0, 12) } },
    { "integers", packed_heads, { INTEGERS(-9, 9, 1, 2, 6) } },
    { "no arrow", no_arrow, { FLOATS(-1, 1, 2, 7) }, .refused = "rearrange \"a b\": there is no \"->\"" },
    { "no pattern", no_pattern, { FLOATS(-1, 1, 2, 7) }, .refused = "rearrange \"\": there is no \"->\"" },
    { "two arrows",
      two_arrows,
      { FLOATS(-1, 1, 2, 7) },
      .refused = "rearrange \"a b -> b -> a\": a second \"->\" at character 10" },
    { "not closed",
      not_closed,
      { FLOATS(-1, 1, 2, 7) },
      .refused = "\"a (b c -> a b c\": a parenthesis is not closed, opened at character 3" },
    { "not opened", not_opened, { FLOATS(-1, 1, 2, 7) }, .refused = "closes that was not opened at character 4" },
    { "nested", nested, { FLOATS(-1, 1, 2) }, .refused = "a parenthesis inside another at character 4" },
    { "an axis twice", twice, { FLOATS(-1, 1, 2, 2) }, .refused = "a is twice on one side, again at character 3" },
    { "an axis lost", lost, { FLOATS(-1, 1, 2, 7) }, .refused = "b is only on the left side; vt_reduce takes" },
    { "an axis found", found, { FLOATS(-1, 1, 2, 7) }, .refused = "c is only on the right side; vt_repeat adds" },
    { "a comma", strange, { FLOATS(-1, 1, 2, 7) }, .refused = "',' means nothing here: at character 9" },
    { "a byte", byte, { FLOATS(-1, 1, 2, 7) }, .refused = "byte 195 means nothing here: at character 10" },
    { "a digit first", digits, { FLOATS(-1, 1, 2, 7) }, .refused = "a name begins with a letter; found a digit at" },
    { "zero", zero, { FLOATS(-1, 1, 2, 7) }, .refused = "a number is no extent at character 3" },
    { "two dots", two_dots, { FLOATS(-1, 1, 2, 7) }, .refused = "an ellipsis is three dots; found other at character" },
    { "dots twice", dots_twice, { FLOATS(-1, 1, 2, 7) }, .refused = "... is twice on one side, again at character 7" },
    { "dots joined", dots_joined, { FLOATS(-1, 1, 2) }, .refused = "\"...\" in parentheses on the left side, where" },
    { "dots right", dots_right, { FLOATS(-1, 1, 2, 7) }, .refused = "\"...\" is only on the right side, at" },
    { "dots left", dots_left, { FLOATS(-1, 1, 2, 7) }, .refused = "... is only on the left side; vt_reduce takes" },
    { "a number", number, { FLOATS(-1, 1, 2, 3) }, .refused = "3 is only on the left side" },
    { "two unknown",
      unknown_two,
      { FLOATS(-1, 1, 2, 7) },
      .refused = "rearrange \"b (h p) -> b h p\": axis 1 of x [2, 7]: the sizes of both h and p are unknown" },
    { "not divisible",
      indivisible,
      { FLOATS(-1, 1, 2, 7) },
      .refused = "rearrange \"b (h p) -> b h p\": axis 1 of x [2, 7] is 7, not divisible by p = 2" },
    { "not divisible by two",
      indivisible_two,
      { FLOATS(-1, 1, 2, 7) },
      .refused = "axis 1 of x [2, 7] is 7, not divisible by p * q = 6" },
    { "another extent", other_extent, { FLOATS(-1, 1, 2, 7) }, .refused = "axis 1 of x [2, 7] is 7, not c = 3" },
    { "another product", other_product, { FLOATS(-1, 1, 2, 7) }, .refused = "axis 1 of x [2, 7] is 7, not h * p = 6" },
    { "not one", not_one, { FLOATS(-1, 1, 2, 7) }, .refused = "axis 1 of x [2, 7] is 7, not 1" },
    { "another rank", other_rank, { FLOATS(-1, 1, 2, 7) }, .refused = "x [2, 7] has 2 axes, the left side names 4" },
    { "too few axes",
      too_few,
      { FLOATS(-1, 1, 2, 7) },
      .refused = "x [2, 7] has 2 axes, the left side names 3 besides \"...\"" },
    { "not used", unused, { FLOATS(-1, 1, 2, 7) }, .refused = "the size of k is given, and the pattern has no such" },
    { "name not used", unused_name, { FLOATS(-1, 1, 2, 7) }, .refused = "the size of head is given, and the pattern" },
    { "negative size", negative, { FLOATS(-1, 1, 2, 7) }, .refused = "the size of b is -3; it must be 1 or more" },
    { "size twice", given_twice, { FLOATS(-1, 1, 2, 7) }, .refused = "the size of b is given twice" },
    { "too many axes", too_many, { FLOATS(-1, 1, 2, 7) }, .refused = "more than 8 axes" },
    { "too many names",
      thirty_three,
      { FLOATS(-1, 1, 2, 7) },
      .refused = "more than 32 axes on one side at character" },
    { "too large",
      too_large,
      { FLOATS(-1, 1, 2, 7) },
      .refused = "axis 0 of x [2, 7]: a * b is larger than any extent" },
    { "too long", long_pattern, { FLOATS(-1, 1, 2, 7) }, .refused = "the pattern is longer than 512 characters" },
    { 0 },
};

static vt_tensor batch_token(const vt_tensor *in)
{
    return vt_repeat(in[0], "1 d -> b 1 d", .b = 3);
}

static vt_tensor enlarge(const vt_tensor *in)
{
    return vt_repeat(in[0], "... h w -> ... (h 2) (w k)", .k = 3);
}

static vt_tensor number_axis(const vt_tensor *in)
{
    return vt_repeat(in[0], "h w -> w 3 h 2");
}

static vt_tensor repeat_none(const vt_tensor *in)
{
    return vt_repeat(in[0], "h w -> h w");
}

static vt_tensor no_size(const vt_tensor *in)
{
    return vt_repeat(in[0], "h w -> h w c");
}

static vt_tensor repeat_lost(const vt_tensor *in)
{
    return vt_repeat(in[0], "h w -> h c", .c = 2);
}

static vt_tensor repeat_far(const vt_tensor *in)
{
    return vt_repeat(in[0], "h w -> h w c", .c = INT64_MAX);
}

CASE(repeat) = {
    { "a token for each image", batch_token, { FLOATS(-1, 1, 1, 4) }, .terms = 3 },
    { "enlarge", enlarge, { FLOATS(-1, 1, 2, 3, 2) }, .terms = 6 },
    { "enlarge two axes", enlarge, { FLOATS(-1, 1, 3, 2) }, .terms = 6 },
    { "numbers", number_axis, { FLOATS(-1, 1, 2, 3) }, .terms = 6 },
    { "nothing new", repeat_none, { FLOATS(-1, 1, 2, 3) } },
    { "bools", number_axis, { BOOLS(2, 3) } },
    { "no size",
      no_size,
      { FLOATS(-1, 1, 2, 7) },
      .refused = "repeat \"h w -> h w c\": c is a new axis, whose size is not given" },
    { "an axis lost", repeat_lost, { FLOATS(-1, 1, 2, 7) }, .refused = "w is only on the left side; vt_reduce takes" },
    { "beyond memory", repeat_far, { FLOATS(-1, 1, 2, 7) }, .refused = "more elements than memory can hold" },
    { 0 },
};

static vt_tensor global_mean(const vt_tensor *in)
{
    return vt_reduce(in[0], "b c h w -> c b", VT_REDUCE_MEAN);
}

static vt_tensor pool(const vt_tensor *in)
{
    return vt_reduce(in[0], "b (h 2) (w k) -> b (w h)", VT_REDUCE_MAX, .k = 2);
}

static vt_tensor smallest(const vt_tensor *in)
{
    return vt_reduce(in[0], "a ... -> a", VT_REDUCE_MIN);
}

static vt_tensor product(const vt_tensor *in)
{
    return vt_reduce(in[0], "a b -> b 1", VT_REDUCE_PROD);
}

static vt_tensor total(const vt_tensor *in)
{
    return vt_reduce(in[0], "... ->", VT_REDUCE_SUM);
}

static vt_tensor only_order(const vt_tensor *in)
{
    return vt_reduce(in[0], "a b -> b a", VT_REDUCE_MEAN);
}

static vt_tensor reduce_found(const vt_tensor *in)
{
    return vt_reduce(in[0], "a b -> a c", VT_REDUCE_SUM);
}

static vt_tensor reduce_otherwise(const vt_tensor *in)
{
    return vt_reduce(in[0], "a b -> a", (vt_reduce_kind)9);
}

CASE(reduce) = {
    { "global mean", global_mean, { FLOATS(-1, 1, 2, 3, 4, 5) }, .terms = 20 },
    { "pool", pool, { DISTINCT(2, 4, 6) } },
    { "smallest of the rest", smallest, { DISTINCT(3, 2, 4) } },
    { "smallest of no rest", smallest, { DISTINCT(3) } },
    { "product", product, { FLOATS(0.5, 1.5, 3, 2) }, .terms = 3 },
    { "total", total, { FLOATS(-1, 1, 3, 2) }, .terms = 6 },
    { "total of a scalar", total, { FLOAT_SCALAR(-1, 1) } },
    { "nothing reduced", only_order, { FLOATS(-1, 1, 3, 2) } },
    { "integers", total, { INTEGERS(-9, 9, 3, 2) } },
    { "an axis found", reduce_found, { FLOATS(-1, 1, 3, 2) }, .refused = "c is only on the right side; vt_repeat" },
    { "no reduction", reduce_otherwise, { FLOATS(-1, 1, 3, 2) }, .refused = "kind 9 is no vt_reduce_kind" },
    { 0 },
};

static vt_tensor implied(const vt_tensor *in)
{
    return vt_einsum("ik, kj", in[0], in[1]);
}

static vt_tensor logits(const vt_tensor *in)
{
    return vt_einsum("bhqd,bhkd->bhqk", in[0], in[1]);
}

static vt_tensor chain_of_three(const vt_tensor *in)
{
    return vt_einsum("ij,jk,kl->il", in[0], in[1], in[2]);
}

static vt_tensor bilinear(const vt_tensor *in)
{
    return vt_einsum("bi,oij,bj->bo", in[0], in[1], in[2]);
}

static vt_tensor trace(const vt_tensor *in)
{
    return vt_einsum("...ii->...", in[0]);
}

static vt_tensor diagonal_times(const vt_tensor *in)
{
    return vt_einsum("iji,i->ji", in[0], in[1]);
}

static vt_tensor outer_product(const vt_tensor *in)
{
    return vt_einsum("a,b,c->cab", in[0], in[1], in[2]);
}

static vt_tensor all_summed(const vt_tensor *in)
{
    return vt_einsum("ij,ij->", in[0], in[1]);
}

static vt_tensor broadcast_rest(const vt_tensor *in)
{
    return vt_einsum("...i,...ij->...j", in[0], in[1]);
}

static vt_tensor by_list(const vt_tensor *in)
{
    return vt_einsum_list("ba,ca->", in, 2);
}

#define EINSUM(name, pattern, ...)                                                                                     \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return vt_einsum(pattern, __VA_ARGS__);                                                                        \
    }
EINSUM(sum_strange, "ij,j2->i", in[0], in[1])
EINSUM(sum_byte, "ij,j\xc3->i", in[0], in[1])
EINSUM(sum_two_dots, "..i,i->i", in[0], in[1])
EINSUM(sum_dots_twice, "...i...,i->i", in[0], in[1])
EINSUM(sum_dots_right, "ij,j->...i", in[0], in[1])
EINSUM(sum_new, "ij,j->ik", in[0], in[1])
EINSUM(sum_twice, "ij,j->ii", in[0], in[1])
EINSUM(sum_arrows, "ij->i->j", in[0])
EINSUM(sum_few, "ij->i", in[0], in[1])
EINSUM(sum_many, "ij,j,k", in[0], in[1])
EINSUM(sum_rank, "ij,j", in[0], in[1])
EINSUM(sum_rank_rest, "ijk...", in[0])
EINSUM(sum_extent, "ij,jk", in[0], in[1])
EINSUM(sum_diagonal, "ii", in[0])
EINSUM(sum_rest, "...i,...j", in[0], in[1])
EINSUM(sum_nine, "abcdefghi", in[0])
EINSUM(sum_wide, "abcde,fghij->", in[0], in[1])
EINSUM(sum_four, "abcdez,fghijz,abcd,fghi->ej", in[0], in[1], in[2], in[3])
EINSUM(sum_way, "bcdefghi,acdefghi,abdefghi->abc", in[0], in[1], in[2])
EINSUM(sum_dtype, "ij,ij", in[0], in[1])

static vt_tensor sum_none(const vt_tensor *in)
{
    return vt_einsum_list("", in, 0);
}

static vt_tensor sum_null(const vt_tensor *in)
{
    return vt_einsum_list(NULL, in, 1);
}

CASE(einsum) = {
    { "matrix product", implied, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4, 5) }, .terms = 5 },
    { "logits of attention", logits, { FLOATS(-1, 1, 2, 3, 4, 5), FLOATS(-1, 1, 2, 3, 6, 5) }, .terms = 6 },
    { "three matrices",
      chain_of_three,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4, 2), FLOATS(-1, 1, 2, 5) },
      .terms = 20 },
    { "bilinear form", bilinear, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 2, 4, 5), FLOATS(-1, 1, 3, 5) }, .terms = 20 },
    { "traces", trace, { FLOATS(-1, 1, 2, 3, 3) }, .terms = 3 },
    { "diagonals times a vector", diagonal_times, { FLOATS(-1, 1, 3, 4, 3), FLOATS(-1, 1, 3) }, .terms = 4 },
    { "outer product", outer_product, { FLOATS(-1, 1, 2), FLOATS(-1, 1, 3), FLOATS(-1, 1, 4) }, .terms = 12 },
    { "everything summed", all_summed, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 3, 4) }, .terms = 12 },
    { "batches that broadcast", broadcast_rest, { FLOATS(-1, 1, 2, 1, 3), FLOATS(-1, 1, 4, 3, 5) }, .terms = 20 },
    { "operands in an array", by_list, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 2, 4) }, .terms = 24 },
    { "nothing to sum", implied, { FLOATS(-1, 1, 3, 0), FLOATS(-1, 1, 0, 5) } },
    { "wide operands", sum_wide, { FLOATS(-1, 1, 2, 1, 2, 1, 2), FLOATS(-1, 1, 2, 2, 1, 2, 1) }, .terms = 16 },
    { "the cheapest first",
      sum_four,
      { FLOATS(-1, 1, 2, 2, 2, 2, 2, 2), FLOATS(-1, 1, 2, 2, 2, 2, 2, 2), FLOATS(-1, 1, 2, 2, 2, 2),
        FLOATS(-1, 1, 2, 2, 2, 2) },
      .terms = 512 },
    { "a digit",
      sum_strange,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4, 5) },
      .refused = "einsum \"ij,j2->i\": '2' means nothing here: at character 5" },
    { "no letter", sum_byte, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4, 5) }, .refused = "byte 195 means nothing here:" },
    { "two dots",
      sum_two_dots,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3) },
      .refused = "an ellipsis is three dots; found other at character 1" },
    { "two ellipses",
      sum_dots_twice,
      { FLOATS(-1, 1, 3), FLOATS(-1, 1, 3) },
      .refused = "a second ellipsis of one tensor at character 5" },
    { "an ellipsis on the right only",
      sum_dots_right,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4) },
      .refused = "\"...\" is only on the right side, at character 7" },
    { "a new axis",
      sum_new,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4) },
      .refused = "'k' is in no operand, at character 8" },
    { "an axis twice",
      sum_twice,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4) },
      .refused = "'i' is twice in the result, again at character 8" },
    { "two arrows", sum_arrows, { FLOATS(-1, 1, 3, 4) }, .refused = "'-' means nothing here: at character 6" },
    { "more operands",
      sum_few,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4) },
      .refused = "einsum \"ij->i\": the pattern names 1 operands, given are 2" },
    { "fewer operands",
      sum_many,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4) },
      .refused = "the pattern names 3 operands, given are 2" },
    { "another rank",
      sum_rank,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4, 2) },
      .refused = "einsum \"ij,j\": operand 1 [4, 2] has 2 axes, the pattern names 1 at character 4" },
    { "too few axes",
      sum_rank_rest,
      { FLOATS(-1, 1, 3, 4) },
      .refused = "operand 0 [3, 4] has 2 axes, the pattern names 3 besides \"...\" at character 1" },
    { "another extent",
      sum_extent,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 5, 2) },
      .refused = "operand 1 [5, 2]: axis 0, \"j\", is 5; before it was 4 at character 4" },
    { "no square",
      sum_diagonal,
      { FLOATS(-1, 1, 1, 4) },
      .refused = "operand 0 [1, 4]: 'i' is 1 and 4 at character 2" },
    { "batches that do not broadcast",
      sum_rest,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 2, 4) },
      .refused = "operand 1 [2, 4]: axis 0, \"...\", is 2; before it was 3 at character 6" },
    { "nine axes", sum_nine, { FLOATS(-1, 1, 3, 4) }, .refused = "more than 8 axes of one tensor at character 9" },
    { "nine axes on the way",
      sum_way,
      { FLOATS(-1, 1, 2, 2, 2, 2, 2, 2, 2, 2), FLOATS(-1, 1, 2, 2, 2, 2, 2, 2, 2, 2),
        FLOATS(-1, 1, 2, 2, 2, 2, 2, 2, 2, 2) },
      .refused = "a product on the way has 9 axes; 8 are the most there are" },
    { "two dtypes",
      sum_dtype,
      { FLOATS(-1, 1, 3, 4), INTEGERS(0, 2, 3, 4) },
      .refused = "operand 1 is i64, operand 0 f32; all must be f32, or all f64" },
    { "integers",
      sum_dtype,
      { INTEGERS(0, 2, 3, 4), INTEGERS(0, 2, 3, 4) },
      .refused = "operand 0 is i64, operand 0 i64; all must be f32, or all f64" },
    { "no operands", sum_none, { FLOATS(-1, 1, 3) }, .refused = "einsum \"\": 0 operands; it takes 1 to 32" },
    { "no pattern",
      sum_null,
      { FLOATS(-1, 1, 3) },
      .refused = "operand 0 [3] has 1 axes, the pattern names 0 at character 1" },
    { 0 },
};
