/* metrics.c - running means over an epoch. */
#include "program/metrics.h"

void metrics_add(metrics *m, vt_tensor loss, vt_tensor correct, int64_t pictures)
{
    if (m->unread_count == MAX_UNREAD) metrics_read(m);
    int i = m->unread_count++;
    m->unread[i].loss = vt_keep(loss);
    m->unread[i].correct = vt_keep(correct);
    m->unread[i].pictures = pictures;
}

void metrics_read(metrics *m)
{
    for (int i = 0; i < m->unread_count; i++) {
        m->loss_sum += vt_item(m->unread[i].loss) * (double)m->unread[i].pictures;
        m->correct += (int64_t)vt_item(m->unread[i].correct);
        m->seen += m->unread[i].pictures;
        vt_free(m->unread[i].loss);
        vt_free(m->unread[i].correct);
    }
    m->unread_count = 0;
}

double metrics_loss(const metrics *m)
{
    return m->loss_sum / (double)m->seen;
}

double metrics_accuracy(const metrics *m)
{
    return (double)m->correct / (double)m->seen;
}
