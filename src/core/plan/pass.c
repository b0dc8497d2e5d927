/* pass.c - passes and options of lowering by name, and which of them are off. */
#include "core/base/error.h"
#include "core/plan/pass.h"
#include "core/library.h"
#include <stdlib.h>
#include <string.h>

static const char *const option_names[LOWERING_OPTIONS] = { [IN_PLACE] = "in_place", [WRITE_PARTS] = "write_parts" };

static int pass_count(void)
{
    int count = 0;
    while (library.passes[count].name) count++;
    return count;
}

const char *vt_pass_name(int index)
{
    int passes = pass_count();
    if (index < 0 || index >= passes + LOWERING_OPTIONS) return NULL;
    return index < passes ? library.passes[index].name : option_names[index - passes];
}

static int find(const char *name, size_t length)
{
    for (int i = 0; vt_pass_name(i); i++)
        if (strlen(vt_pass_name(i)) == length && strncmp(vt_pass_name(i), name, length) == 0) return i;
    return -1;
}

static uint64_t all(void)
{
    return ((uint64_t)1 << (pass_count() + LOWERING_OPTIONS)) - 1;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && strncmp(text, word, length) == 0;
}

/* A list in which each word counts on from the one before: "none,softmax", "-in_place". */
uint64_t passes_turned_off(void)
{
    uint64_t off = 0;
    const char *list = getenv("VT_PASSES");
    while (list && *list) {
        size_t length = strcspn(list, ",");
        bool minus = *list == '-';
        int i = find(list + minus, length - minus);
        if (is_word(list, length, "none"))
            off = all();
        else if (is_word(list, length, "all"))
            off = 0;
        else if (i >= 0)
            off = minus ? off | (uint64_t)1 << i : off & ~((uint64_t)1 << i);
        else
            raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 },
                        "VT_PASSES: no pass \"%.*s\"; it may be all, none, or what vt_pass_name lists", (int)length,
                        list);
        list += length + (list[length] == ',');
    }
    return off;
}

bool pass_is_on(const context *c, int index)
{
    return !(c->passes_off >> index & 1);
}

bool lowering_option_is_on(const context *c, enum lowering_option option)
{
    return pass_is_on(c, pass_count() + (int)option);
}

void vt_set_pass(const char *name, bool on)
{
    context *c = context_get();
    uint64_t mask = all();
    int i = name ? find(name, strlen(name)) : -1;
    if (i >= 0) mask = (uint64_t)1 << i;
    if (i < 0 && (!name || strcmp(name, "all") != 0))
        raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "no pass \"%s\"; vt_pass_name lists them", name ? name : "NULL");
    else
        c->passes_off = on ? c->passes_off & ~mask : c->passes_off | mask;
}
