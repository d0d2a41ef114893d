/* conn: connections, kept within bounds. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_CONN_H
#define KELVIN_HTTP_CONN_H

#include <openssl/ssl.h>

#include "core/model/network.h"
#include "core/run/loop.h"
#include "http/counters.h"
#include "http/head.h"
#include "http/site.h"

struct evhttp;
struct evhttp_request;
struct bufferevent;

/*
 * evhttp accepts, frames bodies and writes answers; what it lacks is here. Each
 * connection is adopted as soon as it is accepted: it is counted, and its
 * input is held back from evhttp (evbuffer_freeze()) until head.c has found a
 * whole and unambiguous head, so evhttp never sees another. Each step of a
 * request has a deadline, whatever drips in. What is refused gets an answer
 * of ours.
 */
struct conns;

struct conn_limits {
    struct head_limits head;
    unsigned connections; /* in all; else the idlest one goes, or 503 */
    unsigned per_address; /* or per /64 of IPv6, not of proxies; else 429 */
    uint64_t bodies;      /* bytes announced and not yet handled, in all */
    int head_s;           /* from its first byte, and for the first one from
                             the beginning of the connection */
    int body_s;
    int idle_s;  /* between requests */
    int stall_s; /* in which a client must read stall_bytes of what is
                    there for it, or all */
    size_t stall_bytes;
    int linger_s; /* for the client to read a refusal */
};

/* What kelvin uses. */
const struct conn_limits *conn_default_limits(void);

/* `trusted`: proxies, or NULL. All are borrowed. `site` may be incomplete
 * until conns_start(). */
struct conns *conns_new(const struct conn_limits *limits,
                        struct server_counters *counters, struct loop *loop,
                        const struct networks *trusted, struct site *site);

/* After evhttp_free(), which ends the connections; NULL is fine. */
void conns_free(struct conns *conns);

/* For evhttp_set_bevcb(): what a connection that is being accepted reads and
 * writes by. `tls` NULL: no TLS. */
struct bufferevent *conns_accept(struct conns *conns, SSL_CTX *tls);

/* For evhttp_set_gencb(): a request is whole. */
void conns_request(struct conns *conns, struct evhttp_request *event,
                   void (*run)(struct response *response));

#endif
