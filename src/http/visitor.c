/* visitor: what a request tells of who made it. SPDX-License-Identifier: MIT
 */
#include "http/visitor.h"

#include <string.h>
#include <strings.h>

#include "http/site.h"

bool visitor_is_foreign(const struct request *request)
{
    const char *site = request_header(request, "Sec-Fetch-Site");
    const char *origin = request_header(request, "Origin");
    const char *host = request_header(request, "Host");
    const char *name;

    if (site != NULL && strcmp(site, "same-origin") != 0 &&
        strcmp(site, "none") != 0)
        return true;
    if (origin == NULL)
        return false;
    name = strstr(origin, "://");
    return host == NULL || name == NULL || strcasecmp(name + 3, host) != 0;
}

bool visitor_is_change(const struct request *request)
{
    return (request->head.method & (HTTP_GET | HTTP_HEAD | HTTP_OPTIONS)) == 0;
}

bool visitor_is_program(const struct request *request)
{
    const char *accept = request_header(request, "Accept");
    const char *mode = request_header(request, "Sec-Fetch-Mode");

    return request_header(request, "X-Requested-With") != NULL ||
           accept == NULL || strstr(accept, "text/html") == NULL ||
           (mode != NULL && strcmp(mode, "navigate") != 0);
}

void visitor_escape(struct strbuf *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";

    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL)
            strbuf_add(out, text, 1);
        else
            strbuf_printf(out, "%%%02X", (unsigned char)*text);
    }
}

void visitor_redirect(struct response *response, const char *path)
{
    struct strbuf location;

    strbuf_init(&location, 4 * PATH_TEXT_MAX + 8192);
    visitor_escape(&location, response_site(response)->prefix);
    strbuf_puts(&location, path);
    response_header(response, "Location", location.text);
    response_empty(response, 303);
    strbuf_free(&location);
}

static bool is_forwarded(const struct request *request)
{
    return request_header(request, "X-Forwarded-For") != NULL ||
           request_header(request, "Forwarded") != NULL ||
           request_header(request, "X-Real-IP") != NULL;
}

bool visitor_is_near(const struct site *site, const struct request *request)
{
    const struct networks *networks = site->networks;
    int index;

    if (request->is_local)
        return true;
    if (addr_is_loopback(&request->peer) ||
        (!request->is_proxied && is_forwarded(request)))
        return false; /* by a proxy that nobody named */
    if (addr_is_private(&request->peer))
        return true;
    index = networks != NULL ? network_find(networks, &request->peer) : -1;
    /* With -m 0.0.0.0/0 everybody would be. */
    return index >= 0 && strstr(network_text(networks, index), "/0") == NULL;
}
