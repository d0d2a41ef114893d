/* denial: what those get who may not. SPDX-License-Identifier: MIT */
#include "http/denial.h"

#include "http/visitor.h"

/* The form, which leads back to what was asked for. */
static void redirect_to_login(struct response *response)
{
    const struct request *request = response_request(response);
    struct strbuf path;
    struct strbuf from;

    strbuf_init(&from, 2048);
    visitor_escape(&from, request->path);
    if (request->query_text[0] != '\0')
        strbuf_printf(&from, "?%s", request->query_text);
    strbuf_init(&path, 8192);
    strbuf_puts(&path, "/lua/login.lua?referer=");
    if (!from.truncated)
        visitor_escape(&path, from.text);
    if (request->is_away)
        strbuf_puts(&path, "&message=away#away");
    visitor_redirect(response, path.text);
    strbuf_free(&path);
    strbuf_free(&from);
}

/* Nobody is known. Scripts of pages must not make browsers ask for a
 * password. */
static void ask_for_basic(struct response *response)
{
    const struct request *request = response_request(response);

    if (request_header(request, "Sec-Fetch-Mode") == NULL &&
        request_header(request, "X-Requested-With") == NULL)
        response_header(response, "WWW-Authenticate",
                        "Basic realm=\"kelvin\", charset=\"UTF-8\"");
    response_error(response, 401, NULL);
}

void denial_send(void *arg, struct response *response)
{
    const struct request *request = response_request(response);

    (void)arg;
    if (request->is_forged)
        response_error(response, 403,
                       "The form is not one of this session; load it again");
    else if (request->role >= ROLE_USER)
        response_error(response, 403, "Only for administrators");
    else if (request->role == ROLE_NEWCOMER && !visitor_is_program(request))
        visitor_redirect(response, "/lua/change_password.lua");
    else if (request->role == ROLE_NEWCOMER)
        response_error(response, 403, "Set another password first");
    else if (!visitor_is_change(request) && !visitor_is_program(request))
        redirect_to_login(response);
    else if (request->must_wait)
        response_error(response, 429, "Too many failed logins; wait a while");
    else if (request->is_away)
        response_error(response, 503, "Logins cannot be checked now");
    else
        ask_for_basic(response);
}
