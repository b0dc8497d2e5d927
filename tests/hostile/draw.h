/* draw.h - arguments, drawn by their types. tests/hostile/generate knows a type where there is a draw_<type> here. */
#ifndef VITRO_TESTS_HOSTILE_DRAW_H
#define VITRO_TESTS_HOSTILE_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vitro/vitro.h>

/* -- The plan of a call: what is drawn of each argument ----------------------------------------------------------- */

enum { MAX_CHOICES = 192 };

typedef struct choice {
    uint32_t random;
    bool hostile; /* from the values that no program means */
} choice;

typedef struct plan {
    choice choices[MAX_CHOICES];
    uint32_t odds; /* one in so many options is given */
    bool fails_before, eager, training;
} plan;

/* From here on draws follow the plan. */
void draw_begin(const plan *p);
/* The choice of the next argument. */
choice take(void);
/* Whether the argument just named is given: a plausible option may be left out. */
bool is_given(choice c);
/* Draws made since. */
int draws_made(void);
/* Ends what was drawn. */
void draw_end(void);

/* -- The text of the call, in C ----------------------------------------------------------------------------------- */

enum { TEXT_SIZE = 8192 };
/* Where it is written to. */
extern char *call_text;

void open_list(const char *text);
void close_list(const char *text);
void name_argument(const char *name);
/* Of what may be left out. */
void name_option(const char *name);
void take_name_back(void);
const char *element_name(const char *name, int i);

/* -- Values ------------------------------------------------------------------------------------------------------- */

void draw_int(int *x);
void draw_int64_t(int64_t *x);
void draw_uint64_t(uint64_t *x);
void draw_size_t(size_t *x);
void draw_double(double *x);
void draw_bool(bool *x);
void draw_enumeration(int *x, int count);
/* Says how many elements a pointer leads to: never more than there are. */
void draw_extent(int64_t *x, const char *name, bool is_unsigned);
/* What takes long with more: at most 20 */
void draw_small(int64_t *x);
void draw_vt_site(vt_site *x);
void draw_vt_shape(vt_shape *x);
void draw_vt_axes(vt_axes *x);
void draw_vt_tensor(vt_tensor *x);

/* Characters with an end, or without. */
void draw_characters(char *x, size_t size);
void draw_string(const char **x);
/* Of a function like printf: without conversions. */
void draw_format(const char **x);
void draw_strings(const char *const **x);

/* -- What pointers lead to: ARRAY elements, and NULL -------------------------------------------------------------- */

enum { ARRAY = 8 };

/* Zeroed memory that ends with the call. */
void *hold(size_t bytes);
/* Repeats the elements drawn to the end of the array, but for the last, which stays zero, as the end of a list is. */
void repeat(void *elements, size_t size, int drawn);

typedef struct pointer {
    size_t mark; /* in the text */
    bool option;
    const char *closing;
} pointer;
pointer open_struct(const char *type);
pointer open_array(const char *type);
/* Whether it is there. */
bool close_array(pointer p);

void draw_memory(void **x);
/* A struct that the function fills in, and that is ended then. */
void draw_room(void **x, size_t size, void (*end)(void *));
void draw_tensors(const vt_tensor **x);
void draw_room_for_tensors(vt_tensor **x);
void draw_stream(FILE **x);
void draw_vt_function(vt_function *x);
void draw_vt_picture_reader(vt_picture_reader *x);
void draw_vt_parameter_filter(vt_parameter_filter *x);

/* -- Objects: objects.c ------------------------------------------------------------------------------------------- */

void draw_vt_model_object(vt_model **x);
void draw_vt_optimizer_object(vt_optimizer **x);
void draw_vt_dataset_object(vt_dataset **x);
void draw_vt_loader_object(vt_loader **x);
void draw_vt_progress_object(vt_progress **x);
void draw_vt_training_log_object(vt_training_log **x);
void draw_vt_tensor_file_object(vt_tensor_file **x);
void draw_vt_picture_object(vt_picture **x);

/* A choice among so many plausible values, or as many hostile ones: the index, and whether hostile. Text goes with it.
 */
bool draw_among(unsigned plausible, unsigned hostile, unsigned *which);
void say(const char *format, ...) VT_PRINTF(1, 2);

/* Ends with the call, in the opposite order; unless the function took it. */
void *until_the_end(void *object, void (*end)(void *));
void object_is_gone(const void *object);

/* -- Tensors: tensors.c; files: objects.c ------------------------------------------------------------------------ */

void tensors_begin(void);
/* The trainable tensors that were drawn for this call. */
int trainable_drawn(const vt_tensor **tensors);
/* What the call may have put into room for tensors. */
int tensors_received(const vt_tensor **tensors);
/* For tensors of another thread: it lives until the end. */
void start_another_thread(void);
void end_another_thread(void);
/* The files that strings name: made once, by the library; read into memory; written to the current folder from there.
 */
void make_files(void);
void read_files(void);
void write_files(void);

#endif
