/* server: kelvin over HTTP and HTTPS. SPDX-License-Identifier: MIT */
#include "http/server.h"

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/model/network.h"
#include "core/run/loop_internal.h"
#include "core/run/share.h"
#include "core/util/log.h"
#include "core/util/mem.h"
#include "http/access_log.h"
#include "http/asset.h"
#include "http/conn.h"
#include "http/listen.h"
#include "http/route.h"
#include "http/session.h"
#include "http/stream.h"
#include "http/tls.h"

#define SECOND_US 1000000
#define RENEWAL_US (12 * (int64_t)3600 * SECOND_US)

/* evhttp's own limits are only a second fence: conn.c checks before. */
#define FENCE_BYTES 65536

/* How TLS and plain connections differ. */
struct door {
    struct server *server;
    struct evhttp *http;
    bool is_tls;
};

struct server {
    const struct options *options;
    struct tls *tls;          /* NULL: no HTTPS */
    struct networks *trusted; /* NULL: no proxies */
    struct door doors[2];     /* HTTP, HTTPS */
    struct conns *conns;
    struct loop *loop;
    struct loop_source *retry;   /* after descriptors ran out */
    struct loop_source *renewal; /* of the certificate */
    struct evconnlistener *listeners[LISTEN_MAX];
    int fds[LISTEN_MAX]; /* -1: a listener has it */
    int plain;           /* so many of them are HTTP, the others HTTPS */
    int count;
    char *prefix;
    struct server_counters counters;
    struct site site;
};

static bool open_sockets(struct server *server, struct strbuf *error)
{
    char preset[] = "3000";
    char *fallback[] = {preset};
    struct options_list plain = server->options->http_port;

    /* A script that is run beside another kelvin must not want its port. */
    if (plain.count == 0 && server->options->run == NULL)
        plain = (struct options_list){fallback, 1};
    if (!listen_open(&plain, "-w", server->fds, &server->count, error))
        return false;
    server->plain = server->count;
    return listen_open(&server->options->https_port, "-W", server->fds,
                       &server->count, error);
}

static bool open_trusted(struct server *server, struct strbuf *error)
{
    const char *list = server->options->trusted_proxies;
    char why[256];

    if (list == NULL)
        return true;
    server->trusted = network_new();
    if (network_parse(server->trusted, list, why, sizeof(why)))
        return true;
    strbuf_printf(error, "option --trusted-proxies: %s", why);
    return false;
}

/* "/kelvin" without a slash at the end; "/" alone is none. */
static bool open_prefix(struct server *server, struct strbuf *error)
{
    const char *given = server->options->http_prefix;
    char decoded[PATH_TEXT_MAX];
    size_t len = given != NULL ? strlen(given) : 0;

    while (len > 0 && given[len - 1] == '/')
        len--;
    if (len > 0 && !path_decode(given, len, decoded)) {
        strbuf_puts(error, "option -Z: must be a path that begins with '/'");
        return false;
    }
    server->prefix = mem_strdup(len > 0 ? decoded : "");
    return true;
}

static bool check_ports(const struct options_list *items, const char *option,
                        struct strbuf *error)
{
    struct listen_place places[LISTEN_MAX];

    for (size_t i = 0; i < items->count; i++) {
        struct strbuf why;
        bool is_good;

        strbuf_init(&why, 512);
        is_good = listen_parse(items->items[i], places, &why) >= 0;
        if (!is_good)
            strbuf_printf(error, "option %s: %s", option, why.text);
        strbuf_free(&why);
        if (!is_good)
            return false;
    }
    return true;
}

bool server_check(const struct options *options, struct strbuf *error)
{
    struct server probe = {.options = options};
    bool is_good = check_ports(&options->http_port, "-w", error) &&
                   check_ports(&options->https_port, "-W", error) &&
                   open_trusted(&probe, error) && open_prefix(&probe, error);

    network_free(probe.trusted);
    free(probe.prefix);
    return is_good;
}

struct server *server_open(const struct options *options,
                           const struct privileges_user *user,
                           struct strbuf *error)
{
    struct server *server = mem_calloc(1, sizeof(*server));

    server->options = options;
    if (!open_sockets(server, error) || !open_trusted(server, error) ||
        !open_prefix(server, error))
        goto close_server;
    if (server->count > server->plain) {
        server->tls = tls_open(options->https_cert, options->https_key,
                               options->data_dir, user, error);
        if (server->tls == NULL)
            goto close_server;
    }
    return server;
close_server:
    server_close(server);
    return NULL;
}

static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
    const struct door *door = arg;
    struct server *server = door->server;

    (void)base;
    return conns_accept(server->conns,
                        door->is_tls ? tls_context(server->tls) : NULL);
}

static void on_request(struct evhttp_request *event, void *arg)
{
    struct server *server = arg;

    loop_call_begin(server->loop);
    conns_request(server->conns, event, route_run);
    loop_call_end(server->loop, LOOP_PAGE);
}

static void on_retry(void *arg)
{
    struct server *server = arg;

    loop_source_free(server->retry);
    server->retry = NULL;
    for (int i = 0; i < server->count; i++)
        evconnlistener_enable(server->listeners[i]);
}

/* No descriptor is left: without a pause this would come again at once. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct server *server = arg;

    (void)listener;
    server->counters.accept_failures++;
    if (server->retry != NULL)
        return;
    log_warn("http", "cannot accept connections, trying again in a second");
    for (int i = 0; i < server->count; i++)
        evconnlistener_disable(server->listeners[i]);
    server->retry =
        loop_after(server->loop, SECOND_US, LOOP_PAGE, on_retry, server);
}

static void on_renewal(void *arg)
{
    const struct server *server = arg;

    tls_renew(server->tls);
}

static struct evhttp *new_http(struct door *door)
{
    const struct conn_limits *limits = conn_default_limits();
    struct evhttp *http = evhttp_new(loop_base(door->server->loop));

    if (http == NULL) {
        log_errorx("http", "evhttp cannot begin");
        abort();
    }
    evhttp_set_bevcb(http, on_accept, door);
    evhttp_set_gencb(http, on_request, door->server);
    /* Which of them a path has is for its route to say. */
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
                                         EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
                                         EVHTTP_REQ_DELETE | EVHTTP_REQ_PATCH |
                                         EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE);
    evhttp_set_max_headers_size(http, (ev_ssize_t)(limits->head.head_bytes +
                                                   limits->head.body_bytes +
                                                   FENCE_BYTES));
    evhttp_set_max_body_size(http, (ev_ssize_t)limits->head.body_bytes);
    return http;
}

static void start_listener(struct server *server, int i)
{
    struct door *door = &server->doors[i >= server->plain];
    struct evconnlistener *listener;
    char name[64];

    log_notice("http", "listening at http%s://%s/", door->is_tls ? "s" : "",
               listen_name(server->fds[i], name));
    listener = evconnlistener_new(loop_base(server->loop), NULL, NULL,
                                  LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                  0, server->fds[i]);
    if (listener == NULL ||
        evhttp_bind_listener(door->http, listener) == NULL) {
        log_errorx("http", "cannot listen at %s", name);
        abort();
    }
    server->fds[i] = -1;
    server->listeners[i] = listener;
    evconnlistener_set_error_cb(listener, on_accept_error);
}

/* --httpdocs-dir, relative to where `html` is unless absolute. */
static void find_html(const struct options *options, char path[PATH_MAX])
{
    const char *name =
        options->httpdocs_dir != NULL ? options->httpdocs_dir : "html";
    char base[PATH_MAX / 2];

    share_find_scripts(options->install_dir, base, sizeof(base));
    if (name[0] == '/')
        snprintf(path, PATH_MAX, "%s", name);
    else
        snprintf(path, PATH_MAX, "%s/%.*s", base, PATH_MAX / 2 - 2, name);
}

void server_start(struct server *server, const struct server_parts *parts)
{
    const struct options *options = server->options;
    struct loop *loop = parts->loop;
    struct site *site = &server->site;
    char html[PATH_MAX];

    if (server->count == 0)
        return;
    server->loop = loop;
    find_html(options, html);
    *site = (struct site){
        .loop = loop,
        .engine = parts->engine,
        .exporter = parts->exporter,
        .store = parts->store,
        .prefs = parts->prefs,
        .series = parts->series,
        .scripts = parts->scripts,
        .options = options,
        .prefix = server->prefix,
        .networks = parts->networks,
        .counters = &server->counters,
        .assets = assets_new(loop, html),
        .streams =
            streams_new(loop, parts->engine, parts->alerts, &server->counters),
        .access_log = access_log_new(loop, parts->prefs, options->access_log,
                                     options->data_dir, &server->counters),
        .started_us = loop_now_us(loop),
    };
    site->sessions = sessions_new(site, parts->users);
    site->auth = sessions_auth(site->sessions);
    server->conns = conns_new(conn_default_limits(), &server->counters, loop,
                              server->trusted, site);
    for (int i = 0; i < 2; i++) {
        server->doors[i] = (struct door){.server = server, .is_tls = i == 1};
        server->doors[i].http = new_http(&server->doors[i]);
    }
    for (int i = 0; i < server->count; i++)
        start_listener(server, i);
    if (server->tls != NULL)
        server->renewal =
            loop_every(loop, RENEWAL_US, LOOP_PAGE, on_renewal, server);
}

void server_reload(struct server *server)
{
    if (server == NULL)
        return;
    if (server->tls != NULL)
        tls_reload(server->tls);
    access_log_reopen(server->site.access_log);
}

void server_close(struct server *server)
{
    if (server == NULL)
        return;
    loop_source_free(server->retry);
    loop_source_free(server->renewal);
    for (int i = 0; i < 2; i++)
        if (server->doors[i].http != NULL)
            evhttp_free(server->doors[i].http);
    for (int i = 0; i < server->count; i++)
        if (server->listeners[i] == NULL && server->fds[i] >= 0)
            close(server->fds[i]);
    conns_free(server->conns);
    sessions_free(server->site.sessions);
    streams_free(server->site.streams);
    assets_free(server->site.assets);
    access_log_free(server->site.access_log);
    tls_close(server->tls);
    network_free(server->trusted);
    free(server->prefix);
    free(server);
}
