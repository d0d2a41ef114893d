/* snmp: questions to agents, without waiting. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SNMP_H
#define KELVIN_RUN_SNMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/loop.h"
#include "core/util/strbuf.h"

/*
 * A client of SNMP over UDP, IPv4 and IPv6 (RFC 1157, 3416). It asks in version
 * 2c, and when half of the time has passed in version 1 as well, for agents
 * that know no other.
 *
 *   snmp = snmp_new(loop, 64);
 *   call = snmp_ask(snmp, &request, done, arg, error);
 *   snmp_free(snmp);                       before the loop is freed
 */
struct snmp;
struct snmp_call;

/* A client with at most so many calls under way. */
struct snmp *snmp_new(struct loop *loop, unsigned max_calls);
void snmp_free(struct snmp *snmp); /* no `done` is called; NULL is fine */

#define SNMP_PORT 161
#define SNMP_OIDS_MAX 32
#define SNMP_OID_TEXT 512 /* of one with 128 numbers, cut */
#define SNMP_TIMEOUT_US (5 * INT64_C(1000000))

/* All of it is copied. */
struct snmp_request {
    const char *host; /* name, address, host:port, or [address]:port */
    const char *community;
    const char *const *oids; /* "1.3.6.1.2.1.1.1.0", or with a dot before */
    size_t oid_count;        /* at most SNMP_OIDS_MAX */
    bool is_next;            /* what follows each OID, not the OID itself */
    int64_t timeout_us;      /* all together; 0: SNMP_TIMEOUT_US */
};

/* What an agent has under an OID, as text: numbers in decimal, addresses and
 * OIDs with dots; a string as it is when it is a text in UTF-8, else in hex
 * with colons, as addresses of network cards are. */
struct snmp_value {
    char oid[SNMP_OID_TEXT];
    char *text;
};

/* `error`: one line why there are none, or NULL. What the agent does not have
 * is left out. Valid during the call. */
typedef void snmp_done(void *arg, const char *error,
                       const struct snmp_value *values, size_t count);

/*
 * Ask. `done` is called once, from the loop, never from here, unless
 * snmp_cancel() or snmp_free() comes first.
 * @return NULL with one line in `error`: the request is wrong, or too many are
 * under way. `done` is not called then.
 */
struct snmp_call *snmp_ask(struct snmp *snmp,
                           const struct snmp_request *request, snmp_done *done,
                           void *arg, struct strbuf *error);

/* Drop it. NULL is fine; not from `done` itself. */
void snmp_cancel(struct snmp_call *call);

#endif
