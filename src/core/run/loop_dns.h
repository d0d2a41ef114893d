/* loop_dns: names and addresses, without waiting. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_RUN_LOOP_DNS_H
#define KELVIN_RUN_LOOP_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "core/packet/addr.h"
#include "core/run/loop.h"

/*
 * Look-ups at the name servers of /etc/resolv.conf: reverse (PTR, RFC 1035 and
 * 3596) and forward (A and AAAA, after /etc/hosts). Any number may be under
 * way; the caller keeps bounds.
 *
 *   dns = loop_dns_new(loop);
 *   call = loop_dns_reverse(dns, &addr, done, arg);
 *
 *   dns = loop_dns_new_forward(loop);
 *   call = loop_dns_forward(dns, "host.example", found, arg);
 *
 *   loop_dns_free(dns);
 */
struct loop_dns;
struct loop_dns_call;

enum loop_dns_result {
    LOOP_DNS_FOUND,
    LOOP_DNS_NONE,  /* the servers say that there is no name */
    LOOP_DNS_FAILED /* nobody answered, or with an error */
};

/* `name` is any text a server may send, NULL unless found; valid during the
 * call. `ttl_s`: for how many seconds the answer holds, 0 when not told. */
typedef void loop_dns_done(void *arg, enum loop_dns_result result,
                           const char *name, uint32_t ttl_s);

/* @return NULL when no name server is known, which is logged. */
struct loop_dns *loop_dns_new(struct loop *loop);

/* Drop all that is under way and free; `done` is not called for it. NULL is
 * fine. Before the loop is freed. */
void loop_dns_free(struct loop_dns *dns);

/* Ask for the name of an address. `done` is called once, from the loop, never
 * from here. @return NULL when it cannot be asked: `done` is not called. */
struct loop_dns_call *loop_dns_reverse(struct loop_dns *dns,
                                       const struct addr *addr,
                                       loop_dns_done *done, void *arg);

/* For loop_dns_forward() alone. Name servers may be missing: those in
 * /etc/hosts, and addresses as text, are found all the same. */
struct loop_dns *loop_dns_new_forward(struct loop *loop);

#define LOOP_DNS_ADDRS 8

/* The addresses of a host, those of both families, at most LOOP_DNS_ADDRS;
 * 0: it has none, or nobody answered. Valid during the call. */
typedef void loop_dns_found(void *arg, const struct addr *addrs, size_t count);

/* Ask for the addresses of a host, or make an address of a text that is one.
 * `found` is called once, from the loop, never from here. */
struct loop_dns_call *loop_dns_forward(struct loop_dns *dns, const char *host,
                                       loop_dns_found *found, void *arg);

/* Nobody waits any more: `done` or `found` will not be called. */
void loop_dns_cancel(struct loop_dns_call *call);

#endif
