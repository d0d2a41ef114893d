/* metrics: how kelvin itself is doing. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_METRICS_H
#define KELVIN_HTTP_METRICS_H

#include "core/util/strbuf.h"
#include "http/response.h"
#include "http/site.h"

/* Append all metrics as Prometheus text, version 0.0.4. Labels are names of
 * interfaces, sinks and constants of ours: their number is bounded. */
void metrics_write(struct strbuf *out, const struct site *site);

/* Append a label's value with its quotes, escaped as that format wants. */
void metrics_label(struct strbuf *out, const char *value);

/* Handlers of /metrics and /health. */
void metrics_page(struct response *response);
void metrics_health(struct response *response);

#endif
