/* page.h - an explanation as one page that loads nothing: pointing at a patch shows what it attends to. */
#ifndef MODELS_EXPLAIN_PAGE_H
#define MODELS_EXPLAIN_PAGE_H

#include "explain/results.h"

/* Writes attention.html into the folder of the results. Maps of attention are in it as bytes, one a pair of tokens and
 * head; where that would be more than MOST_PAGE_BYTES, the means of the heads are. picture.png has to be in the folder,
 * and is copied into the page. False with an error: the picture cannot be read, or memory is short. */
enum { MOST_PAGE_BYTES = 16 << 20 };
bool attention_page_write(const results *r);

#endif
