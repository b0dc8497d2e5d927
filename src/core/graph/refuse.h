/* refuse.h - errors in the name of an op or of a public function. */
#ifndef VITRO_CORE_GRAPH_REFUSE_H
#define VITRO_CORE_GRAPH_REFUSE_H

#include "core/graph/node.h"
#include <vitro/error.h>

/* Raises an error of the node: "<op>: <message>  at file:line in function()". Returns false. */
bool refuse(const node *n, const char *format, ...) VT_PRINTF(2, 3);

/* Raises an error in the name of an op, or of the function that was entered. Returns the inert handle. */
vt_tensor refuse_call(const char *name, vt_site at, vt_status status, const char *format, ...) VT_PRINTF(4, 5);

/* Functions that take a struct of arguments begin with it. */
#define NEED_ARGUMENTS(name, a, nothing)                                                                               \
    do {                                                                                                               \
        if (a) break;                                                                                                  \
        refuse_call(name, (vt_site){ 0 }, VT_ERROR_ARGUMENT, "the struct of arguments is NULL");                       \
        return nothing;                                                                                                \
    } while (0)

/* False, with an error "eps is nan; it must be finite, 0 or more", where a number of the call does not fit. */
bool number_fits(bool fits, const char *name, vt_site at, const char *what, double value, const char *wanted);

#endif
