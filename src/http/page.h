/* page: Lua scripts that answer. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_PAGE_H
#define KELVIN_HTTP_PAGE_H

#include "http/response.h"

/*
 * The handler of "/" and of all below "/lua/". The script finds _GET, _POST,
 * _SERVER, _COOKIE, _SESSION, ifname and ifid; what it prints is the answer,
 * its own header block first if there is one (page_head.h), else text/html.
 *
 * Small answers are held back until the script ends, so that one that fails
 * gives an error page and nothing of its own. Larger ones stream as fast as
 * the client reads; when such a script fails, the answer is cut short.
 */
void page_run(struct response *response);

#endif
