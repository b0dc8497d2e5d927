/* runs_page.c - training runs side by side as one page. The page is runs_page.html; its data go where the page says
 * @DATA@. */
#include "report/runs_page.h"
#include "program/json_text.h"
#include "program/page_data.h"

extern const char runs_page[];

bool runs_page_write(const char *to, const char *folder, const run_list *list)
{
    return page_write(to, "runs.html", runs_page,
                      json_pack("{so so}", "folder", json_of_text(folder), "runs", run_list_json(list)));
}
