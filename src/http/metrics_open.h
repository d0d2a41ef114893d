/* metrics_open: metrics as OpenMetrics wants them. SPDX-License-Identifier:
 * MIT */
#ifndef KELVIN_HTTP_METRICS_OPEN_H
#define KELVIN_HTTP_METRICS_OPEN_H

#include <stdbool.h>

#include "core/util/strbuf.h"
#include "http/request.h"

#define METRICS_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_OPEN \
    "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Whether who asks wants that format rather than Prometheus's own text. */
bool metrics_open_wanted(const struct request *request);

/* Append a text of that kind in this format: families of counters are named
 * without "_total", and the end is marked. */
void metrics_open_write(struct strbuf *out, const char *text);

#endif
