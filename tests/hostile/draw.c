/* draw.c - arguments, drawn by their types: the values that programs use, and those that no program means. */
#include "draw.h"
#include "hostile.h"
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (unsigned)(sizeof(array) / sizeof *(array))

/* -- The text ----------------------------------------------------------------------------------------------------- */

char *call_text;
static size_t used, named_at;
static bool first, optional;

static void cut_text(size_t mark)
{
    used = mark;
    call_text[used] = 0;
}

void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int added = vsnprintf(call_text + used, TEXT_SIZE - used, format, list);
    va_end(list);
    used = used + (size_t)added < TEXT_SIZE ? used + (size_t)added : TEXT_SIZE - 1;
}

void open_list(const char *text)
{
    say("%s", text);
    first = true;
}

void close_list(const char *text)
{
    say("%s", text);
    first = false;
}

static void name(const char *text, bool option)
{
    named_at = used;
    optional = option;
    say("%s%s", first ? "" : ", ", text);
}

void name_argument(const char *text)
{
    name(text, false);
    first = false;
}

void name_option(const char *text)
{
    name(text, true);
}

void take_name_back(void)
{
    cut_text(named_at);
}

const char *element_name(const char *text, int i)
{
    static char element[64];
    snprintf(element, sizeof element, "%s[%d] = ", text, i);
    return element;
}

/* -- Choices ------------------------------------------------------------------------------------------------------ */

static const plan *current;
static int next;

choice take(void)
{
    int i = next++;
    return i < MAX_CHOICES ? current->choices[i] : (choice){ 0, false };
}

int draws_made(void)
{
    return next < MAX_CHOICES ? next : MAX_CHOICES;
}

bool is_given(choice c)
{
    bool given = !optional || c.hostile || (c.random >> 24) % current->odds == 0;
    if (given)
        first = false;
    else
        cut_text(named_at);
    optional = false;
    return given;
}

bool draw_among(unsigned plausible, unsigned hostile, unsigned *which)
{
    choice c = take();
    bool from_hostile = c.hostile || !plausible;
    *which = c.random % (from_hostile ? hostile : plausible);
    optional = false;
    first = false;
    return from_hostile;
}

/* -- Numbers ------------------------------------------------------------------------------------------------------ */

static const int64_t plausible_integers[] = { 0, 1, 2, 3, -1, 1, 2, 4 };
static const int64_t hostile_integers[] = { 0,
                                            -1,
                                            -2,
                                            7,
                                            100,
                                            INT_MIN,
                                            INT_MAX,
                                            INT_MIN + 1LL,
                                            INT_MAX - 1LL,
                                            (int64_t)INT_MAX + 1,
                                            (int64_t)UINT32_MAX + 2,
                                            INT64_MIN,
                                            INT64_MAX,
                                            INT64_MIN + 1,
                                            INT64_MAX - 1,
                                            (int64_t)1 << 47,
                                            (int64_t)1 << 62,
                                            VT_AUTO };

static bool draw_integer(int64_t *x, int64_t low, int64_t high)
{
    choice c = take();
    if (!is_given(c)) return false;
    const int64_t *pool = c.hostile ? hostile_integers : plausible_integers;
    *x = pool[c.random % (c.hostile ? COUNT(hostile_integers) : COUNT(plausible_integers))];
    if (*x < low) *x = low;
    if (*x > high) *x = high;
    if (*x == INT64_MIN)
        say("INT64_MIN");
    else
        say("%lld", (long long)*x);
    return true;
}

void draw_int(int *x)
{
    int64_t drawn;
    if (draw_integer(&drawn, INT_MIN, INT_MAX)) *x = (int)drawn;
}

void draw_int64_t(int64_t *x)
{
    draw_integer(x, INT64_MIN, INT64_MAX);
}

void draw_uint64_t(uint64_t *x)
{
    int64_t drawn;
    if (draw_integer(&drawn, INT64_MIN, INT64_MAX)) *x = (uint64_t)drawn;
}

void draw_size_t(size_t *x)
{
    int64_t drawn;
    if (draw_integer(&drawn, INT64_MIN, INT64_MAX)) *x = (size_t)drawn;
}

void draw_double(double *x)
{
    static const double plausible[] = { 0.5, 0, 1, 0.1, 2, 1e-3 };
    static const double hostile[] = { NAN,          INFINITY, -INFINITY, -1,     0,       -0.0, DBL_MAX, -DBL_MAX,
                                      DBL_TRUE_MIN, 1e300,    INT_MIN,   9.3e18, -9.3e18, 2,    -1e-300 };
    choice c = take();
    if (!is_given(c)) return;
    *x = c.hostile ? hostile[c.random % COUNT(hostile)] : plausible[c.random % COUNT(plausible)];
    if (isnan(*x))
        say("NAN");
    else if (isinf(*x))
        say("%sINFINITY", *x < 0 ? "-" : "");
    else
        say("%.17g", *x);
}

void draw_bool(bool *x)
{
    choice c = take();
    if (!is_given(c)) return;
    *x = c.random & 1;
    say(*x ? "true" : "false");
}

void draw_enumeration(int *x, int count)
{
    choice c = take();
    if (!is_given(c)) return;
    const int hostile[] = { -1, count, count + 1, INT_MIN, INT_MAX, count - 1, 0, 1 << 8 };
    *x = c.hostile ? hostile[c.random % COUNT(hostile)] : (int)(c.random % (unsigned)count);
    say("%d", *x);
}

void draw_extent(int64_t *x, const char *what, bool is_unsigned)
{
    static const int64_t plausible[] = { 1, 2, 3, 2 }, hostile[] = { 0, -1, -2, INT_MIN, INT_MIN + 1, ARRAY };
    choice c = take();
    if (!is_given(c)) return;
    *x = c.hostile ? hostile[c.random % COUNT(hostile)] : plausible[c.random % COUNT(plausible)];
    if (!c.hostile && strcmp(what, "capacity") == 0) *x = 4096;
    if (is_unsigned && *x < 0) *x = 0;
    say("%lld", (long long)*x);
}

void draw_small(int64_t *x)
{
    static const int64_t hostile[] = { 0, -1, INT64_MIN, INT64_MAX, INT_MAX, INT_MIN + 1 };
    choice c = take();
    optional = false;
    is_given(c);
    *x = c.hostile ? hostile[c.random % COUNT(hostile)] : 1 + c.random % 20;
    say("%lld", (long long)*x);
}

void draw_vt_site(vt_site *x)
{
    choice c = take();
    *x = VT_HERE;
    optional = false;
    first = false;
    if (!c.hostile) {
        say("VT_HERE");
        return;
    }
    const vt_site hostile[] = { { 0 }, { NULL, "f", 1 }, { "f.c", NULL, 1 }, { "", "", INT_MIN }, { "f.c", "f", -1 } };
    *x = hostile[c.random % COUNT(hostile)];
    say("(vt_site){ %s, %s, %d }", x->file ? "\"f.c\"" : "NULL", x->function ? "\"f\"" : "NULL", x->line);
}

/* -- Shapes, axes ------------------------------------------------------------------------------------------------- */

static void say_numbers(const char *type, int rank, const int64_t *numbers)
{
    say("(%s){ %d, { ", type, rank);
    for (int i = 0; i < rank && i < VT_MAX_RANK; i++) say(i ? ", %lld" : "%lld", (long long)numbers[i]);
    say(" } }");
}

void draw_vt_shape(vt_shape *x)
{
    static const vt_shape plausible[] = {
        { 2, { 2, 3 } },    { 1, { 3 } },    { 0, { 0 } },          { 2, { 3, 2 } },  { 1, { 6 } },
        { 3, { 2, 3, 4 } }, { 2, { 1, 1 } }, { 4, { 2, 4, 6, 6 } }, { 2, { -1, 3 } }, { 1, { 2 } },
    };
    static const vt_shape hostile[] = {
        { -1, { 2 } },
        { 9, { 1, 1, 1, 1, 1, 1, 1, 1 } },
        { INT_MAX, { 2, 3 } },
        { INT_MIN, { 2, 3 } },
        { 8, { 1, 1, 1, 1, 1, 1, 2, 3 } },
        { 1, { 0 } },
        { 2, { 0, 3 } },
        { 2, { 0, INT64_MAX } },
        { 1, { -1 } },
        { 2, { -1, -1 } },
        { 1, { INT64_MIN } },
        { 1, { INT64_MAX } },
        { 1, { (int64_t)1 << 47 } },
        { 1, { (int64_t)1 << 48 } },
        { 2, { (int64_t)1 << 32, (int64_t)1 << 32 } },
        { 2, { INT64_MAX, INT64_MAX } },
        { 3, { (int64_t)1 << 40, 2, 3 } },
        { 2, { -2, -3 } },
        { 4, { 65536, 65536, 65536, 65536 } },
        { 2, { (int64_t)1 << 44, 0 } },
        { 2, { 2, -1 } },
        { 8, { 64, 64, 64, 64, 64, 64, 64, 64 } },
    };
    choice c = take();
    if (!is_given(c)) return;
    *x = c.hostile ? hostile[c.random % COUNT(hostile)] : plausible[c.random % COUNT(plausible)];
    say_numbers("vt_shape", x->rank, x->dim);
}

void draw_vt_axes(vt_axes *x)
{
    static const vt_axes plausible[] = {
        { 1, { 0 } }, { 1, { -1 } }, { 2, { 0, 1 } }, { 2, { 1, 0 } }, { 3, { 2, 0, 1 } }, { 4, { 0, 2, 3, 1 } },
    };
    static const vt_axes hostile[] = {
        { 0, { 0 } },           { -1, { 0 } },      { 9, { 0, 1, 2, 3, 4, 5, 6, 7 } },
        { INT_MAX, { 0 } },     { INT_MIN, { 0 } }, { 2, { 0, 0 } },
        { 2, { 1, -1 } },       { 1, { INT_MIN } }, { 1, { INT_MAX } },
        { 1, { 100 } },         { 1, { -9 } },      { 8, { 0, 1, 2, 3, 4, 5, 6, 7 } },
        { INT_MIN + 1, { 0 } },
    };
    choice c = take();
    if (!is_given(c)) return;
    *x = c.hostile ? hostile[c.random % COUNT(hostile)] : plausible[c.random % COUNT(plausible)];
    int64_t axes[VT_MAX_RANK];
    for (int i = 0; i < VT_MAX_RANK; i++) axes[i] = x->axis[i];
    say_numbers("vt_axes", x->count, axes);
}

/* -- Strings ------------------------------------------------------------------------------------------------------ */

static char long_text[5000];
static bool strings_drawn;

static void say_string(const char *text)
{
    if (!text || text == long_text) {
        say(text ? "five_thousand_letters" : "NULL");
        return;
    }
    say("\"");
    for (; *text; text++) say((unsigned char)*text < 127 && *text >= ' ' ? "%c" : "\\x%02x", (unsigned char)*text);
    say("\"");
}

/* Whatever a string names, a pass or a file, it lies in the folder that the test made. */
static const char *const plausible_strings[] = {
    "weight",
    "b c -> c b",
    "array.npy",
    "model.safetensors",
    "picture.png",
    "log.csv",
    "cpu",
    "head.",
    "a b -> a",
    "b c -> b c r",
    "exp_avg.weight",
    "checkpoint.safetensors",
    "curves.svg",
    "reference",
    "in_place",
    "all",
    "mean",
    "new",
    "epoch",
    "",
    "(a b) c -> a b c",
    "invert",
    "crop,flip",
    ".",
};
static const char *const hostile_strings[] = {
    NULL,
    "",
    long_text,
    "\xff\xfe\x80",
    "no_such_folder/file",
    "folder",
    ".",
    "%s%n%d",
    "a\nb\"c\\",
    "-> -> ->",
    "((((",
    "a a -> a",
    "b c -> b (c",
    "... ... -> ...",
    "99999999999999999999 -> 1",
    "a b c d e f g h i j -> a",
    "log.svg/x",
    "\xc3",
    "text.txt",
    "empty",
    "b c -> (b c 9223372036854775807)",
    " ",
    "/",
    "\x01",
};

static const char *pick_string(choice c)
{
    return c.hostile ? hostile_strings[c.random % COUNT(hostile_strings)]
                     : plausible_strings[c.random % COUNT(plausible_strings)];
}

void draw_string(const char **x)
{
    choice c = take();
    strings_drawn = true;
    if (!is_given(c)) return;
    *x = pick_string(c);
    say_string(*x);
}

void draw_format(const char **x)
{
    draw_string(x);
    if (!*x || !strchr(*x, '%')) return;
    *x = "%%";
    say(" /* \"%%%%\" */");
}

void draw_strings(const char *const **x)
{
    const char **strings = hold(ARRAY * sizeof *strings);
    choice c = take();
    optional = false;
    for (int i = 0; i < ARRAY; i++) strings[i] = c.hostile && i == 1 ? pick_string(c) : "a name";
    *x = c.hostile && c.random % 4 == 0 ? NULL : strings;
    say(*x ? "strings" : "NULL");
    first = false;
}

void draw_characters(char *x, size_t size)
{
    choice c = take();
    if (!is_given(c)) return;
    if (c.hostile && c.random % 2)
        memset(x, 'x', size); /* without an end */
    else
        snprintf(x, size, "%s", pick_string(c) ? pick_string(c) : "");
    say(x[size - 1] ? "without_an_end" : "\"%.*s\"", (int)size, x);
}

/* -- What pointers lead to ---------------------------------------------------------------------------------------- */

static struct {
    void *object;
    void (*end)(void *);
} ends[128];
static int end_count;

void *until_the_end(void *object, void (*end)(void *))
{
    if (!object) return NULL;
    if (end_count == (int)COUNT(ends)) abort();
    ends[end_count].object = object;
    ends[end_count++].end = end;
    return object;
}

void object_is_gone(const void *object)
{
    int i = end_count - 1;
    while (i >= 0 && ends[i].object != object) i--;
    if (i >= 0) ends[i].end = NULL;
}

void *hold(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (!memory) abort();
    return until_the_end(memory, free);
}

void repeat(void *elements, size_t size, int drawn)
{
    char *at = elements;
    for (int i = drawn; i < ARRAY - 1; i++) memcpy(at + (size_t)i * size, at + (size_t)(i % drawn) * size, size);
}

static pointer open(void)
{
    pointer p = { optional ? named_at : used, optional, "" };
    optional = false;
    return p;
}

pointer open_struct(const char *type)
{
    pointer p = open();
    say("&(%s)", type);
    return p;
}

pointer open_array(const char *type)
{
    pointer p = open();
    say("(%s[])", type);
    open_list("{ ");
    p.closing = " }";
    return p;
}

bool close_array(pointer p)
{
    close_list(p.closing);
    choice c = take();
    bool left_out = p.option && !c.hostile && c.random % current->odds;
    if (left_out || (c.hostile && c.random % 4)) {
        cut_text(p.mark);
        if (left_out) first = call_text[used - 1] == ' ' && call_text[used - 2] == '{';
        if (!left_out) say(p.option ? ", .pointer = NULL" : "NULL");
        return false;
    }
    return true;
}

enum { MEMORY = 1 << 15 };

void draw_memory(void **x)
{
    choice c = take();
    if (!is_given(c)) return;
    *x = NULL;
    if (c.hostile && c.random % 4) {
        say("NULL");
        return;
    }
    unsigned char *memory = *x = hold(MEMORY);
    const char *const text[] = { "zeros", "small_integers", "ones", "bytes" };
    unsigned kind = c.random / 4 % 4;
    for (int i = 0; i < MEMORY; i++) {
        if (kind == 1) memory[i] = i % 16 == 0;
        if (kind == 2) memory[i] = 1;
        if (kind == 3) memory[i] = (unsigned char)(i * 0x9e3779b1u >> 13);
    }
    say("%s", text[kind]);
}

void draw_room(void **x, size_t size, void (*end)(void *))
{
    choice c = take();
    if (!is_given(c)) return;
    *x = c.hostile ? NULL : until_the_end(hold(size), end);
    say(*x ? "&room" : "NULL");
}

/* -- Streams, functions ------------------------------------------------------------------------------------------- */

void draw_stream(FILE **x)
{
    static FILE *written, *read;
    if (!written) {
        written = fopen("stream", "w+");
        read = fopen("text.txt", "r");
        if (!written || !read) abort();
    }
    choice c = take();
    rewind(written);
    if (!is_given(c)) return;
    *x = !c.hostile ? written : c.random % 2 ? NULL : read;
    say(*x == written ? "stream" : *x ? "stream_to_read" : "NULL");
}

static vt_tensor callback_square_of_first(const vt_tensor *in, void *user)
{
    (void)user;
    return vt_square(in[0]);
}

static vt_tensor callback_nothing(const vt_tensor *in, void *user)
{
    (void)in, (void)user;
    return VT_INERT;
}

static vt_tensor callback_of_integers(const vt_tensor *in, void *user)
{
    (void)in, (void)user;
    return vt_zeros(VT_SHAPE(2), .dtype = VT_I64);
}

static vt_tensor callback_another_each_time(const vt_tensor *in, void *user)
{
    static int calls;
    (void)user;
    return calls++ % 2 ? vt_square(in[0]) : vt_sum(in[0]);
}

static vt_tensor callback_itself(const vt_tensor *in, void *user)
{
    (void)user;
    return in[0];
}

static vt_tensor callback_freed_result(const vt_tensor *in, void *user)
{
    (void)user;
    vt_tensor y = vt_square(in[0]);
    vt_free(y);
    return y;
}

void draw_vt_function(vt_function *x)
{
    static const vt_function hostile[] = {
        NULL, callback_nothing, callback_of_integers, callback_another_each_time, callback_itself, callback_freed_result
    };
    static const char *const text[] = { "NULL", "nothing", "of_integers", "another_each_time", "itself", "freed" };
    choice c = take();
    if (!is_given(c)) return;
    *x = c.hostile ? hostile[c.random % COUNT(hostile)] : callback_square_of_first;
    say("%s", c.hostile ? text[c.random % COUNT(hostile)] : "square_of_first");
}

static bool read_of_two_pixels(void *user, int64_t i, vt_picture *picture)
{
    (void)user, (void)i;
    *picture = (vt_picture){ 1, 2, calloc(1, 6) };
    return true;
}

static bool read_nothing(void *user, int64_t i, vt_picture *picture)
{
    (void)user, (void)i, (void)picture;
    return false;
}

static bool read_an_empty_picture(void *user, int64_t i, vt_picture *picture)
{
    (void)user, (void)i;
    *picture = (vt_picture){ 0 };
    return true;
}

void draw_vt_picture_reader(vt_picture_reader *x)
{
    static const vt_picture_reader hostile[] = { NULL, read_nothing, read_an_empty_picture };
    static const char *const text[] = { "NULL", "nothing", "an_empty_picture" };
    choice c = take();
    if (!is_given(c)) return;
    *x = c.hostile ? hostile[c.random % COUNT(hostile)] : read_of_two_pixels;
    say("%s", c.hostile ? text[c.random % COUNT(hostile)] : "of_two_pixels");
}

static bool none(const char *text, vt_tensor parameter, void *user)
{
    (void)text, (void)parameter, (void)user;
    return false;
}

static bool those_of_two_axes(const char *text, vt_tensor parameter, void *user)
{
    (void)text, (void)user;
    return vt_rank(parameter) == 2;
}

void draw_vt_parameter_filter(vt_parameter_filter *x)
{
    choice c = take();
    if (!is_given(c)) return;
    *x = !c.hostile ? those_of_two_axes : c.random % 2 ? NULL : none;
    say(*x == none ? "none" : *x ? "those_of_two_axes" : "NULL");
}

/* -- The call ----------------------------------------------------------------------------------------------------- */

void draw_begin(const plan *p)
{
    memset(long_text, 'w', sizeof long_text - 1);
    if (strings_drawn) write_files();
    strings_drawn = false;
    current = p;
    next = 0;
    end_count = 0;
    tensors_begin();
    cut_text(0);
    first = true;
    optional = false;
}

void draw_end(void)
{
    while (end_count > 0) {
        end_count--;
        if (ends[end_count].end) ends[end_count].end(ends[end_count].object);
    }
}
