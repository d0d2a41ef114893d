/* site: what handlers of requests can reach. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_SITE_H
#define KELVIN_HTTP_SITE_H

#include <stdint.h>

#include "core/model/engine.h"
#include "core/run/loop.h"
#include "core/run/options.h"
#include "core/run/prefs.h"
#include "core/run/series.h"
#include "core/run/store.h"
#include "export/exporter.h"
#include "http/counters.h"
#include "http/request.h"
#include "http/response.h"

struct access_log;
struct assets;
struct sessions;
struct streams;
struct scripts;

enum auth_answer { AUTH_DONE, AUTH_LATER };

/*
 * Who asks? Called once for each request to a route that is not public, before
 * its handler and nowhere else. It sets role and user of the request; or it
 * says AUTH_LATER and calls route_go_on() when it knows (the client may leave
 * meanwhile: response_on_abort()).
 */
struct http_auth {
    /* NULL: nobody is anybody, only public routes answer. */
    enum auth_answer (*ask)(void *arg, struct request *request,
                            struct response *response);
    /* The role is not enough: answer. NULL: 401 or 403. */
    void (*deny)(void *arg, struct response *response);
    void *arg;
};

/* Nothing of it is owned; all of it outlives the server. */
struct site {
    struct loop *loop;
    struct engine *engine;
    struct exporter *exporter;
    struct store *store; /* NULL: -r none */
    const struct series *series;
    const struct prefs *prefs;
    struct scripts *scripts;
    const struct options *options;
    const char *prefix; /* of -Z, "/x" or "" */
    struct http_auth auth;
    const struct networks *networks; /* the local ones */
    struct sessions *sessions;
    struct server_counters *counters;
    struct assets *assets;
    struct streams *streams;
    struct access_log *access_log; /* NULL: there is none */
    int64_t started_us;            /* loop_now_us() */
};

#endif
