/* class_tables.c - what was taken for what, as CSV files. */
#include "report/class_tables.h"
#include "program/csv_text.h"
#include "program/whole_file.h"

static void print_confusion(FILE *stream, const evaluation *e)
{
    const int classes = e->pictures->classes;
    fputs("class", stream);
    for (int said = 0; said < classes; said++)
        fputc(',', stream), csv_print_text(stream, e->pictures->class_names[said]);
    for (int class = 0; class < classes; class ++) {
        fputc('\n', stream);
        csv_print_text(stream, e->pictures->class_names[class]);
        for (int said = 0; said < classes; said++)
            fprintf(stream, ",%lld", (long long)e->confusion[(int64_t) class * classes + said]);
    }
    fputc('\n', stream);
}

/* Nothing, of nothing. */
static void print_share(FILE *stream, int64_t part, int64_t whole)
{
    if (whole > 0) fprintf(stream, "%.6g", (double)part / (double)whole);
}

static void print_classes(FILE *stream, const evaluation *e)
{
    const int classes = e->pictures->classes;
    fputs("class,pictures,correct,accuracy,said,precision\n", stream);
    for (int class = 0; class < classes; class ++) {
        const int64_t count = evaluation_class_count(e, class), correct = evaluation_class_correct(e, class);
        int64_t said = 0;
        for (int right = 0; right < classes; right++) said += e->confusion[(int64_t)right * classes + class];
        csv_print_text(stream, e->pictures->class_names[class]);
        fprintf(stream, ",%lld,%lld,", (long long)count, (long long)correct);
        print_share(stream, correct, count);
        fprintf(stream, ",%lld,", (long long)said);
        print_share(stream, correct, said);
        fputc('\n', stream);
    }
}

static bool write_table(const evaluation *e, const char *folder, const char *name,
                        void (*print)(FILE *stream, const evaluation *e))
{
    whole_file f;
    FILE *stream = whole_file_open(&f, folder, name);
    if (!stream) return false;
    print(stream, e);
    return whole_file_close(&f);
}

bool class_tables_write(const evaluation *e, const char *folder)
{
    return write_table(e, folder, "confusion.csv", print_confusion) &&
           write_table(e, folder, "per_class.csv", print_classes);
}
