/* nearest.c - names that somebody may have meant. */
#include "nearest.h"
#include <stdio.h>
#include <string.h>

enum { NAME_LENGTH = 64, SHOWN = 3 };

static int least_of(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

static int common_prefix(const char *a, const char *b)
{
    int n = 0;
    while (a[n] && a[n] == b[n]) n++;
    return n;
}

/* What making b of a costs (Levenshtein 1966), less what they begin with in common: names are more often cut short than
 * mistyped, and their ends more often wrong than their beginnings. 0 or more for names of NAME_LENGTH at most. */
static int distance(const char *a, const char *b)
{
    enum { PUT_IN = 1, TAKE_OUT = 3, CHANGE = 3, IN_COMMON = 8 };
    int row[NAME_LENGTH + 1];
    int n = (int)strnlen(b, NAME_LENGTH);
    for (int j = 0; j <= n; j++) row[j] = j * PUT_IN;
    for (int i = 0; a[i]; i++) {
        int diagonal = row[0];
        row[0] = (i + 1) * TAKE_OUT;
        for (int j = 0; j < n; j++) {
            int same = diagonal + (a[i] != b[j] ? CHANGE : 0);
            diagonal = row[j + 1];
            row[j + 1] = least_of(same, row[j] + PUT_IN, row[j + 1] + TAKE_OUT);
        }
    }
    return row[n] + IN_COMMON * (NAME_LENGTH - common_prefix(a, b));
}

void list_nearest(const char *name, const char *(*name_at)(int number), char *text, size_t size)
{
    int last = -1;
    size_t used = 0;
    for (int shown = 0, at_least = 0; shown < SHOWN && used < size;) {
        int nearest = -1, least = 1 << 20;
        for (int i = 0; name_at(i); i++) {
            int d = distance(name, name_at(i));
            if (d < at_least || (d == at_least && i <= last) || d >= least) continue;
            nearest = i;
            least = d;
        }
        if (nearest < 0) return;
        used += (size_t)snprintf(text + used, size - used, "%s%s", shown++ ? ", " : "", name_at(nearest));
        last = nearest;
        at_least = least;
    }
}
