/* visitor: what a request tells of who made it. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_HTTP_VISITOR_H
#define KELVIN_HTTP_VISITOR_H

#include "core/util/strbuf.h"
#include "http/response.h"
#include "http/site.h"

/* Whether a page of another site made this request, as browsers tell. */
bool visitor_is_foreign(const struct request *request);

/* Whether the method is one that may change something. */
bool visitor_is_change(const struct request *request);

/* Whether a program asks, not somebody who looks at pages. */
bool visitor_is_program(const struct request *request);

/* Answer with a redirection (303) below the prefix. */
void visitor_redirect(struct response *response, const char *path);

/* Append the text with all but letters, digits and "-._~/" as %XX. */
void visitor_escape(struct strbuf *out, const char *text);

/* From this machine or a local network, where the first password is good. */
bool visitor_is_near(const struct site *site, const struct request *request);

#endif
