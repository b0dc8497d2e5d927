/* ops_einops.c - drawing patterns that rearrange, repeat and reduce axes by name. */
#include "call.h"
#include "draw.h"
#include <stdio.h>
#include <string.h>

enum { MAX_LETTERS = 5 };

/* Letters a, b, c, ... for the axes of the input, in order; integer[i] is the extent of the axis of letter i. */
static int name_axes(drawing *d, statement *s, char *left)
{
    vt_shape shape = input(d, s, 0)->shape;
    int letters = 0;
    *left = 0;
    for (int i = 0; i < shape.rank; i++) {
        bool split = shape.dim[i] > 0 && shape.dim[i] % 2 == 0 && letters < 3 && chance(&d->dice, 30);
        left += sprintf(left, split ? "(%c %c) " : "%c ", 'a' + letters, 'b' + letters);
        if (split) s->integer[letters++] = 2;
        letters++;
    }
    return letters;
}

static void shuffle(drawing *d, char *letters, int count)
{
    for (int i = 0; i < count; i++) {
        int at = below(&d->dice, i + 1);
        letters[i] = (char)('a' + i);
        letters[i] = letters[at];
        letters[at] = (char)('a' + i);
    }
}

/* The letters in that order, some of them joined. */
static void write_right(drawing *d, const char *letters, int count, char *right)
{
    bool open = false;
    *right = 0;
    for (int i = 0; i < count; i++) {
        if (open) {
            bool closes = i == count - 1 || chance(&d->dice, 60);
            right += sprintf(right, closes ? "%c) " : "%c ", letters[i]);
            open = !closes;
        } else if (i < count - 1 && chance(&d->dice, 30)) {
            right += sprintf(right, "(%c ", letters[i]);
            open = true;
        } else
            right += sprintf(right, "%c ", letters[i]);
    }
}

static bool draw_pattern(drawing *d, statement *s, int left_out, int added)
{
    char left[40], right[40], letters[8];
    for (int i = 0; i < MAX_LETTERS; i++) s->integer[i] = VT_AUTO; /* a size that is left out */
    int count = name_axes(d, s, left);
    if (count - left_out < 0 || count + added > MAX_LETTERS) return false;
    shuffle(d, letters, count);
    for (int i = 0; i < added; i++) {
        s->integer[count] = between(&d->dice, 1, 3);
        letters[count] = (char)('a' + count);
        count++;
    }
    for (int i = 0; added && i < count; i++) {
        int at = below(&d->dice, i + 1);
        char swap = letters[i];
        letters[i] = letters[at];
        letters[at] = swap;
    }
    write_right(d, letters, count - left_out, right);
    return snprintf(s->text, sizeof s->text, "%s-> %s", left, right) < (int)sizeof s->text;
}

static bool draw_rearrange(drawing *d, statement *s)
{
    return draw_pattern(d, s, 0, 0);
}
OPERATION(rearrange, vt_rearrange(IN(0), TEXT, .a = INT(0), .b = INT(1), .c = INT(2), .d = INT(3), .e = INT(4)),
          .in = { { ANYTHING, .min_rank = 1, .max_rank = 4 } }, .draw = draw_rearrange, .flags = EXACT);

static bool draw_repeat(drawing *d, statement *s)
{
    return draw_pattern(d, s, 0, between(&d->dice, 1, 2));
}
OPERATION(repeat, vt_repeat(IN(0), TEXT, .a = INT(0), .b = INT(1), .c = INT(2), .d = INT(3), .e = INT(4)),
          .in = { { ANYTHING, .min_rank = 1, .max_rank = 3 } }, .draw = draw_repeat, .flags = EXACT);

static bool draw_reduce(drawing *d, statement *s)
{
    s->integer[5] = below(&d->dice, 5);
    return draw_pattern(d, s, between(&d->dice, 1, 2), 0);
}
OPERATION(reduce,
          vt_reduce(IN(0), TEXT, (vt_reduce_kind)INT(5), .a = INT(0), .b = INT(1), .c = INT(2), .d = INT(3),
                    .e = INT(4)),
          .in = { { FLOATS, .min_rank = 1, .max_rank = 4 } }, .draw = draw_reduce);

/* Some letters of those with an extent, each once but for chance: a diagonal. */
static void draw_subscripts(drawing *d, const int *extents, char *text, vt_shape *shape)
{
    *shape = (vt_shape){ .rank = between(&d->dice, 1, 3) };
    for (int i = 0; i < shape->rank; i++) {
        int letter = below(&d->dice, MAX_LETTERS);
        if (strchr(text, 'a' + letter) && chance(&d->dice, 80)) letter = (letter + 1) % MAX_LETTERS;
        text[i] = (char)('a' + letter);
        text[i + 1] = 0;
        shape->dim[i] = extents[letter];
    }
}

/* The first operand's shape is given; the others' are drawn of its letters and of new ones. */
static bool draw_einsum(drawing *d, statement *s)
{
    int extents[MAX_LETTERS], operands = between(&d->dice, 1, 3);
    char left[24] = "", right[MAX_LETTERS + 1] = "";
    vt_shape shape = input(d, s, 0)->shape;
    for (int i = 0; i < MAX_LETTERS; i++) extents[i] = i < shape.rank ? (int)shape.dim[i] : draw_extent(d);
    for (int i = 0; i < shape.rank; i++) left[i] = (char)('a' + i);
    for (s->inputs = 1; s->inputs < operands; s->inputs++) {
        char text[8] = "";
        draw_subscripts(d, extents, text, &shape);
        strcat(strcat(left, ","), text);
        s->in[s->inputs] = draw_variable(d, (wish){ FLOATS, .same = true, .exactly = &shape }, input(d, s, 0));
        if (s->in[s->inputs] == NO_VARIABLE) return false;
    }
    for (int letter = 0, count = 0; letter < MAX_LETTERS; letter++) {
        if (!strchr(left, 'a' + letter) || chance(&d->dice, 40)) continue;
        int at = below(&d->dice, ++count);
        memmove(right + at + 1, right + at, (size_t)(count - at));
        right[at] = (char)('a' + letter);
    }
    return snprintf(s->text, sizeof s->text, chance(&d->dice, 80) ? "%s->%s" : "%s", left, right) > 0;
}
OPERATION(einsum, vt_einsum_list(TEXT, LIST(0), COUNT(0)), .in = { { FLOATS, .min_rank = 1, .max_rank = 4 } },
          .draw = draw_einsum, .flags = PRODUCT);
