/* log.h - what VT_LOG asks for: VT_LOG=run,plan,... prints lines of those topics on standard error. */
#ifndef VITRO_CORE_BASE_LOG_H
#define VITRO_CORE_BASE_LOG_H

#include <vitro/base.h>

bool log_is_on(const char *topic);
void log_line(const char *topic, const char *format, ...) VT_PRINTF(2, 3);

#endif
