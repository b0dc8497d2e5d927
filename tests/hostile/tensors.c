/* tensors.c - tensors of every kind, and those that are none any more. */
#include "draw.h"
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static vt_tensor trainable[64], last_drawn;
static int trainable_count;
static const vt_tensor *room; /* the last that was drawn */

void tensors_begin(void)
{
    trainable_count = 0;
    last_drawn = VT_INERT;
    room = NULL;
}

int trainable_drawn(const vt_tensor **tensors)
{
    *tensors = trainable;
    return trainable_count;
}

int tensors_received(const vt_tensor **tensors)
{
    *tensors = room;
    return room ? ARRAY : 0;
}

/* "2 3": [2, 3] */
static vt_shape shape_of(const char *text)
{
    vt_shape shape = { .rank = 0 };
    for (char *end; *text; text = end) {
        shape.dim[shape.rank] = strtoll(text, &end, 10);
        if (end == text) break;
        shape.rank++;
    }
    return shape;
}

/* Small numbers, 0 and 1 where they are no floats. */
static vt_tensor data(vt_dtype dtype, const char *shape_text)
{
    vt_shape shape = shape_of(shape_text);
    int64_t count = vt_shape_count(shape);
    union {
        float f32[288];
        double f64[288];
        int32_t i32[288];
        int64_t i64[288];
        uint8_t u8[288];
    } x;
    if (count > (int64_t)COUNT(x.f64)) abort();
    for (int i = 0; i < count; i++) {
        double value = (i * 7 % 11 - 5) / 4.0;
        switch (dtype) {
        case VT_F32: x.f32[i] = (float)value; break;
        case VT_F64: x.f64[i] = value; break;
        case VT_I32: x.i32[i] = i % 2; break;
        case VT_I64: x.i64[i] = i % 2; break;
        default: x.u8[i] = (uint8_t)(i % 2); break;
        }
    }
    return vt_from_data(&x, shape, dtype);
}

static vt_tensor weight(const char *shape)
{
    vt_tensor x = data(VT_F32, shape);
    vt_set_trainable(x, true);
    if (trainable_count < (int)COUNT(trainable)) trainable[trainable_count++] = x;
    return x;
}

static vt_tensor f32(const char *shape)
{
    return data(VT_F32, shape);
}

static vt_tensor f64(const char *shape)
{
    return data(VT_F64, shape);
}

static vt_tensor i64(const char *shape)
{
    return data(VT_I64, shape);
}

static vt_tensor i32(const char *shape)
{
    return data(VT_I32, shape);
}

static vt_tensor u8(const char *shape)
{
    return data(VT_U8, shape);
}

static vt_tensor boolean(const char *shape)
{
    return data(VT_BOOL, shape);
}

static vt_tensor result(const char *shape)
{
    return vt_exp(weight(shape));
}

static vt_tensor loss(const char *shape)
{
    return vt_sum(result(shape));
}

static vt_tensor permuted(const char *shape)
{
    return vt_permute(data(VT_F32, shape), VT_AXES(1, 0));
}

#define FULL(name, value, type)                                                                                        \
    static vt_tensor name(const char *shape)                                                                           \
    {                                                                                                                  \
        return vt_full(shape_of(shape), value, .dtype = type);                                                         \
    }
FULL(ones, 1, VT_F32)
FULL(nans, NAN, VT_F32)
FULL(infinities, INFINITY, VT_F32)
FULL(i64_zeros, 0, VT_I64)
FULL(i64_below_zero, -1, VT_I64)
FULL(i64_ignored, VT_IGNORE, VT_I64)
FULL(i64_large, 9e18, VT_I64)

static vt_tensor out_of_scope(const char *shape)
{
    VT_SCOPE;
    return data(VT_F32, shape);
}

static vt_tensor freed(const char *shape)
{
    vt_tensor x = data(VT_F32, shape);
    vt_free(x);
    return x;
}

static vt_tensor freed_result(const char *shape)
{
    vt_tensor x = vt_exp(data(VT_F32, shape));
    vt_free(x);
    return x;
}

static vt_tensor inert(const char *shape)
{
    (void)shape;
    return VT_INERT;
}

static vt_tensor unknown(const char *id)
{
    return (vt_tensor){ (uint32_t)strtoul(id, NULL, 10), 1 };
}

static vt_tensor of_another_thread;

static vt_tensor foreign(const char *shape)
{
    (void)shape;
    return of_another_thread;
}

typedef struct kind {
    vt_tensor (*make)(const char *shape);
    const char *shape, *text;
} kind;
#define KIND(make, shape)                                                                                              \
    {                                                                                                                  \
        make, shape, #make "(" #shape ")"                                                                              \
    }

static const kind plausible[] = {
    KIND(f32, "2 3"),   KIND(weight, "2 3"),   KIND(result, "2 3"),  KIND(i64, "2 3"),     KIND(f32, "2"),
    KIND(weight, "3"),  KIND(i64, "2"),        KIND(f32, "4"),       KIND(f32, "2 4 6 6"), KIND(weight, "4 4 3 3"),
    KIND(f32, "2 3 4"), KIND(permuted, "3 2"), KIND(f32, ""),        KIND(boolean, "2 3"), KIND(f64, "2 3"),
    KIND(i32, "2"),     KIND(weight, "4 4"),   KIND(f32, "3"),       KIND(loss, "2 3"),    KIND(f32, "2 1"),
    KIND(f32, "2 2 3"), KIND(f32, "2 3 3 2"),  KIND(i64, "2 4 3 3"), KIND(f32, "2 4 3 3"), KIND(weight, "3 4 2"),
};

static const kind hostile[] = {
    KIND(inert, ""),
    KIND(out_of_scope, "2 3"),
    KIND(freed, "2 3"),
    KIND(freed_result, "2 3"),
    KIND(foreign, ""),
    KIND(unknown, "12345678"),
    KIND(unknown, "4294967295"),
    KIND(unknown, "1"),
    KIND(i64, "2 3"),
    KIND(i32, "2 3"),
    KIND(u8, "2 3"),
    KIND(boolean, "2 3"),
    KIND(f64, "2 3"),
    KIND(f32, "0"),
    KIND(f32, "0 3"),
    KIND(f32, "2 0"),
    KIND(f32, "2 0 4 4"),
    KIND(f32, "0 4 6 6"),
    KIND(i64, "0"),
    KIND(weight, "0 0 0 0 0 0 0 0"),
    KIND(f32, ""),
    KIND(i64, ""),
    KIND(boolean, ""),
    KIND(weight, "1 2 1 2 1 2 1 2"),
    KIND(i64, "1 1 1 1 1 1 1 2"),
    KIND(ones, "140737488355328"),
    KIND(ones, "2 70368744177664"),
    KIND(ones, "1 1 1 1 1 65536 65536 4"),
    KIND(i64_zeros, "140737488355328"),
    KIND(nans, "2 3"),
    KIND(infinities, "2 4 6 6"),
    KIND(i64_below_zero, "2"),
    KIND(i64_ignored, "2 3"),
    KIND(i64_large, "2"),
    KIND(ones, "0 140737488355328"),
    KIND(ones, "140737488355328 0"),
    KIND(u8, "2 4 6 6"),
    KIND(f64, "2 4 6 6"),
    KIND(f32, "1 1 1 1"),
};

void draw_vt_tensor(vt_tensor *x)
{
    choice c = take();
    if (!is_given(c)) return;
    const kind *k = c.hostile ? &hostile[c.random % COUNT(hostile)] : &plausible[c.random % COUNT(plausible)];
    bool again = c.random >> 16 & 1 && (!c.hostile || c.random % 8 == 0);
    if (last_drawn.id && again) {
        *x = last_drawn; /* many ops take tensors that have a shape in common */
        say("the_same");
    } else {
        *x = k->make(k->shape);
        say("%s", k->text);
    }
    if (vt_is_live(*x)) last_drawn = *x;
}

void draw_tensors(const vt_tensor **x)
{
    vt_tensor *tensors = hold(ARRAY * sizeof *tensors);
    pointer p = open_array("vt_tensor");
    for (int i = 0; i < ARRAY; i++) {
        if (i < 3) name_argument("");
        if (i < 3)
            draw_vt_tensor(&tensors[i]);
        else
            tensors[i] = tensors[i % 3];
    }
    if (close_array(p)) *x = tensors;
}

void draw_room_for_tensors(vt_tensor **x)
{
    choice c = take();
    if (!is_given(c)) return;
    *x = NULL;
    if (!c.hostile) *x = hold(ARRAY * sizeof **x);
    for (int i = 0; *x && i < ARRAY; i++) (*x)[i] = unknown("4294967295");
    room = *x;
    say(*x ? "tensors" : "NULL");
}

/* -- Another thread ----------------------------------------------------------------------------------------------- */

static pthread_t thread;
static pthread_barrier_t barrier;

static void *other(void *user)
{
    vt_scope scope = vt_scope_begin();
    of_another_thread = f32("2 3");
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    vt_scope_end(&scope);
    return user;
}

void start_another_thread(void)
{
    pthread_barrier_init(&barrier, NULL, 2);
    if (pthread_create(&thread, NULL, other, NULL) != 0) abort();
    pthread_barrier_wait(&barrier);
}

void end_another_thread(void)
{
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&barrier);
}
