/* entry.h - the public function that is under way, by which messages name it. */
#ifndef VITRO_CORE_BASE_ENTRY_H
#define VITRO_CORE_BASE_ENTRY_H

#include <vitro/base.h>

/* Public functions that call other public functions begin with
 *     ENTER("huber_loss", at);
 * so that messages from inside name the user's call, and gradients name the forward op's. Ended by the block. */
typedef struct entry {
    const char *call; /* NULL: none is under way */
    vt_site site;
} entry;
/* The outermost that was entered stands; what stood before is returned. */
entry entry_begin(const char *call, vt_site at);
/* The same, but it stands in any case: for what is done in the name of an op. */
entry entry_replace(const char *call, vt_site at);
void entry_end(const entry *before);
#define ENTER(call, at)    const entry VT_CLEANUP_(entry_end) entered_ = entry_begin(call, at)
#define ENTER_AS(call, at) const entry VT_CLEANUP_(entry_end) entered_ = entry_replace(call, at)

/* Of this thread. */
entry entry_get(void);

#endif
