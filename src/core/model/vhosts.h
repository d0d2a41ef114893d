/* vhosts: names that web servers answer to. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_VHOSTS_H
#define KELVIN_MODEL_VHOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/counters.h"
#include "core/packet/addr.h"
#include "core/util/hash.h"
#include "core/util/list.h"
#include "core/util/table.h"

/*
 * Virtual hosts of local HTTP servers, from the Host headers of requests.
 * Anybody can ask for any name: there are few, few of one server, and the
 * idlest goes for a new one.
 */
#define VHOSTS_MAX 1024
#define VHOSTS_PER_SERVER 64
#define VHOST_NAME_SIZE 100 /* with the NUL; longer ones are cut */
#define VHOST_PERIOD_S 5

struct vhost {
    struct addr server;
    uint16_t vlan;
    uint32_t hash;
    struct list_link idle;        /* the idlest first */
    struct traffic traffic[WAYS]; /* sent and received by the server */
    uint64_t requests;
    uint32_t period; /* its number: of the last request */
    /* Requests in that period, in the one before, and before that. */
    uint32_t recent[3];
    uint32_t last_s;
    char name[VHOST_NAME_SIZE]; /* lower case, clean UTF-8, without a port */
};

struct vhosts {
    struct pool pool; /* of struct vhost */
    struct table table;
    struct list idle;
    struct hash_key key;
    uint64_t evicted; /* thrown out for room */
};

void vhosts_init(struct vhosts *vhosts, const struct hash_key *key);
void vhosts_clear(struct vhosts *vhosts);

/* A request for this Host header came; "" and names that are only a port are
 * none. */
void vhosts_request(struct vhosts *vhosts, const struct addr *server,
                    uint16_t vlan, const char *header, size_t len,
                    uint32_t now_s);

/* Add traffic of a flow by its direction (WAY_SENT is the client's); nobody's
 * if no such request is remembered. */
void vhosts_add(struct vhosts *vhosts, const struct addr *server, uint16_t vlan,
                const char *header, size_t len,
                const struct traffic traffic[WAYS], uint32_t now_s);

/* The Host header's value in a request, or NULL. It is in the packet. */
const char *vhost_header(const uint8_t *request, size_t len,
                         size_t *header_len);

static inline const struct vhost *vhosts_at(const struct vhosts *vhosts,
                                            uint32_t index)
{
    return pool_at(&vhosts->pool, index);
}

/* Requests in the last period that is over, and how that compares to the one
 * before. */
uint32_t vhost_recent(const struct vhost *vhost, uint32_t now_s);
enum trend vhost_trend(const struct vhost *vhost, uint32_t now_s);

/* Visit all, in no order: the next one, or NULL after the last. `*cursor`
 * starts at 0. */
const struct vhost *vhosts_next(const struct vhosts *vhosts, uint32_t *cursor);

/* How many there are of one server. */
uint32_t vhosts_of_server(const struct vhosts *vhosts,
                          const struct addr *server, uint16_t vlan);

#endif
