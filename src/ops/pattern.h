/* pattern.h - the notation of einops, parsed without allocation. */
#ifndef VITRO_OPS_PATTERN_H
#define VITRO_OPS_PATTERN_H

#include <vitro/base.h>

enum { MAX_ITEMS = 32, MAX_PATTERN = 512 };

/* An axis of a side, by name. One that stands in no parentheses is a term of its own; those in one pair are one term.
 */
typedef struct item {
    const char *name; /* in the pattern, not terminated; "..." for one of the axes of an ellipsis */
    int length, term;
    int ordinal;  /* among the axes of the ellipsis; 0 for a name */
    bool unnamed; /* a number: equal to no other axis */
    int64_t size; /* -1 while it is not known */
} item;

/* A side: its items in order. A term without items is an axis of extent 1. */
typedef struct side {
    int items, terms;
    item item[MAX_ITEMS];
    int ellipsis; /* the item that stands for it; -1: none */
    bool joined;  /* the ellipsis is in parentheses */
} side;

typedef struct pattern {
    side left, right;
} pattern;

/* False, with the reason in message, where the text is no pattern. */
bool pattern_parse(const char *text, pattern *p, char message[256]);

/* Puts `count` axes in the place of the ellipsis. False where that makes more than MAX_ITEMS. */
bool side_expand_ellipsis(side *s, int count);

/* The number of the item of s that is the same axis; -1: none. */
int side_find(const side *s, const item *wanted);

#endif
