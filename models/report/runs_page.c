/* runs_page.c - training runs side by side as one page. The page is runs_page.html; its data go where the page says
 * @DATA@. */
#include "report/runs_page.h"
#include "program/json_text.h"
#include "program/page_data.h"
#include "program/whole_file.h"

extern const char runs_page[];

bool runs_page_write(const char *to, const char *folder, const run_list *list)
{
    whole_file f;
    FILE *stream = whole_file_open(&f, to, "runs.html");
    if (!stream) return false;
    json_t *runs = json_array();
    for (int i = 0; i < list->count; i++) {
        json_t *one = run_describe(&list->runs[i]);
        json_object_set_new(one, "log", run_log(&list->runs[i]));
        json_array_append_new(runs, one);
    }
    page_fill(stream, runs_page, json_pack("{so so}", "folder", json_of_text(folder), "runs", runs));
    return whole_file_close(&f);
}
