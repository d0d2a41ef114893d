/* route: which handler answers which path. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_ROUTE_H
#define KELVIN_HTTP_ROUTE_H

#include "http/response.h"
#include "http/site.h"

/*
 * Find the route of a request, check its method, find out who asks, and only
 * then call the handler. There is no other way to one. HEAD is let in where
 * GET is; OPTIONS is answered here.
 */
void route_run(struct response *response);

/* Authentication that took its time is done: role and user are set. */
void route_go_on(struct response *response);

/*
 * Who needs no login: with -l 1 everybody, else those that ask from this
 * machine itself by its own name or address (a name of somebody else's would
 * be DNS rebinding). They are administrators called "nologin", as ntopng has
 * it. `arg` is the struct options.
 */
enum auth_answer route_ask_local(void *arg, struct request *request,
                                 struct response *response);

#endif
