/* pattern.c - the notation of einops: "b (h p) ... -> b h (p ...)". */
#include "ops/pattern.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct parser {
    const char *text, *at, *end;
    const char *open; /* the parenthesis that is open */
    side *side;
    char *message;
} parser;

/* Characters are counted from 1. */
static bool fail(const parser *p, const char *where, const char *format, ...) VT_PRINTF(3, 4);
static bool fail(const parser *p, const char *where, const char *format, ...)
{
    char text[200];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (where)
        snprintf(p->message, 256, "%s at character %d", text, (int)(where - p->text) + 1);
    else
        snprintf(p->message, 256, "%s", text);
    return false;
}

int side_find(const side *s, const item *wanted)
{
    for (int i = 0; i < s->items && !wanted->unnamed; i++) {
        const item *here = &s->item[i];
        if (!here->unnamed && here->length == wanted->length && here->ordinal == wanted->ordinal &&
            memcmp(here->name, wanted->name, (size_t)here->length) == 0)
            return i;
    }
    return -1;
}

static bool add_item(parser *p, int length, bool unnamed, int64_t size)
{
    side *s = p->side;
    item added = { p->at, length, s->terms - (p->open != NULL), 0, unnamed, size };
    if (s->items == MAX_ITEMS) return fail(p, p->at, "more than %d axes on one side", MAX_ITEMS);
    if (side_find(s, &added) >= 0)
        return fail(p, p->at, "%.*s%s is twice on one side, again", length > 40 ? 40 : length, p->at,
                    length > 40 ? "..." : "");
    s->item[s->items++] = added;
    s->terms += p->open == NULL;
    p->at += length;
    return true;
}

static bool parse_name(parser *p)
{
    int length = 0;
    while (p->at + length < p->end && (isalnum((unsigned char)p->at[length]) || p->at[length] == '_')) length++;
    return add_item(p, length, false, -1);
}

static bool parse_number(parser *p)
{
    int64_t value = 0;
    int length = 0;
    for (; p->at + length < p->end && isdigit((unsigned char)p->at[length]); length++)
        if (value < (int64_t)1 << 48) value = value * 10 + (p->at[length] - '0');
    if (p->at + length < p->end && (isalpha((unsigned char)p->at[length]) || p->at[length] == '_'))
        return fail(p, p->at, "a name begins with a letter; found a digit");
    if (value < 1 || value >= (int64_t)1 << 48) return fail(p, p->at, "a number is no extent");
    if (value > 1) return add_item(p, length, true, value);
    p->at += length;
    p->side->terms += p->open == NULL;
    return true;
}

static bool parse_ellipsis(parser *p)
{
    if (p->end - p->at < 3 || memcmp(p->at, "...", 3) != 0)
        return fail(p, p->at, "an ellipsis is three dots; found other");
    p->side->ellipsis = p->side->items;
    p->side->joined = p->open != NULL;
    return add_item(p, 3, false, -1);
}

static bool parse_parenthesis(parser *p)
{
    if (*p->at == '(' && p->open) return fail(p, p->at, "a parenthesis inside another");
    if (*p->at == ')' && !p->open) return fail(p, p->at, "a parenthesis closes that was not opened");
    p->side->terms += *p->at == '(';
    p->open = *p->at == '(' ? p->at : NULL;
    p->at++;
    return true;
}

static bool parse_side(parser *p, const char *end, side *s)
{
    *s = (side){ .ellipsis = -1 };
    p->end = end;
    p->side = s;
    p->open = NULL;
    bool ok = true;
    while (ok && p->at < end) {
        unsigned char c = (unsigned char)*p->at;
        if (c == ' ')
            p->at++;
        else if (isalpha(c))
            ok = parse_name(p);
        else if (isdigit(c))
            ok = parse_number(p);
        else if (c == '.')
            ok = parse_ellipsis(p);
        else if (c == '(' || c == ')')
            ok = parse_parenthesis(p);
        else
            ok = fail(p, p->at, isprint(c) ? "'%c' means nothing here:" : "byte %d means nothing here:", c);
    }
    return ok && p->open ? fail(p, p->open, "a parenthesis is not closed, opened") : ok;
}

bool pattern_parse(const char *text, pattern *out, char message[256])
{
    parser p = { .text = text, .at = text, .message = message };
    size_t length = strnlen(text, MAX_PATTERN + 1);
    if (length > MAX_PATTERN) return fail(&p, NULL, "the pattern is longer than %d characters", MAX_PATTERN);
    const char *arrow = strstr(text, "->");
    if (!arrow) return fail(&p, NULL, "there is no \"->\" between two sides");
    const char *second = strstr(arrow + 2, "->");
    if (second) return fail(&p, second, "a second \"->\"");
    if (!parse_side(&p, arrow, &out->left)) return false;
    p.at = arrow + 2;
    if (!parse_side(&p, text + length, &out->right)) return false;
    if (out->left.joined)
        return fail(&p, out->left.item[out->left.ellipsis].name,
                    "\"...\" in parentheses on the left side, where it cannot be told apart,");
    if (out->right.ellipsis >= 0 && out->left.ellipsis < 0)
        return fail(&p, out->right.item[out->right.ellipsis].name, "\"...\" is only on the right side,");
    return true;
}

bool side_expand_ellipsis(side *s, int count)
{
    if (s->ellipsis < 0) return true;
    int at = s->ellipsis, more = count - 1;
    item dots = s->item[at];
    if (s->items + more > MAX_ITEMS) return false;
    memmove(&s->item[at + count], &s->item[at + 1], (size_t)(s->items - at - 1) * sizeof *s->item);
    s->items += more;
    for (int i = 0; i < count; i++) {
        s->item[at + i] = dots;
        s->item[at + i].ordinal = i;
        if (!s->joined) s->item[at + i].term += i;
    }
    if (s->joined) return true;
    s->terms += more;
    for (int i = at + count; i < s->items; i++) s->item[i].term += more;
    return true;
}
