/* cors: answers that pages of other sites may read.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_CORS_H
#define KELVIN_HTTP_CORS_H

#include "http/response.h"

/*
 * Cross-origin resource sharing (Fetch standard, 3.2), for what Grafana asks
 * out of a browser. Any origin may read such an answer, but only one that was
 * given to credentials of HTTP Basic which the page itself knew: a browser is
 * never told to add cookies or a password of its own, and what is answered
 * without a login, to the machine the browser is on, is not shared.
 */

/* Whether a browser asks if it may ask. */
bool cors_is_preflight(const struct request *request);

/* Tell it what is allowed; that needs no login. */
void cors_answer_preflight(struct response *response);

/* Share the answer that is to come, if it may be shared. */
void cors_share(struct response *response);

#endif
