/* route: which handler answers which path. SPDX-License-Identifier: MIT */
#include "http/route.h"

#include <string.h>
#include <strings.h>

#include "http/asset.h"
#include "http/cors.h"
#include "http/login.h"
#include "http/metrics.h"
#include "http/page.h"
#include "http/stream.h"

/* Whose scripts may ask a route and read what it says. */
enum route_share {
    OURS,
    ANYBODYS /* those of other sites, too, if they know a password: cors.h */
};

struct route {
    const char *path; /* ends in '/', but for "/": all paths below it */
    unsigned methods; /* HTTP_GET | ...; HEAD goes with GET */
    enum http_role role;
    enum route_share share;
    void (*run)(struct response *response);
};

/* The first that matches counts. */
static const struct route routes[] = {
    {"/health", HTTP_GET, ROLE_NONE, OURS, metrics_health},
    {"/metrics", HTTP_GET, ROLE_USER, OURS, metrics_page},
    {"/stream", HTTP_GET, ROLE_USER, OURS, stream_page},
    {"/lua/login.lua", HTTP_GET | HTTP_POST, ROLE_NONE, OURS, login_page},
    {"/authorize", HTTP_POST, ROLE_NONE, OURS, login_page},
    {"/lua/logout.lua", HTTP_GET | HTTP_POST, ROLE_NEWCOMER, OURS,
     login_out_page},
    {"/lua/change_password.lua", HTTP_GET | HTTP_POST, ROLE_NEWCOMER, OURS,
     login_password_page},
    {"/", HTTP_GET, ROLE_USER, OURS, page_run},
    {"/lua/modules/grafana", HTTP_GET | HTTP_POST, ROLE_USER, ANYBODYS,
     page_run},
    {"/lua/modules/grafana/", HTTP_GET | HTTP_POST, ROLE_USER, ANYBODYS,
     page_run},
    {"/lua/", HTTP_GET | HTTP_POST, ROLE_USER, OURS, page_run},
    {"/static/", HTTP_GET, ROLE_NONE, OURS, asset_page},
    {"/css/", HTTP_GET, ROLE_NONE, OURS, asset_page},
    {"/js/", HTTP_GET, ROLE_NONE, OURS, asset_page},
    {"/img/", HTTP_GET, ROLE_NONE, OURS, asset_page},
    {"/favicon.ico", HTTP_GET, ROLE_NONE, OURS, asset_page},
};

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        size_t len = strlen(routes[i].path);

        if (len > 1 && routes[i].path[len - 1] == '/'
                ? strncmp(path, routes[i].path, len) == 0
                : strcmp(path, routes[i].path) == 0)
            return &routes[i];
    }
    return NULL;
}

static unsigned allowed(const struct route *route)
{
    return route->methods | HTTP_OPTIONS |
           ((route->methods & HTTP_GET) != 0 ? HTTP_HEAD : 0);
}

static void set_allow(struct response *response, const struct route *route)
{
    struct strbuf list;

    strbuf_init(&list, 128);
    for (unsigned method = HTTP_GET; method <= HTTP_TRACE; method <<= 1)
        if ((allowed(route) & method) != 0)
            strbuf_printf(&list, "%s%s", list.len > 0 ? ", " : "",
                          head_method_name(method));
    response_header(response, "Allow", list.text);
    strbuf_free(&list);
}

static void deny(struct response *response)
{
    const struct http_auth *auth = &response_site(response)->auth;

    if (auth->deny != NULL)
        auth->deny(auth->arg, response);
    else if (response_request(response)->role == ROLE_NONE)
        response_error(response, 403, "Only for users; there is no login here");
    else
        response_error(response, 403, "Only for administrators");
}

void route_go_on(struct response *response)
{
    const struct request *request = response_request(response);
    const struct route *route = find_route(request->path);

    if (route->share == ANYBODYS)
        cors_share(response);
    if (request->role < route->role) {
        deny(response);
    } else if (request->head.method == HTTP_OPTIONS) {
        set_allow(response, route);
        response_empty(response, 204);
    } else {
        route->run(response);
    }
}

void route_run(struct response *response)
{
    const struct http_auth *auth = &response_site(response)->auth;
    struct request *request = response_request_of(response);
    const struct route *route = find_route(request->path);

    if (route == NULL) {
        response_error(response, 404, request->path);
        return;
    }
    if ((allowed(route) & request->head.method) == 0) {
        set_allow(response, route);
        response_error(response, 405, NULL);
        return;
    }
    request->is_shared = route->share == ANYBODYS;
    if (request->is_shared && cors_is_preflight(request)) {
        cors_answer_preflight(response);
        return;
    }
    if (route->role == ROLE_NONE || auth->ask == NULL ||
        auth->ask(auth->arg, request, response) == AUTH_DONE)
        route_go_on(response);
}

/* "localhost", "127.0.0.1", "[::1]", with a port or not. */
static bool is_own_name(const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);

        if (strncasecmp(host, names[i], len) == 0 &&
            (host[len] == '\0' || host[len] == ':'))
            return true;
    }
    return false;
}

enum auth_answer route_ask_local(void *arg, struct request *request,
                                 struct response *response)
{
    const struct options *options = arg;
    const char *host = request_header(request, "Host");

    (void)response;
    if (options->disable_login == 1 ||
        (request->is_local && host != NULL && is_own_name(host)))
        request->role = ROLE_ADMINISTRATOR;
    if (request->role != ROLE_NONE)
        memcpy(request->user, "nologin", sizeof("nologin"));
    return AUTH_DONE;
}
